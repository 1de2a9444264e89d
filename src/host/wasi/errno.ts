/**
 * Linux error numbers to those of WASI preview1. Everything below the guest border speaks Linux's, negative in
 * results; only the border translates.
 */

/** "Capabilities insufficient" exists only in WASI: a path that leaves its preopened directory, a missing right. */
export const ENOTCAPABLE = 4000;

const EIO_WASI = 29;
const wasiByLinux: ReadonlyMap<number, number> = new Map([
  [7, 1], // E2BIG
  [13, 2], // EACCES
  [98, 3], // EADDRINUSE
  [99, 4], // EADDRNOTAVAIL
  [97, 5], // EAFNOSUPPORT
  [11, 6], // EAGAIN
  [114, 7], // EALREADY
  [9, 8], // EBADF
  [74, 9], // EBADMSG
  [16, 10], // EBUSY
  [125, 11], // ECANCELED
  [10, 12], // ECHILD
  [103, 13], // ECONNABORTED
  [111, 14], // ECONNREFUSED
  [104, 15], // ECONNRESET
  [35, 16], // EDEADLK
  [89, 17], // EDESTADDRREQ
  [33, 18], // EDOM
  [122, 19], // EDQUOT
  [17, 20], // EEXIST
  [14, 21], // EFAULT
  [27, 22], // EFBIG
  [113, 23], // EHOSTUNREACH
  [43, 24], // EIDRM
  [84, 25], // EILSEQ
  [115, 26], // EINPROGRESS
  [4, 27], // EINTR
  [22, 28], // EINVAL
  [5, 29], // EIO
  [106, 30], // EISCONN
  [21, 31], // EISDIR
  [40, 32], // ELOOP
  [24, 33], // EMFILE
  [31, 34], // EMLINK
  [90, 35], // EMSGSIZE
  [72, 36], // EMULTIHOP
  [36, 37], // ENAMETOOLONG
  [100, 38], // ENETDOWN
  [102, 39], // ENETRESET
  [101, 40], // ENETUNREACH
  [23, 41], // ENFILE
  [105, 42], // ENOBUFS
  [19, 43], // ENODEV
  [2, 44], // ENOENT
  [8, 45], // ENOEXEC
  [37, 46], // ENOLCK
  [67, 47], // ENOLINK
  [12, 48], // ENOMEM
  [42, 49], // ENOMSG
  [92, 50], // ENOPROTOOPT
  [28, 51], // ENOSPC
  [38, 52], // ENOSYS
  [107, 53], // ENOTCONN
  [20, 54], // ENOTDIR
  [39, 55], // ENOTEMPTY
  [131, 56], // ENOTRECOVERABLE
  [88, 57], // ENOTSOCK
  [95, 58], // EOPNOTSUPP
  [25, 59], // ENOTTY
  [6, 60], // ENXIO
  [75, 61], // EOVERFLOW
  [130, 62], // EOWNERDEAD
  [1, 63], // EPERM
  [32, 64], // EPIPE
  [71, 65], // EPROTO
  [93, 66], // EPROTONOSUPPORT
  [91, 67], // EPROTOTYPE
  [34, 68], // ERANGE
  [30, 69], // EROFS
  [29, 70], // ESPIPE
  [3, 71], // ESRCH
  [116, 72], // ESTALE
  [110, 73], // ETIMEDOUT
  [26, 74], // ETXTBSY
  [18, 75], // EXDEV
  [ENOTCAPABLE, 76],
]);

/**
 * WASI errno of a host result.
 *
 * @param result 0 or more for success, -errno (Linux) for failure
 */
export function wasiErrno(result: number): number {
  return result >= 0 ? 0 : (wasiByLinux.get(-result) ?? EIO_WASI);
}
