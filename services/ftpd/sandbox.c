#include "ftpd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "login/users.h"
#include "run/calls.h"

#define SESSION_FILES 48
#define SESSION_DATA (64ULL * 1024 * 1024)
#define ROLE_FILES 1024

/* Changes: not for users who may only read. */
#define WRITE_CALLS \
	CALL(renameat), CALL(renameat2), CALL(unlinkat), CALL(mkdirat), \
	    CALL(fchmod), CALL(fchmodat), CALL(utimensat), CALL(fsync), \
	    CALL(fdatasync), CALL(ftruncate), CALL(flock), \
	    CALL(copy_file_range), CALL(splice), CALL(pipe2)
/* The second layer: for nobody who has it. */
#define LAYER_CALLS \
	CALL(landlock_create_ruleset), CALL(landlock_add_rule), \
	    CALL(landlock_restrict_self), CALL(seccomp)

static const struct confine_call session_calls[] = { CALLS_BASE, CALLS_OLD,
	CALLS_OLD_READ CALLS_SANITIZER,
	/* Files. */
	CALL(openat2), CALL(openat), CALL(newfstatat), CALL(statx),
	CALL(getdents64), CALL(lseek), CALL(pread64), CALL(sendfile),
	CALL(readlinkat), CALL(faccessat), CALL(faccessat2), CALL(fstatfs),
	CALL(fadvise64),
	/* The passive socket, which is lent: none is made here. */
	CALL(accept4), CALL(getsockname), CALL(getpeername), WRITE_CALLS,
	LAYER_CALLS };

/* What is left out after login: for who may write, and for who may not. */
static const struct confine_call writer_less[] = { LAYER_CALLS };
static const struct confine_call reader_less[] = { WRITE_CALLS, LAYER_CALLS };

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

void
sandbox_opaque(void)
{
	/* The leak checker looks into the process. */
	if (!CALLS_SANITIZED) {
		(void)prctl(PR_SET_DUMPABLE, 0);
	}
}

int
sandbox_session_rules(int root_fd, int *ret_fd)
{
	struct confine_path root = { .fd = root_fd,
		.rights = CONFINE_READ | CONFINE_WRITE };
	struct confine_rules rules = { .paths = &root, .path_count = 1 };
	int fd = -1;
	int r = confine_ruleset(&rules, &fd);

	if (r < 0 && r != -ENOSYS) {
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int
sandbox_session(int rules_fd)
{
	struct confine_limits limits = { .files = SESSION_FILES,
		.data = CALLS_SANITIZED ? 0 : SESSION_DATA };
	int r = confine_limit(&limits);

	return r < 0
	    ? r
	    : confine_by(rules_fd, session_calls, ARRAY_LEN(session_calls));
}

int
sandbox_user(int folder_fd, int stage_fd, unsigned rights)
{
	bool writes = (rights & USERS_WRITE) != 0;
	struct confine_path paths[2] = {
		{ .fd = folder_fd,
		    .rights = ((rights & USERS_READ) != 0 ? CONFINE_READ : 0)
			| (writes ? CONFINE_WRITE : 0) },
		{ .fd = stage_fd, .rights = CONFINE_READ | CONFINE_WRITE },
	};
	struct confine_rules rules = { .paths = paths,
		.path_count = stage_fd < 0 || !writes ? 1 : 2 };
	int fd = -1;
	int r = confine_ruleset(&rules, &fd);

	if (r == 0) {
		r = confine_enter(fd);
		(void)close(fd);
	}
	if (r == 0 || r == -ENOSYS) {
		r = writes
		    ? confine_seccomp_less(writer_less, ARRAY_LEN(writer_less))
		    : confine_seccomp_less(reader_less, ARRAY_LEN(reader_less));
	}
	return r == -ENOSYS ? 0 : r;
}

static int
confine_role(const struct confine_rules *rules,
    const struct confine_call *calls, size_t n)
{
	struct confine_limits limits = { .files = ROLE_FILES };
	int r = confine_limit(&limits);

	return r < 0 ? r : confine_wholly(rules, calls, n);
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
	struct confine_rules rules = { .bind = port };

	return confine_role(&rules, reporter_calls, ARRAY_LEN(reporter_calls));
}
