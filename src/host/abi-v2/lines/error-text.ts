import { errnoName } from "../../../uapi/errno.ts";

/** The kernel's own EOPNOTSUPP. */
const ENOTSUPP = 524;
/** Errors that libbpf has names for. */
const NAMED: ReadonlySet<string> = new Set(
  (
    "E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EALREADY EBADF EBADFD EBUSY ECANCELED ECHILD EDEADLK EDOM EEXIST " +
    "EFAULT EFBIG EILSEQ EINPROGRESS EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK EMSGSIZE ENAMETOOLONG ENFILE " +
    "ENODATA ENODEV ENOENT ENOEXEC ENOLINK ENOMEM ENOSPC ENOTBLK ENOTDIR ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM " +
    "EPIPE EPROTO EPROTONOSUPPORT ERANGE EROFS ESPIPE ESRCH ETXTBSY EUCLEAN EXDEV"
  ).split(" "),
);

/** An error number as libbpf spells it: `-EPERM`, `-4001`. @param errno of either sign */
export function errorText(errno: number): string {
  const number = Math.abs(errno);
  if (number === ENOTSUPP) return "-ENOTSUPP";
  const name = errnoName(number);
  return NAMED.has(name) ? `-${name}` : `-${number}`;
}
