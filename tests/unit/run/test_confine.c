/*
 * Confinement in child processes, each of which tries what must fail.  What
 * the running kernel does not offer is skipped.
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
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/confine.h"

#define PORT 29871

/* Runs `body` in a child; its result has to be 0. */
static void
in_child(int (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(confine_no_new_privs() == 0 ? body() : 99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
bind_to(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? errno
								     : 0;

	(void)close(fd);
	return r;
}

static int
enter(unsigned rights, uint16_t port)
{
	struct confine_path path = { .rights = rights,
		.fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	struct confine_rules rules = { .paths = &path,
		.path_count = 1,
		.bind = port };
	int fd;
	int r = confine_ruleset(&rules, &fd);

	return r < 0 ? r : confine_enter(fd);
}

static int
files_body(void)
{
	char name[] = "/tmp/confine-XXXXXX";
	int fd;

	if (enter(CONFINE_READ | CONFINE_WRITE, 0) != 0) {
		return 1;
	}
	fd = mkstemp(name);
	if (fd < 0 || unlink(name) < 0) {
		return 2;
	}
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES) {
		return 3;
	}
	(void)execl("/bin/true", "true", (char *)NULL);
	if (errno != EACCES) {
		return 4;
	}
	/* A second layer takes the writing away. */
	if (enter(CONFINE_READ, 0) != 0
	    || open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0
	    || errno != EACCES) {
		return 5;
	}
	return 0;
}

static void
files(void **state)
{
	struct confine_support has;

	(void)state;
	confine_probe(&has);
	if (!has.files) {
		skip();
	}
	in_child(files_body);
}

static int
ports_body(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	if (enter(CONFINE_READ, PORT) != 0) {
		return 1;
	}
	if (bind_to(PORT) != 0 || bind_to(PORT + 1) != EACCES
	    || bind_to(0) != EACCES) {
		return 2;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0
	    || errno != EACCES) {
		return 3;
	}
	return 0;
}

static void
ports(void **state)
{
	struct confine_support has;

	(void)state;
	confine_probe(&has);
	if (!has.ports) {
		skip();
	}
	in_child(ports_body);
}

static int
scope_body(void)
{
	if (enter(CONFINE_READ, 0) != 0) {
		return 1;
	}
	return kill(getppid(), 0) < 0 && errno == EPERM ? 0 : 2;
}

static void
scope(void **state)
{
	struct confine_support has;

	(void)state;
	confine_probe(&has);
	if (!has.scope) {
		skip();
	}
	in_child(scope_body);
}

static int
try_calls(void)
{
	static const struct confine_call calls[] = {
		{ .nr = __NR_write },
		{ .nr = __NR_close },
		{ .nr = __NR_exit_group },
		{ .nr = __NR_socket,
		    .checks = 2,
		    .check = { { 0, UINT32_MAX, AF_INET },
			{ 1, 0xf, SOCK_STREAM } } },
		{ .nr = __NR_socket,
		    .checks = 1,
		    .check = { { 0, UINT32_MAX, AF_UNIX } } },
		{ .nr = __NR_getpid },
	};
	int fd;

	if (confine_seccomp(calls, sizeof(calls) / sizeof(calls[0])) != 0) {
		return 1;
	}
	if (syscall(__NR_getpid) < 0) {
		return 2;
	}
	if (syscall(__NR_getuid) >= 0 || errno != EPERM) {
		return 3;
	}
	if (syscall(__NR_clone3, NULL, 0) >= 0 || errno != ENOSYS) {
		return 4;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || close(fd) < 0) {
		return 5;
	}
	if (socket(AF_INET, SOCK_DGRAM, 0) >= 0 || errno != EPERM) {
		return 6;
	}
	if (socket(AF_INET6, SOCK_STREAM, 0) >= 0 || errno != EPERM) {
		return 7;
	}
	return socket(AF_UNIX, SOCK_DGRAM, 0) < 0 ? 8 : 0;
}

/* Ends by the bare call: sanitizers do more at the end than the list allows. */
static int
seccomp_body(void)
{
	return (int)syscall(__NR_exit_group, try_calls());
}

static void
calls_of_a_list_only(void **state)
{
	struct confine_support has;

	(void)state;
	confine_probe(&has);
	if (!has.seccomp) {
		skip();
	}
	in_child(seccomp_body);
}

static int
limits_body(void)
{
	const struct confine_limits limits = { .files = 8 };

	if (confine_limit(&limits) != 0) {
		return 1;
	}
	for (int i = 0; i < 8; i++) {
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) {
			return errno == EMFILE ? 0 : 2;
		}
	}
	return 3;
}

static void
limits(void **state)
{
	(void)state;
	in_child(limits_body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(ports),
		cmocka_unit_test(scope),
		cmocka_unit_test(calls_of_a_list_only),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
