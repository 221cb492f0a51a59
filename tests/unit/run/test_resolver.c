/* A name whose address changes, and name servers that are away for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "run/log.h"
#include "run/resolver.h"

/* What the name servers say, one after the other; NULL: nothing. */
static const char *const answers[] = { NULL, "192.0.2.1", "192.0.2.1", NULL,
	"192.0.2.2" };
static size_t asked;
/* How long it waited before it asked again; never for real. */
static int waited[ARRAY_LEN(answers)];

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **ret)
{
	static struct sockaddr_in four = { .sin_family = AF_INET };
	static struct addrinfo one = { .ai_family = AF_INET,
		.ai_addr = (struct sockaddr *)&four };

	if (strcmp(name, "host.example") != 0 || service != NULL
	    || hints->ai_family != AF_INET || answers[asked] == NULL) {
		return EAI_AGAIN;
	}
	(void)inet_pton(AF_INET, answers[asked], &four.sin_addr);
	*ret = &one;
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
	(void)p;
	if (n != 0) {
		_exit(2);
	}
	waited[asked] = timeout;
	asked++;
	if (asked == ARRAY_LEN(answers)) {
		/* Soon again without an answer, else after some minutes. */
		_exit(waited[0] < 60000 && waited[1] >= 60000
			    && waited[3] == waited[0] && waited[4] == waited[1]
			? 0
			: 3);
	}
	return 0;
}

static void
expect(struct resolver *r, const char *address)
{
	char text[INET_ADDRSTRLEN];

	resolver_read(r);
	assert_true(r->known);
	assert_string_equal(inet_ntop(AF_INET, &r->addr, text, sizeof(text)),
	    address);
}

static void
an_address_that_changes(void **state)
{
	struct resolver r = { .fd = -1 };
	int pipes[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(pipes[0]);
		resolver_run("host.example", pipes[1]);
	}
	(void)close(pipes[1]);
	r.fd = pipes[0];
	expect(&r, "192.0.2.1");
	expect(&r, "192.0.2.1");
	expect(&r, "192.0.2.2");
	/* The process is gone: what it said last stays in use. */
	resolver_read(&r);
	assert_int_equal(r.fd, -1);
	assert_true(r.known);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* It ends when nobody is there to be told. */
static void
nobody_listens(void **state)
{
	int pipes[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	(void)close(pipes[0]);
	pid = fork();
	if (pid == 0) {
		asked = 1;
		resolver_run("host.example", pipes[1]);
	}
	(void)close(pipes[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static int
set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_ERROR);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_that_changes),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
