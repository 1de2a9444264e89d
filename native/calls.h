/*
 * The calls that answer a number, >= 0 or -errno: CALL(name in JavaScript, C function, the kind of each argument).
 * addon.c includes this list once for each thing that it makes of it.
 */
CALL(perfEventOpen, sys_perf_event_open, BYTES, I32, I32, I32, U32)
CALL(ioctl, sys_ioctl, I32, U32, WORD)
CALL(open, sys_open, TEXT, I32, I32)
CALL(close, sys_close, I32)
CALL(dup, sys_dup, I32)
CALL(read, sys_read, I32, BYTES)
CALL(write, sys_write, I32, BYTES)
CALL(seek, sys_seek, I32, I64, I32)
CALL(mmapFixed, sys_mmap_fixed, BUFFER, I64, I64, I32, I32, I32, I64)

CALL(epollCreate, sys_epoll_create, NONE)
CALL(epollCtl, sys_epoll_ctl, I32, I32, I32, U32, U32)
CALL(epollWait, sys_epoll_wait, I32, BYTES, I32, I32)
CALL(eventfd, sys_eventfd, U32, I32)
CALL(timerfdCreate, sys_timerfd_create, I32, I32)
CALL(timerfdSet, sys_timerfd_set, I32, I32, BYTES, BYTES)
CALL(sleep, sys_sleep, U64)

CALL(getRlimit, sys_get_rlimit, I32, BYTES)
CALL(setRlimit, sys_set_rlimit, I32, U64, U64)
CALL(uname, sys_uname, BYTES)
CALL(sysinfo, sys_sysinfo, BYTES)
CALL(clockTime, sys_clock_time, I32, BYTES)
CALL(mountDetached, sys_mount_detached, TEXT)

CALL(socket, sys_socket, I32, I32, I32)
CALL(socketPair, sys_socket_pair, I32, I32, BYTES)
CALL(bind, sys_bind, I32, BYTES)
CALL(connect, sys_connect, I32, BYTES)
CALL(listen, sys_listen, I32, I32)
CALL(accept, sys_accept, I32)
CALL(socketName, sys_socket_name, I32, I32, BYTES)
CALL(receive, sys_receive, I32, BYTES, I32, BYTES)
CALL(send, sys_send, I32, BYTES, I32, BYTES)
CALL(shutdown, sys_shutdown, I32, I32)
CALL(setSocketOption, sys_set_socket_option, I32, I32, I32, BYTES)
CALL(getSocketOption, sys_get_socket_option, I32, I32, I32, BYTES)
CALL(ifNameToIndex, sys_if_name_to_index, TEXT)
CALL(ifIndexToName, sys_if_index_to_name, U32, BYTES)

CALL(pipe, sys_pipe, BYTES)
CALL(spawn, sys_spawn, TEXT, BYTES, BYTES, I32, I32, I32)
CALL(waitProcess, sys_wait_process, I32, BYTES)
CALL(kill, sys_kill, I32, I32)
CALL(pidfdOpen, sys_pidfd_open, I32)

CALL(signalsCatch, signals_catch, U32, U32)
CALL(signalsDispose, signals_dispose, I32, I32, U32)
CALL(signalsTaken, signals_taken, NONE)
CALL(signalsRelease, signals_release, NONE)
CALL(signalsHold, signals_hold, NONE)
CALL(signalsResume, signals_resume, NONE)
CALL(signalsTake, signals_take, NONE)

#undef CALL
