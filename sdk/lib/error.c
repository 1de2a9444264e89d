#include <bpf/libbpf.h>
#include <stdbool.h>
#include "internal.h"

/* Errors of libbpf's own, from __LIBBPF_ERRNO__START. */
static const char *const texts[] = {
	"Something wrong in libelf",
	"BPF object format invalid",
	"'version' section incorrect or lost",
	"Endian mismatch",
	"Internal error in libbpf",
	"Relocation failed",
	"(null)",
	"Kernel verifier blocks program loading",
	"Program too big",
	"Incorrect kernel version",
	"Kernel doesn't support this program type",
	"Wrong pid in netlink message",
	"Invalid netlink sequence",
	"Incorrect netlink message parsing",
};

/* Whether C libraries of Linux have a text for it. */
static bool has_text(int number)
{
	return number <= EHWPOISON && number != 41 && number != 58;
}

int libbpf_strerror(int err, char *buf, size_t size)
{
	int number = err < 0 ? -err : err, length, failure = 0;

	if (!buf || !size)
		return wb_fail(EINVAL);
	if (number < __LIBBPF_ERRNO__START) {
		failure = strerror_r(number, buf, size);
		buf[size - 1] = 0;
		return has_text(number) ? failure : EINVAL; /* NB: positive, as libbpf has it */
	}
	if (number < __LIBBPF_ERRNO__END) {
		length = snprintf(buf, size, "%s", texts[number - __LIBBPF_ERRNO__START]);
	} else {
		length = snprintf(buf, size, "Unknown libbpf error %d", number);
		failure = ENOENT;
	}
	if ((size_t)length >= size)
		failure = ERANGE;
	return failure ? wb_fail(failure) : 0;
}

long libbpf_get_error(const void *ptr)
{
	/* NB: programs that were written before libbpf 1.0 may ask about an error in a pointer. */
	if ((unsigned long)ptr >= (unsigned long)-4095L) {
		errno = -(int)(long)ptr;
		return (long)ptr;
	}
	return ptr ? 0 : -errno;
}
