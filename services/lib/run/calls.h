/*
 * Lists of system calls for confine_seccomp(): how an entry is written, and
 * what any C program does.  A list is entries and these lists with commas
 * between; behind one of them, without a comma, stands CALLS_SANITIZER:
 *
 *	static const struct confine_call calls[] = { CALLS_BASE, CALLS_OLD,
 *		CALL(pread64) CALLS_SANITIZER };
 */
#ifndef RUN_CALLS_H
#define RUN_CALLS_H

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "run/confine.h"

/* Sanitizers do things of their own; so do the limits on them. */
#if defined(__SANITIZE_ADDRESS__)
#define CALLS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CALLS_SANITIZED 1
#endif
#endif
#ifndef CALLS_SANITIZED
#define CALLS_SANITIZED 0
#endif

#define CALL(name) \
	{ \
		.nr = __NR_##name \
	}
/* `name` if the bits `m` of its argument `a` are `v`. */
#define CALL_IF(name, a, m, v) \
	{ \
		.nr = __NR_##name, .checks = 1, .check = { { a, m, v } } \
	}
#define CALL_IF2(name, a, m, v, a2, m2, v2) \
	{ \
		.nr = __NR_##name, .checks = 2, .check = { \
			{ a, m, v }, \
			{ a2, m2, v2 } \
		} \
	}
/*
 * A socket of TCP proper: Landlock's rules for ports do not hold for MPTCP and
 * the like.
 */
#define CALL_TCP(family) \
	{ \
		.nr = __NR_socket, .checks = 3, .check = { \
			{ 0, UINT32_MAX, family }, \
			{ 1, 0xf, SOCK_STREAM }, \
			{ 2, ~(uint32_t)IPPROTO_TCP, 0 } \
		} \
	}
/*
 * What any C program does: memory that is not executed, time, sockets that it
 * has.  Sending with MSG_FASTOPEN would connect, and get around the rules for
 * ports; fcntl's commands from 8 on (F_SETOWN, F_SETSIG) would send signals to
 * the other processes.
 */
#define CALLS_BASE \
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(close), \
	    CALL_IF(mmap, 2, PROT_EXEC, 0), \
	    CALL_IF(mprotect, 2, PROT_EXEC, 0), CALL(munmap), CALL(mremap), \
	    CALL(madvise), CALL(brk), CALL(futex), CALL(getpid), CALL(gettid), \
	    CALL(getrandom), CALL(clock_gettime), CALL(gettimeofday), \
	    CALL(clock_nanosleep), CALL(nanosleep), CALL(rt_sigreturn), \
	    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(restart_syscall), \
	    CALL_IF(fcntl, 1, ~7U, 0), CALL(ppoll), CALL(exit), \
	    CALL(exit_group), CALL(fstat), \
	    CALL_IF(sendto, 3, MSG_FASTOPEN, 0), CALL(recvfrom), \
	    CALL_IF(sendmsg, 2, MSG_FASTOPEN, 0), CALL(recvmsg), \
	    CALL(getsockopt), CALL(setsockopt), CALL(shutdown)

#if defined(__x86_64__)
/* Calls of the older kind, which C libraries use where there are any. */
#define CALLS_OLD CALL(poll), CALL(time)
#define CALLS_OLD_READ \
	CALL(stat), CALL(lstat), CALL(open), CALL(access), CALL(readlink)
#define CALLS_OLD_EVENTS CALL(epoll_wait), CALL(pipe)
#else
#define CALLS_OLD CALL(clock_getres)
#define CALLS_OLD_READ CALL(statx)
#define CALLS_OLD_EVENTS CALL(pipe2)
#endif

#if CALLS_SANITIZED
#define CALLS_SANITIZER \
	, CALL(mmap), CALL(mprotect), CALL(sigaltstack), CALL(openat), \
	    CALL(sched_yield), CALL(prctl), CALL(getrlimit), CALL(prlimit64), \
	    CALL(readlinkat), CALL(getuid), CALL(geteuid), CALL(pipe2), \
	    CALL(process_vm_readv), CALL(tgkill), CALL(clone), CALL(wait4), \
	    CALL(set_robust_list), CALL(lseek)
#else
#define CALLS_SANITIZER
#endif

#endif
