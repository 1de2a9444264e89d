/*
 * Runs a program as root of a user namespace of its own, where a BPF file system at DIRECTORY delegates everything,
 * or with "-" no file system: `delegated DIRECTORY PROGRAM [ARGUMENT]...`
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Status when this kernel, or this machine, has not got what is needed. */
#define CANNOT 77

static void fail(const char *what)
{
	fprintf(stderr, "delegated: %s: %s\n", what, strerror(errno));
	exit(CANNOT);
}

static void send_fd(int socket, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, 0) != 1)
		fail("sendmsg");
}

static int receive_fd(int socket)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		exit(CANNOT);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

/* In the new namespaces: the file system belongs to them, and is mounted here when it is made. */
static void inside(int socket, char **args)
{
	int context, made;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		fail("unshare");
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");
	if (strcmp(args[1], "-")) {
		context = syscall(SYS_fsopen, "bpf", 0);
		if (context < 0)
			fail("fsopen");
		send_fd(socket, context);
		made = receive_fd(socket);
		if (syscall(SYS_move_mount, made, "", AT_FDCWD, args[1], MOVE_MOUNT_F_EMPTY_PATH))
			fail("move_mount");
		close(made);
		close(context);
	}
	close(socket);
	execvp(args[2], args + 2);
	fail(args[2]);
}

/* Only who is root outside can say what is delegated. */
static void make_file_system(int socket)
{
	static const char *const options[] = { "delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs" };
	int context = receive_fd(socket), made;

	for (unsigned int i = 0; i < 4; i++)
		if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, options[i], "any", 0))
			fail(options[i]);
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fail("fsconfig");
	made = syscall(SYS_fsmount, context, 0, 0);
	if (made < 0)
		fail("fsmount");
	send_fd(socket, made);
	close(made);
	close(context);
}

int main(int argc, char **argv)
{
	int sockets[2], status;
	pid_t child;

	if (argc < 3 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return 2;
	child = fork();
	if (!child) {
		close(sockets[0]);
		inside(sockets[1], argv);
	}
	close(sockets[1]);
	if (strcmp(argv[1], "-"))
		make_file_system(sockets[0]);
	if (waitpid(child, &status, 0) < 0)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
