/* SPDX-License-Identifier: MIT */
/* Sizes and layouts that programs share with the kernel or with BPF programs. */
#define _GNU_SOURCE
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>

#define TYPE(type) \
	printf("%s: %zu bytes, aligned to %zu\n", #type, sizeof(type), _Alignof(type))
#define INTEGER(type) \
	printf("%s: %zu bytes, aligned to %zu, %s\n", #type, sizeof(type), \
	       _Alignof(type), (type)-1 < (type)1 ? "signed" : "unsigned")
#define FIELD(type, field) \
	printf("%s.%s: at %zu, %zu bytes\n", #type, #field, offsetof(type, field), \
	       sizeof(((type *)0)->field))

int main(void)
{
	INTEGER(char);
	INTEGER(short);
	INTEGER(int);
	INTEGER(long);
	INTEGER(long long);
	INTEGER(size_t);
	INTEGER(ssize_t);
	INTEGER(ptrdiff_t);
	INTEGER(intptr_t);
	INTEGER(uintptr_t);
	INTEGER(int64_t);
	INTEGER(uint64_t);
	INTEGER(int_fast16_t);
	INTEGER(uint_fast32_t);
	INTEGER(intmax_t);
	INTEGER(wchar_t);
	INTEGER(time_t);
	INTEGER(suseconds_t);
	INTEGER(clock_t);
	INTEGER(clockid_t);
	INTEGER(off_t);
	INTEGER(pid_t);
	INTEGER(uid_t);
	INTEGER(mode_t);
	INTEGER(dev_t);
	INTEGER(ino_t);
	INTEGER(nlink_t);
	INTEGER(blksize_t);
	INTEGER(blkcnt_t);
	INTEGER(socklen_t);
	INTEGER(sa_family_t);
	INTEGER(rlim_t);
	INTEGER(nfds_t);
	INTEGER(sig_atomic_t);
	TYPE(void *);
	TYPE(void (*)(void));
	TYPE(float);
	TYPE(double);
	TYPE(long double);
	TYPE(max_align_t);
	TYPE(_Bool);
	TYPE(fd_set);
	TYPE(sigset_t);
	TYPE(siginfo_t);
	TYPE(struct timespec);
	FIELD(struct timespec, tv_sec);
	FIELD(struct timespec, tv_nsec);
	TYPE(struct timeval);
	FIELD(struct timeval, tv_usec);
	TYPE(struct itimerval);
	TYPE(struct tm);
	FIELD(struct tm, tm_gmtoff);
	FIELD(struct tm, tm_zone);
	TYPE(struct stat);
	FIELD(struct stat, st_dev);
	FIELD(struct stat, st_ino);
	FIELD(struct stat, st_nlink);
	FIELD(struct stat, st_mode);
	FIELD(struct stat, st_uid);
	FIELD(struct stat, st_rdev);
	FIELD(struct stat, st_size);
	FIELD(struct stat, st_blocks);
	FIELD(struct stat, st_mtim);
	TYPE(struct dirent);
	FIELD(struct dirent, d_ino);
	FIELD(struct dirent, d_type);
	FIELD(struct dirent, d_name);
	TYPE(struct iovec);
	FIELD(struct iovec, iov_len);
	TYPE(struct msghdr);
	FIELD(struct msghdr, msg_iov);
	FIELD(struct msghdr, msg_control);
	FIELD(struct msghdr, msg_flags);
	TYPE(struct sockaddr);
	TYPE(struct sockaddr_in);
	FIELD(struct sockaddr_in, sin_port);
	FIELD(struct sockaddr_in, sin_addr);
	TYPE(struct sockaddr_in6);
	FIELD(struct sockaddr_in6, sin6_addr);
	TYPE(struct sockaddr_un);
	TYPE(struct sockaddr_storage);
	TYPE(struct in6_addr);
	TYPE(struct rlimit);
	TYPE(struct pollfd);
	TYPE(struct utsname);
	FIELD(struct utsname, release);
	return 0;
}
