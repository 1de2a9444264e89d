#include <stdio.h>
#include "internal.h"

/* Names in the order of their numbers, empty where libbpf prints the number. */
static const char names[] =
	"\0EPERM\0ENOENT\0ESRCH\0EINTR\0EIO\0ENXIO\0E2BIG\0ENOEXEC\0EBADF\0ECHILD\0EAGAIN\0ENOMEM\0EACCES\0EFAULT\0"
	"ENOTBLK\0EBUSY\0EEXIST\0EXDEV\0ENODEV\0ENOTDIR\0EISDIR\0EINVAL\0ENFILE\0EMFILE\0ENOTTY\0ETXTBSY\0EFBIG\0ENOSPC\0"
	"ESPIPE\0EROFS\0EMLINK\0EPIPE\0EDOM\0ERANGE\0EDEADLK\0ENAMETOOLONG";
static const struct {
	short number;
	char name[18];
} others[] = {
	{ ELOOP, "ELOOP" },
	{ ENODATA, "ENODATA" },
	{ ENOLINK, "ENOLINK" },
	{ EPROTO, "EPROTO" },
	{ EOVERFLOW, "EOVERFLOW" },
	{ EBADFD, "EBADFD" },
	{ EILSEQ, "EILSEQ" },
	{ EMSGSIZE, "EMSGSIZE" },
	{ EPROTONOSUPPORT, "EPROTONOSUPPORT" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
	{ EADDRINUSE, "EADDRINUSE" },
	{ EADDRNOTAVAIL, "EADDRNOTAVAIL" },
	{ EALREADY, "EALREADY" },
	{ EINPROGRESS, "EINPROGRESS" },
	{ EUCLEAN, "EUCLEAN" },
	{ ECANCELED, "ECANCELED" },
	{ 524, "ENOTSUPP" },
};

const char *wb_error_name(int error)
{
	static char text[20];
	int number = error < 0 ? -error : error;
	const char *name = NULL;

	if (number > 0 && number <= ENAMETOOLONG) {
		name = names;
		for (int i = 0; i < number; i++)
			while (*name++)
				;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].number == number)
			name = others[i].name;
	if (name && *name)
		snprintf(text, sizeof(text), "-%s", name);
	else
		snprintf(text, sizeof(text), "%d", -number);
	return text;
}
