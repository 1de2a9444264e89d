#!/bin/sh
# Turns a source tree of wasi-libc into the one that guests are compiled against: LP64, with Linux's types, numbers
# and structure layouts. Called by scripts/build-sysroot.sh.
#   sh sdk/sysroot/adapt.sh SOURCE-TREE
# The result wants one more file, libc-bottom-half/sources/texts.h: what texts.c prints on the building machine.
#
# Three kinds of changes, none of which needs the original's text:
#   edits    single places, by sed; one that changes nothing is an error, so that a new version of the source is noticed
#   switches of the original: its C library (musl) keeps its Linux half behind a macro, which is turned on in headers
#   overlay/ files of our own that take the place of, or join, those of the original
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"

die() { printf '%s\n' "sysroot: $*" >&2; exit 1; }

# edit FILE SED-PROGRAM
edit() {
  [ -f "$1" ] || die "the source has no $1"
  cp "$1" "$1.before"
  sed -i "$2" "$1"
  if cmp -s "$1" "$1.before"; then die "an edit of $1 finds nothing to change: $2"; fi
  rm "$1.before"
}

# linux FILE...: turns on the half that the original keeps for Linux
linux() {
  for file in "$@"; do
    edit "$file" 's/^#ifdef __wasilibc_unmodified_upstream.*/#if 1/
      s/^#ifndef __wasilibc_unmodified_upstream.*/#if 0/
      s/^\(#\(el\)\{0,1\}if.*\)!defined(__wasilibc_unmodified_upstream)/\10/
      s/^\(#\(el\)\{0,1\}if.*\)defined(__wasilibc_unmodified_upstream)/\11/'
  done
}

musl=libc-top-half/musl
bottom=libc-bottom-half
cloud=$bottom/cloudlibc/src

# --- Target and list of sources ---------------------------------------------------------------------------------
edit Makefile 's/^TARGET_TRIPLE = .*/TARGET_TRIPLE = wasm64-wasi/
  s/^MULTIARCH_TRIPLE = .*/MULTIARCH_TRIPLE = wasm64-wasi/
  s,arch/wasm32,arch/wasm64,g
  s/-Wall -Wextra -Werror/-Werror=implicit-function-declaration -Wno-pointer-to-int-cast/
  s/^finish: check-symbols$//
  /^# Use the WASI errno definitions/,/errno.h"$/d
  /^# Remove headers that aren.t supported/,/sysmacros.h"$/d
  /^# Remove headers not supported in single/,/pthread.h"$/d
  /misc\/uname.c/d
  /misc\/getopt\(_long\)\{0,1\}.c/d
  /errno\/strerror.c/d
  s,^        exit/quick_exit.c ,        signal/sigaddset.c signal/sigandset.c signal/sigdelset.c signal/sigemptyset.c \\\
        signal/sigfillset.c signal/sigisemptyset.c signal/sigismember.c signal/sigorset.c \\\
&,
  s,-I$(LIBC_BOTTOM_HALF_CLOUDLIBC_SRC_INC),-D_GNU_SOURCE -DENOTCAPABLE=EACCES,
  s/find $(LIBC_BOTTOM_HALF_SOURCES) -name/find $(LIBC_BOTTOM_HALF_SOURCES) $(addprefix $(LIBC_BOTTOM_HALF_DIR)\/,mman clocks signal) -name/
  s/^    $(SYSROOT_LIB)\/libc-printscan-no-floating-point.a.*/    $(SYSROOT_LIB)\/libc-printscan-no-floating-point.a/
  /^    $(SYSROOT_LIB)\/libwasi-emulated-/d
  s/for name in m rt /for name in wasi-emulated-mman wasi-emulated-process-clocks wasi-emulated-getpid wasi-emulated-signal m rt /'
# What the original's users had to ask for is part of the library; the archives stay, empty.

# --- An architecture whose public half is x86-64's and whose private half is WebAssembly's ------------------------
mkdir $musl/arch/wasm64
cp -r $musl/arch/wasm32/*.h $musl/arch/wasm64/
cp -r $musl/arch/x86_64/bits $musl/arch/wasm64/bits
cp $musl/arch/wasm32/bits/float.h $musl/arch/wasm64/bits/float.h
# No floating-point exceptions and no port instructions.
rm $musl/arch/wasm64/bits/fenv.h $musl/arch/wasm64/bits/io.h
edit $musl/arch/wasm64/bits/stdint.h '/fast\(16\|32\)\|FAST\(16\|32\)/{
  s/\bint32_t\b/int64_t/; s/\buint32_t\b/uint64_t/; s/INT32_/INT64_/
}'
cat >>$musl/arch/wasm64/atomic_arch.h <<'C'
#define a_cas_p a_cas_p
static inline void *a_cas_p(volatile void *p, void *t, void *s)
{
	void *seen = *(void *volatile *)p;
	if (seen == t) *(void *volatile *)p = s;
	return seen;
}
C
sed -n -e 's/__NR_/SYS_/p' $musl/arch/x86_64/bits/syscall.h.in |
  cat $musl/arch/x86_64/bits/syscall.h.in - >$musl/arch/wasm64/bits/syscall.h

# --- Headers: Linux's, but for WebAssembly's own floating point ---------------------------------------------------
find $musl/include -name '*.h*' -exec grep -l __wasilibc_unmodified_upstream {} + |
  grep -v '/\(math\|complex\|float\)\.h$' >headers.list
# shellcheck disable=SC2046
linux $(cat headers.list)
rm headers.list
for header in signal sys/mman sys/resource sys/times; do
  edit $musl/include/$header.h 's/^#ifndef _WASI_EMULATED_.*/#if 0/'
done
# The lower half is compiled against the headers that everybody sees.
mkdir kept
mv $bottom/headers/private/common kept/
rm -r $bottom/headers/private
mkdir $bottom/headers/private
mv kept/common $bottom/headers/private/
rmdir kept

# NB: functions are numbered from 1, which must not mean "ignore".
edit $musl/include/signal.h 's/^#define SIG_IGN .*/#define SIG_IGN ((void (*)(int)) -2)/
  s/^#define SIG_HOLD .*/#define SIG_HOLD ((void (*)(int)) -3)/'
edit $musl/include/fcntl.h 's/^#define O_ACCMODE .*/#define O_ACCMODE 03/'
edit $musl/arch/generic/bits/fcntl.h 's/^\(#define O_LARGEFILE\).*/\1 0/'

# A program calls setjmp() in fork(), which has to be in its own function.
edit $musl/include/unistd.h 's/^pid_t fork(void);/#ifdef __wasm_exception_handling__\n#include <bits\/fork.h>\n#else\n&\n#endif/
  s/^pid_t _Fork(void);/#ifndef _BITS_FORK_H\n&\n#endif/
  s/^pid_t vfork(void);/#ifndef _BITS_FORK_H\n&\n#endif/'

# errno is reached through a function, also inside of the library.
linux $musl/src/include/errno.h
edit $musl/src/include/errno.h 's/___errno_location/__errno_location/; s/^hidden int /int /'

# The original's own headers give way, but for these: WebAssembly's page size is what memory grows by.
mkdir kept
for header in __macro_PAGESIZE.h __function___isatty.h wasi; do mv $bottom/headers/public/$header kept/; done
rm -r $bottom/headers/public/*
mv kept/* $bottom/headers/public/
rmdir kept
edit $bottom/headers/public/wasi/libc-nocwd.h 's/^#include <__typedef_ssize_t.h>/#include <sys\/types.h>/
  s/^#include <__typedef_mode_t.h>//
  s/^#include <__typedef_DIR.h>/#include <dirent.h>/'
edit $bottom/sources/chdir.c 's/^    const char \*abspath = make_absolute(path);/    if (!*path) { errno = ENOENT; return -1; }\n&/'
edit $bottom/sources/sbrk.c 's/^#include <unistd.h>/#include <stdint.h>\n&/'
edit $bottom/sources/isatty.c 's/__errno.h/errno.h/'
edit $bottom/sources/__wasilibc_tell.c 's/^#include <wasi.api.h>/&\n#include <sys\/types.h>/'
edit $bottom/headers/public/wasi/libc.h 's/^#include <__typedef_off_t.h>/#include <sys\/types.h>/
  s/^#include <__struct_timespec.h>/#include <time.h>/'

# --- WASI in LP64, with Linux's error numbers -------------------------------------------------------------------
api=$bottom/headers/public/wasi/api.h
edit $api 's/^#ifndef __wasm32__/#ifndef __wasm64__/
  s/^#include <stdint.h>/&\n#include <errno.h>/
  s/^_Static_assert(_Alignof(void\*) == 4/_Static_assert(_Alignof(void*) == 8/
  s/^typedef __SIZE_TYPE__ __wasi_size_t/typedef uint32_t __wasi_size_t/
  s/__wasi_size_t \*/size_t */
  s/__wasi_size_t buf_len;/size_t buf_len;/
  s/^#define __WASI_ERRNO_SUCCESS .*/#define __WASI_ERRNO_SUCCESS 0/
  /__WASI_ERRNO_SUCCESS/!s/^#define __WASI_ERRNO_\([A-Z0-9]*\) .*/#define __WASI_ERRNO_\1 E\1/
  /^_Static_assert.*__wasi_c\{0,1\}iovec_t/d'
# What the host writes and reads through arrays and sizes is in overlay/: __wasilibc_real.c.

# --- Linux's values in the places that made WASI's of them ------------------------------------------------------
rm $cloud/libc/time/CLOCK_*.c $bottom/getpid/getpid.c $bottom/clocks/times.c $bottom/clocks/getrusage.c
# The guest library has these, over host imports of its own.
rm $bottom/signal/signal.c $cloud/libc/poll/poll.c $cloud/libc/sys/ioctl/ioctl.c $cloud/libc/unistd/close.c \
  $cloud/libc/sys/stat/fstat.c $cloud/libc/sys/stat/fstatat.c $cloud/libc/sys/socket/getsockopt.c \
  $cloud/libc/fcntl/fcntl.c $cloud/libc/fcntl/openat.c $cloud/libc/sys/stat/mkdirat.c
# What is wrong with a path is said where it is found: an empty one is ENOENT.
edit $bottom/sources/posix.c 's/errno = ENOTCAPABLE;/;/; /^int open(/,/^}/d; /^int __wasilibc_open_nomode(/,/^}/d; /^int mkdir(/,/^}/d'
edit $bottom/sources/at_fdcwd.c '/^int openat(/,/^}/d; /^int mkdirat(/,/^}/d'
rm $musl/src/misc/uname.c $musl/src/errno/strerror.c $musl/src/string/strsignal.c
for file in readdir scandirat; do
  edit $cloud/libc/dirent/$file.c '/^static_assert(DT_/d
    s/offsetof(struct dirent, d_name) + entry.d_namlen + 1/sizeof(struct dirent) + entry.d_namlen/
    s/dirent->d_type = entry.d_type;/dirent->d_type = __wasilibc_dirent_type(entry.d_type);\
    dirent->d_off = entry.d_next;\
    dirent->d_reclen = sizeof(struct dirent);/'
done
edit $cloud/libc/dirent/dirent_impl.h 's/^struct dirent;/unsigned char __wasilibc_dirent_type(__wasi_filetype_t type);\nint fdclosedir(DIR *);\nDIR *opendirat(int, const char *);\n/
  s/^#include <stddef.h>/&\n#include <dirent.h>/
  s/^struct _DIR {/struct __dirstream {/'
edit $cloud/libc/dirent/closedir.c 's/^#include <dirent.h>/&\n#include "dirent_impl.h"/'
edit $cloud/libc/sys/socket/recv.c '/^static_assert(MSG_/d
  s/ri_flags = flags;/ri_flags = (flags \& MSG_PEEK ? __WASI_RIFLAGS_RECV_PEEK : 0) | (flags \& MSG_WAITALL ? __WASI_RIFLAGS_RECV_WAITALL : 0);/'
edit $cloud/libc/sys/socket/shutdown.c '/^static_assert(SHUT_/d; s/sock_shutdown(socket, how)/sock_shutdown(socket, how + 1)/'
edit $cloud/libc/stdlib/_Exit.c 's/^__strong_reference(.*/extern __typeof(_Exit) _exit __attribute__((alias("_Exit")));/; /cdefs/d
  s/^noreturn void _Exit/__attribute__((weak)) void __wasm_bpf_child_exit(int);\n\n&/
  s/^  __wasi_proc_exit/  if (__wasm_bpf_child_exit) __wasm_bpf_child_exit(status);\n&/'

# --- The rest of Linux's C library -------------------------------------------------------------------------------
# A name of a zone wins over a rule, as in glibc: the first of two names of a rule may be one.
linux $musl/src/time/__tz.c $musl/src/time/time_impl.h
edit $musl/src/time/__tz.c 's,if (!s) s = "/etc/localtime";,if (!s) s = __wasm_bpf_host_time_zone();,
  s/^#define malloc .*/&\n#define index zone_index/
  s/libc\.secure/0/
  s/if (\*s == .:. || ((p=strchr.*/if (1) {/
  s/^		if (!map) s = __utc;/		if (!map \&\& (*s == 0x2f || *s == 0x2e)) s = __utc;/
  s,^#include "time_impl.h",#include <wasm-bpf/host.h>\n&,'
edit $musl/src/conf/sysconf.c 's/^		return 1;/		return __wasm_bpf_host_cpus(name == _SC_NPROCESSORS_CONF);/
  s/return PAGE_SIZE;/return __wasm_bpf_host_page_size();/
  s/mem \/= PAGE_SIZE;/mem \/= __wasm_bpf_host_page_size();/; s/__lsysinfo(/sysinfo(/
  s/^#ifdef .*WASI has no \(process-level accounting\|rlimit\|getrlimit\|sysinfo\)$/#if 1/
  s/^#include <unistd.h>/#include <wasm-bpf\/host.h>\n&/'

# A number without a digit is 0 and no error, as in glibc: programs look at errno alone. The first is about the base.
edit $musl/src/internal/intscan.c '/shlim(f, 0);/{n;/^\t*errno = EINVAL;$/d}'

edit $musl/src/process/execv.c 's/__environ/environ/'
edit $musl/src/process/execvp.c 's/__environ/environ/'

# Streams that are no terminals have the room they have in glibc, so that what they write comes at the same places; see
# also overlay/. A message on a stream without a buffer is one piece.
edit $musl/src/stdio/stdin.c 's/buf\[BUFSIZ+UNGET\]/buf[4096+UNGET]/'
edit $musl/src/stdio/stdout.c 's/buf\[BUFSIZ+UNGET\]/buf[4096+UNGET]/'
edit $musl/src/stdio/__fdopen.c 's/\bBUFSIZ\b/4096/'
edit $musl/src/stdio/vfprintf.c 's/internal_buf\[80\]/internal_buf[2048]/'

# As in glibc, what a terminal is to show comes before a line from a terminal is read: see flush_terminal.c in overlay/.
edit $musl/src/stdio/__stdio_read.c 's/^	ssize_t cnt;$/&\n\n	if (f->fd == 0) __wasm_bpf_flush_terminal();/
  s/^#include <sys.uio.h>/&\nvoid __wasm_bpf_flush_terminal(void);/'

# Messages name the program: see program_name.c.
edit $musl/src/internal/libc.c '/progname/d'

# What the original leaves out since WASI has nothing like it: wrappers of system calls and what builds on them. A call
# that the guest library does not have is ENOSYS, see src/internal/syscall.h in overlay/.
calls=$(sed -n 's/^#define __NR_\([a-z0-9_]*\)[[:space:]].*/\1/p' $musl/arch/x86_64/bits/syscall.h.in)
generate() {
  echo "/* Made by adapt.sh. The system calls of Linux as functions of six longs, and syscall() on them. */"
  "$@"
}
declarations() {
  printf '#ifndef _BITS_SYSTEM_CALLS_H\n#define _BITS_SYSTEM_CALLS_H\n#ifdef __cplusplus\nextern "C" {\n#endif\n'
  printf 'long __syscall_ret(unsigned long);\n'
  for call in $calls; do printf 'long __wasm_bpf_SYS_%s(long, long, long, long, long, long);\n' "$call"; done
  printf '#ifdef __cplusplus\n}\n#endif\n#endif\n'
}
dispatcher() {
  printf '#ifndef _BITS_SYSCALL_FUNCTION_H\n#define _BITS_SYSCALL_FUNCTION_H\n#include <bits/system-calls.h>\n'
  printf '/* With a constant number, only that call is linked. */\n'
  printf 'static inline __attribute__((__always_inline__, __unused__)) long __wasm_bpf_syscall(long __n, long __a, long __b, long __c, long __d, long __e, long __f)\n{\n\tlong __result = -38;\n\n\tswitch (__n) {\n'
  awk '$1 == "#define" && $2 ~ /^__NR_/ { sub("__NR_", "", $2); printf "\tcase %s: __result = __wasm_bpf_SYS_%s(__a, __b, __c, __d, __e, __f); break;\n", $3, $2 }' \
    $musl/arch/x86_64/bits/syscall.h.in
  printf '\t}\n\treturn __syscall_ret((unsigned long)__result);\n}\n'
  printf '#define __wasm_bpf_syscall_7(n, a, b, c, d, e, f, ...) __wasm_bpf_syscall((long)(n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))\n'
  printf '#define syscall(...) __wasm_bpf_syscall_7(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)\n#endif\n'
}
stub() {
  printf '#include <bits/system-calls.h>\n#define ENOSYS 38\n'
  printf '__attribute__((weak)) long __wasm_bpf_SYS_%s(long a, long b, long c, long d, long e, long f) { return -ENOSYS; }\n' "$1"
}
generate declarations >$musl/arch/wasm64/bits/system-calls.h
generate dispatcher >$musl/arch/wasm64/bits/syscall-function.h
# A file for each: what is linked for one call must not stand in the way of the guest library's others.
for call in $calls; do generate stub "$call" >"$bottom/sources/no_system_call_$call.c"; done
edit $musl/include/unistd.h 's/^long syscall(long, ...);/&\n#ifndef _INTERNAL_SYSCALL_H\n#include <bits\/syscall-function.h>\n#endif/'
edit Makefile 's,^MUSL_PRINTSCAN_SOURCES = .*,LIBC_TOP_HALF_MUSL_SOURCES += $(addprefix $(LIBC_TOP_HALF_MUSL_SRC_DIR)/\,$(shell cat $(CURDIR)/linux-sources.list))\n&,'

cp -r "$here/overlay/." .
sed '/^#/d' "$here/linux-sources.list" >linux-sources.list
