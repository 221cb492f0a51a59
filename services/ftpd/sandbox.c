#include "ftpd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "login/users.h"
#include "run/confine.h"

#define SESSION_FILES 48
#define SESSION_DATA (64ULL * 1024 * 1024)
#define ROLE_FILES 1024

/* Sanitizers do things of their own; so do the limits on them. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
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

#if SANITIZED
#define CALLS_SANITIZER \
	, CALL(mmap), CALL(mprotect), CALL(sigaltstack), CALL(openat), \
	    CALL(sched_yield), CALL(prctl), CALL(getrlimit), CALL(prlimit64), \
	    CALL(readlinkat), CALL(getuid), CALL(geteuid), CALL(pipe2), \
	    CALL(process_vm_readv), CALL(tgkill), CALL(clone), CALL(wait4), \
	    CALL(set_robust_list), CALL(lseek)
#else
#define CALLS_SANITIZER
#endif

static const struct confine_call session_calls[] = { CALLS_BASE, CALLS_OLD,
	CALLS_OLD_READ CALLS_SANITIZER,
	/* Files. */
	CALL(openat2), CALL(openat), CALL(newfstatat), CALL(statx),
	CALL(getdents64), CALL(lseek), CALL(pread64), CALL(sendfile),
	CALL(readlinkat), CALL(faccessat), CALL(faccessat2), CALL(fstatfs),
	CALL(fadvise64),
	/* The passive port: TCP only, and never connecting. */
	CALL_TCP(AF_INET), CALL_TCP(AF_INET6), CALL(bind), CALL(listen),
	CALL(accept4), CALL(getsockname), CALL(getpeername),
	/* Changes: not for users who may only read. */
	CALL(renameat), CALL(renameat2), CALL(unlinkat), CALL(mkdirat),
	CALL(fchmod), CALL(fchmodat), CALL(utimensat), CALL(fsync),
	CALL(fdatasync), CALL(ftruncate), CALL(flock), CALL(copy_file_range),
	CALL(splice), CALL(pipe2),
	/* The second layer. */
	CALL(landlock_create_ruleset), CALL(landlock_add_rule),
	CALL(landlock_restrict_self), CALL(seccomp) };

/* What is left out after login, counted from the end. */
#define LAYER_CALLS 4
#define WRITE_CALLS 14

static const struct confine_call authenticator_calls[] = { CALLS_BASE,
	CALLS_OLD,
	/* The users file, which it is given open. */
	CALL(pread64) CALLS_SANITIZER };

static const struct confine_call hasher_calls[] = { CALLS_BASE, CALLS_OLD,
	/* What threads do. */
	CALL(sched_yield), CALL(set_robust_list), CALL(rseq) CALLS_SANITIZER };

static const struct confine_call wplogin_calls[] = { CALLS_BASE, CALLS_OLD,
	CALLS_OLD_READ,
	/* Files of the resolver. */
	CALL(openat), CALL(newfstatat), CALL(statx), CALL(lseek), CALL(pread64),
	CALL(readlinkat), CALL(faccessat), CALL(faccessat2),
	/* TCP to the database, UDP to name servers. */
	CALL_TCP(AF_INET), CALL_TCP(AF_INET6),
	CALL_IF2(socket, 0, UINT32_MAX, AF_INET, 1, 0xf, SOCK_DGRAM),
	CALL_IF2(socket, 0, UINT32_MAX, AF_INET6, 1, 0xf, SOCK_DGRAM),
	CALL(connect), CALL(bind), CALL(getsockname), CALL(getpeername),
	CALL(sendmmsg), CALL_IF(ioctl, 1, UINT32_MAX, FIONREAD),
	/* What libraries ask when they begin. */
	CALL(uname), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(sysinfo), CALL(sched_getaffinity),
	CALL(prlimit64) CALLS_SANITIZER };

static const struct confine_call reporter_calls[] = { CALLS_BASE, CALLS_OLD,
	CALLS_OLD_EVENTS, CALL_TCP(AF_INET), CALL_TCP(AF_INET6), CALL(bind),
	CALL(listen), CALL(accept4), CALL(getsockname), CALL(getpeername),
	CALL(fstatfs), CALL(sendfile),
	/* Threads and their events. */
	CALL(clone), CALL(set_robust_list), CALL(rseq), CALL(sched_yield),
	CALL(sched_getaffinity), CALL(epoll_create1), CALL(epoll_ctl),
	CALL(epoll_pwait), CALL(eventfd2), CALL(prctl),
	CALL(membarrier) CALLS_SANITIZER };

/* A layer that the kernel lacks is no error. */
static int
or_without(int r)
{
	return r == -ENOSYS ? 0 : r;
}

static int
limit(uint64_t files, uint64_t data)
{
	struct confine_limits limits = { .files = files,
		.data = SANITIZED ? 0 : data };

	return confine_limit(&limits);
}

static int
make_rules(const struct confine_rules *rules, int *ret_fd)
{
	int fd = -1;
	int r = or_without(confine_ruleset(rules, &fd));

	if (r == 0) {
		*ret_fd = fd;
	}
	return r;
}

static int
enter(int rules_fd)
{
	return rules_fd < 0 ? 0 : confine_enter(rules_fd);
}

static int
session_rules(const struct settings *settings, const struct confine_path *paths,
    size_t n, int *ret_fd)
{
	struct confine_rules rules = { .paths = paths,
		.path_count = n,
		.bind_min = (uint16_t)settings->pasv_min,
		.bind_max = (uint16_t)settings->pasv_max };

	return make_rules(&rules, ret_fd);
}

void
sandbox_opaque(void)
{
	/* The leak checker looks into the process. */
	if (!SANITIZED) {
		(void)prctl(PR_SET_DUMPABLE, 0);
	}
}

int
sandbox_session_rules(const struct settings *settings, int root_fd, int *ret_fd)
{
	struct confine_path root = { .fd = root_fd,
		.rights = CONFINE_READ | CONFINE_WRITE };

	return session_rules(settings, &root, 1, ret_fd);
}

int
sandbox_session(int rules_fd)
{
	int r = limit(SESSION_FILES, SESSION_DATA);

	if (r == 0) {
		r = enter(rules_fd);
	}
	if (r == 0) {
		r = or_without(
		    confine_seccomp(session_calls, ARRAY_LEN(session_calls)));
	}
	return r;
}

int
sandbox_user(const struct settings *settings, int folder_fd, int stage_fd,
    unsigned rights)
{
	bool writes = (rights & USERS_WRITE) != 0;
	struct confine_path paths[2] = {
		{ .fd = folder_fd,
		    .rights = ((rights & USERS_READ) != 0 ? CONFINE_READ : 0)
			| (writes ? CONFINE_WRITE : 0) },
		{ .fd = stage_fd, .rights = CONFINE_READ | CONFINE_WRITE },
	};
	size_t calls = ARRAY_LEN(session_calls) - LAYER_CALLS;
	int fd = -1;
	int r = session_rules(settings, paths, stage_fd < 0 || !writes ? 1 : 2,
	    &fd);

	if (r == 0) {
		r = enter(fd);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (r == 0) {
		r = or_without(confine_seccomp(session_calls,
		    writes ? calls : calls - WRITE_CALLS));
	}
	return r;
}

/* For a role: all of Landlock but the rules, and its list of calls. */
static int
confine_role(const struct confine_rules *rules,
    const struct confine_call *calls, size_t n)
{
	int fd = -1;
	int r = limit(ROLE_FILES, 0);

	if (r == 0) {
		r = make_rules(rules, &fd);
	}
	if (r == 0) {
		r = enter(fd);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (r == 0) {
		r = or_without(confine_seccomp(calls, n));
	}
	return r;
}

int
sandbox_authenticator(void)
{
	struct confine_rules rules = { .path_count = 0 };

	return confine_role(&rules, authenticator_calls,
	    ARRAY_LEN(authenticator_calls));
}

int
sandbox_hasher(void)
{
	struct confine_rules rules = { .path_count = 0 };

	return confine_role(&rules, hasher_calls, ARRAY_LEN(hasher_calls));
}

int
sandbox_wplogin(uint16_t db_port)
{
	struct confine_path etc = { .fd = open("/etc",
					O_PATH | O_DIRECTORY | O_CLOEXEC),
		.rights = CONFINE_READ };
	struct confine_rules rules = { .paths = &etc,
		.path_count = etc.fd < 0 ? 0 : 1,
		.connect = db_port };
	int r = confine_role(&rules, wplogin_calls, ARRAY_LEN(wplogin_calls));

	if (etc.fd >= 0) {
		(void)close(etc.fd);
	}
	return r;
}

int
sandbox_reporter(uint16_t port)
{
	struct confine_rules rules = { .bind_min = port, .bind_max = port };

	return confine_role(&rules, reporter_calls, ARRAY_LEN(reporter_calls));
}
