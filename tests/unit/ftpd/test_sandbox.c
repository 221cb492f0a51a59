/*
 * Code that runs in a session tries to get out: each attempt in a process that
 * is confined as a session is.  What the kernel does not offer is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ftpd/sandbox.h"
#include "login/users.h"
#include "run/confine.h"

#define DB_PORT 29805
/* Landlock's rules for ports do not know it. */
#define MPTCP 262

static char folder[] = "/tmp/sandbox-XXXXXX";
static int folder_fd;
/* Made before the confinement: one that is new, and one that was lent. */
static int new_socket, passive_socket;
static pid_t tester;

static int
set_up(void **state)
{
	(void)state;
	tester = getpid();
	new_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	passive_socket = socket(AF_INET,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(listen(passive_socket, 1), 0);
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
in_child(int (*confine)(void), int (*body)(void))
{
	struct confine_support has;
	int status = 0;
	pid_t pid;

	confine_probe(&has);
	if (!has.files || !has.ports || !has.seccomp) {
		skip();
	}
	pid = fork();
	if (pid == 0) {
		int r = confine_no_new_privs() == 0 && confine() == 0 ? body()
								      : 99;

		(void)syscall(__NR_exit_group, r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
as_session(void)
{
	int fd = -1;
	int r = sandbox_session_rules(folder_fd, &fd);

	return r == 0 ? sandbox_session(fd) : r;
}

static int
as_user(void)
{
	int r = as_session();

	return r == 0 ? sandbox_user(folder_fd, -1, USERS_ALL) : r;
}

static bool
denied(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static int
no_way_out(void)
{
	static char *const argv[] = { NULL };
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(22),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = new_socket;

	if (!denied(socket(AF_INET, SOCK_STREAM, 0))
	    || !denied(socket(AF_INET6, SOCK_STREAM, 0))) {
		return 1;
	}
	if (!denied(open("/etc/passwd", O_RDONLY | O_CLOEXEC))
	    || !denied(open("/proc/self/environ", O_RDONLY | O_CLOEXEC))
	    || !denied(open("/tmp/sandbox-x", O_CREAT | O_WRONLY, 0600))) {
		return 2;
	}
	if (!denied(syscall(__NR_execve, "/bin/true", argv, argv))
	    || !denied(syscall(__NR_ptrace, 0, 0, 0, 0))
	    || !denied(syscall(__NR_memfd_create, "x", 0))
	    || !denied(fcntl(fd, F_SETOWN, getppid()))
	    || !denied(fcntl(fd, F_SETSIG, SIGKILL))) {
		return 3;
	}
	if (!denied(connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
	    || !denied(sendto(fd, "x", 1, MSG_FASTOPEN,
		(struct sockaddr *)&addr, sizeof(addr)))) {
		return 4;
	}
	addr.sin_port = htons(0);
	if (!denied(bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
	    || !denied(listen(fd, 1)) || !denied(socket(AF_INET, SOCK_DGRAM, 0))
	    || !denied(socket(AF_INET, SOCK_STREAM, MPTCP))
	    || !denied(socket(AF_UNIX, SOCK_STREAM, 0))
	    || !denied(socket(AF_NETLINK, SOCK_RAW, 0))) {
		return 5;
	}
	if (!denied(symlinkat("/etc", folder_fd, "link"))
	    || !denied(mknodat(folder_fd, "fifo", S_IFIFO | 0600, 0))
	    || !denied(linkat(folder_fd, "a", folder_fd, "b", 0))) {
		return 6;
	}
	return 0;
}

static int
own_folder_works(void)
{
	struct sockaddr_in addr;
	socklen_t n = sizeof(addr);
	int fd = openat(folder_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC,
	    0600);

	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0
	    || mkdirat(folder_fd, "dir", 0700) < 0
	    || renameat(folder_fd, "file", folder_fd, "dir/file") < 0
	    || unlinkat(folder_fd, "dir/file", 0) < 0
	    || unlinkat(folder_fd, "dir", AT_REMOVEDIR) < 0) {
		return 1;
	}
	/* So does the socket that it was lent. */
	return getsockname(passive_socket, (struct sockaddr *)&addr, &n) == 0
		&& accept4(passive_socket, NULL, NULL, SOCK_CLOEXEC) < 0
		&& errno == EAGAIN
	    ? 0
	    : 2;
}

static int
nothing_to_add(void)
{
	if (!denied(syscall(__NR_seccomp, 0, 0, NULL))) {
		return 1;
	}
	return no_way_out();
}

static int
signals_stay_at_home(void)
{
	return denied(kill(tester, 0)) ? 0 : 1;
}

static int
roles_have_no_files(void)
{
	if (!denied(openat(folder_fd, "file", O_CREAT | O_WRONLY, 0600))
	    || !denied(open("/etc/passwd", O_RDONLY | O_CLOEXEC))) {
		return 1;
	}
	return 0;
}

/* An editor: the root's folder `up`, and `stage` for what is on its way. */
static int
as_editor(void)
{
	int r, up, stage;

	if (mkdirat(folder_fd, "up", 0700) < 0
	    || mkdirat(folder_fd, "stage", 0700) < 0
	    || mkdirat(folder_fd, "other", 0700) < 0) {
		return -1;
	}
	up = openat(folder_fd, "up", O_PATH | O_DIRECTORY | O_CLOEXEC);
	stage = openat(folder_fd, "stage", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = as_session();
	return r == 0 ? sandbox_user(up, stage, USERS_ALL) : r;
}

static int
only_these_folders(void)
{
	int fd = openat(folder_fd, "stage/file", O_CREAT | O_WRONLY | O_CLOEXEC,
	    0600);

	if (fd < 0 || close(fd) < 0
	    || renameat(folder_fd, "stage/file", folder_fd, "up/file") < 0) {
		return 1;
	}
	if (!denied(openat(folder_fd, "file", O_CREAT | O_WRONLY, 0600))
	    || !denied(
		openat(folder_fd, "other/file", O_CREAT | O_WRONLY, 0600))
	    || !denied(openat(folder_fd, "other", O_RDONLY | O_DIRECTORY))
	    || !denied(mkdirat(folder_fd, "x", 0700))
	    || !denied(unlinkat(folder_fd, "other", AT_REMOVEDIR))
	    || !(renameat(folder_fd, "up/file", folder_fd, "other/file") < 0)) {
		return 2;
	}
	return unlinkat(folder_fd, "up/file", 0) < 0 ? 3 : no_way_out();
}

/* --- a hash, wherever it is ----------------------------------------------- */

/* What the authenticator has in its memory, and where the users file lies. */
static char hash_in_memory[] = "$6$saltsalt$in the authenticator's memory";
static char users_file[] = "/tmp/sandbox-users-XXXXXX";
static pid_t authenticator;

static void
start_authenticator(void)
{
	int fd = mkstemp(users_file);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, hash_in_memory, 8), 8);
	(void)close(fd);
	authenticator = fork();
	if (authenticator == 0) {
		sandbox_opaque();
		(void)pause();
		_exit(0);
	}
}

static void
stop_authenticator(void)
{
	(void)kill(authenticator, SIGKILL);
	(void)waitpid(authenticator, NULL, 0);
	(void)unlink(users_file);
}

static bool
cannot_open_of(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return denied(open(path, O_RDONLY | O_CLOEXEC));
}

static int
no_hash(void)
{
	if (!denied(open(users_file, O_RDONLY | O_CLOEXEC))
	    || !denied(openat(folder_fd, users_file, O_RDONLY | O_CLOEXEC))) {
		return 1;
	}
	if (!cannot_open_of(authenticator, "mem")
	    || !cannot_open_of(authenticator, "environ")
	    || !cannot_open_of(authenticator, "fd/0")
	    || !cannot_open_of(authenticator, "maps")) {
		return 2;
	}
	/* Sanitizers need this call. */
#if !defined(__SANITIZE_ADDRESS__)
	{
		char room[sizeof(hash_in_memory)];
		struct iovec here = { room, sizeof(room) };
		struct iovec there = { hash_in_memory, sizeof(room) };

		if (!denied(process_vm_readv(authenticator, &here, 1, &there, 1,
			0))) {
			return 3;
		}
	}
#endif
	return !denied(syscall(__NR_ptrace, 16, authenticator, 0, 0))
		|| !denied(syscall(__NR_pidfd_open, authenticator, 0))
		|| !denied(syscall(__NR_pidfd_getfd, 0, 0, 0))
		|| !denied(syscall(__NR_kcmp, authenticator, 0, 0, 0, 0))
	    ? 4
	    : 0;
}

/* --- rights --------------------------------------------------------------- */

/* A user of the users file who may only read; or only write. */
static int
with_rights(unsigned rights)
{
	int r, fd;

	fd = openat(folder_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "text", 4) != 4 || close(fd) < 0) {
		return -1;
	}
	r = as_session();
	return r == 0 ? sandbox_user(folder_fd, -1, rights) : r;
}

static int
as_reader(void)
{
	return with_rights(USERS_READ);
}

static int
as_writer(void)
{
	return with_rights(USERS_WRITE);
}

static int
nothing_changes(void)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	char self[32];
	int fd = openat(folder_fd, "file", O_RDONLY | O_CLOEXEC);
	char bytes[4];

	if (fd < 0 || read(fd, bytes, 4) != 4) {
		return 1;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (!denied(openat(folder_fd, "file", O_WRONLY | O_CLOEXEC))
	    || !denied(openat(folder_fd, "file", O_RDONLY | O_TRUNC))
	    || !denied(openat(folder_fd, "new", O_CREAT | O_RDONLY, 0600))
	    || !denied(mkdirat(folder_fd, "new", 0700))
	    || !denied(renameat(folder_fd, "file", folder_fd, "new"))
	    || !denied(unlinkat(folder_fd, "file", 0))) {
		return 2;
	}
	/* What Landlock does not see. */
	if (!denied(fchmod(fd, 0777))
	    || !denied(fchmodat(folder_fd, "file", 0777, 0))
	    || !denied(fchmodat(AT_FDCWD, self, 0777, 0))
	    || !denied(utimensat(folder_fd, "file", times, 0))
	    || !denied(futimens(fd, times)) || !denied(ftruncate(fd, 0))
	    || !denied(syscall(__NR_fsetxattr, fd, "user.x", "x", 1, 0))
	    || !denied(syscall(__NR_fchown, fd, getuid(), getgid()))) {
		return 3;
	}
	return no_way_out();
}

static int
nothing_is_read(void)
{
	if (!denied(openat(folder_fd, "file", O_RDONLY | O_CLOEXEC))
	    || !denied(openat(folder_fd, ".", O_RDONLY | O_DIRECTORY))) {
		return 1;
	}
	return fchmodat(folder_fd, "file", 0644, 0) < 0
		|| unlinkat(folder_fd, "file", 0) < 0
	    ? 2
	    : no_way_out();
}

static int
as_wplogin(void)
{
	return sandbox_wplogin(DB_PORT);
}

/* Nobody listens at either port: that it is refused shows that it is allowed.
 */
static int
connect_to(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? errno
								       : 0;
}

static int
database_only(void)
{
	static char *const argv[] = { NULL };
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || close(fd) < 0) {
		return 1;
	}
	if (!denied(open("/etc/passwd", O_WRONLY | O_CLOEXEC))
	    || !denied(openat(folder_fd, "file", O_CREAT | O_WRONLY, 0600))
	    || !denied(openat(folder_fd, ".", O_RDONLY | O_DIRECTORY))
	    || !denied(open("/proc/self/environ", O_RDONLY | O_CLOEXEC))) {
		return 2;
	}
	if (connect_to(DB_PORT) != ECONNREFUSED
	    || connect_to(DB_PORT + 1) != EACCES) {
		return 3;
	}
	if (!denied(syscall(__NR_execve, "/bin/true", argv, argv))
	    || !denied(socket(AF_UNIX, SOCK_STREAM, 0))
	    || !denied(kill(tester, 0))) {
		return 4;
	}
	return 0;
}

static int
as_reporter(void)
{
	return sandbox_reporter(29900);
}

static void
session(void **state)
{
	(void)state;
	in_child(as_session, no_way_out);
	in_child(as_session, own_folder_works);
}

static void
user(void **state)
{
	(void)state;
	in_child(as_user, nothing_to_add);
	in_child(as_user, own_folder_works);
}

static void
signals(void **state)
{
	struct confine_support has;

	(void)state;
	confine_probe(&has);
	if (!has.scope) {
		skip();
	}
	in_child(as_user, signals_stay_at_home);
}

static void
roles(void **state)
{
	(void)state;
	in_child(sandbox_authenticator, roles_have_no_files);
	in_child(sandbox_hasher, roles_have_no_files);
	in_child(as_reporter, roles_have_no_files);
	in_child(as_wplogin, database_only);
}

static void
rights(void **state)
{
	(void)state;
	in_child(as_reader, nothing_changes);
	in_child(as_writer, nothing_is_read);
}

static void
hashes(void **state)
{
	(void)state;
	start_authenticator();
	in_child(as_session, no_hash);
	in_child(as_user, no_hash);
	in_child(as_reader, no_hash);
	in_child(as_reporter, no_hash);
	stop_authenticator();
	(void)unlinkat(folder_fd, "file", 0);
}

static void
editor(void **state)
{
	(void)state;
	in_child(as_editor, only_these_folders);
	assert_int_equal(unlinkat(folder_fd, "up", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(folder_fd, "stage", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(folder_fd, "other", AT_REMOVEDIR), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session),
		cmocka_unit_test(user),
		cmocka_unit_test(signals),
		cmocka_unit_test(roles),
		cmocka_unit_test(rights),
		cmocka_unit_test(hashes),
		cmocka_unit_test(editor),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
