#include "ftpd/wplogin.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "ftpd/sandbox.h"
#include "run/log.h"

/* Until the authenticator ends.  Returns the exit status. */
static int
serve(struct wpusers *users, int fd)
{
	for (;;) {
		struct wplogin_request q;
		struct wplogin_answer a = { .id = 0 };
		ssize_t n = recv(fd, &q, sizeof(q), 0);

		if (n != (ssize_t)sizeof(q) || q.name_n > sizeof(q.name)) {
			return n == 0 ? 0 : 1;
		}
		a.id = q.id;
		a.result = wpusers_find(users,
		    (struct view){ q.name, q.name_n }, &a.user);
		if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) < 0) {
			return errno == EPIPE ? 0 : 1;
		}
	}
}

static _Noreturn void
be_helper(const struct settings *settings, int fd)
{
	struct wpusers *users = wpusers_new(settings);
	int status = 1;

	/* Not its own. */
	secret_wipe(settings->password, strlen(settings->password));
	/* A name server that does not answer must not cost a login more. */
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	if (users == NULL || sandbox_wplogin((uint16_t)settings->db_port) < 0) {
		log_say(LOG_ERROR, "role_failed", "wordpress logins");
	} else {
		status = serve(users, fd);
	}
	wpusers_free(users);
	_exit(status);
}

int
wplogin_start(const struct settings *settings, const int foreign_fds[2],
    int *ret_fd)
{
	pid_t parent = getpid(), pid;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent) {
			_exit(1);
		}
		(void)close(pair[0]);
		(void)close(foreign_fds[0]);
		(void)close(foreign_fds[1]);
		be_helper(settings, pair[1]);
	}
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return -EAGAIN;
	}
	*ret_fd = pair[0];
	return 0;
}
