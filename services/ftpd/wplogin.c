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
#include "run/clock.h"
#include "run/log.h"

/* PHP's default until 8.4, which made it 12. */
#define FIRST_COST 10

int
wplogin_init(struct wplogin *w)
{
	*w = (struct wplogin){ .cost = FIRST_COST };
	return wprecent_init(&w->recent);
}

/* Why there is no way in for a user that exists: only the log may tell. */
static void
log_refusal(struct view name, const char *why)
{
	struct log_line l;

	log_open(&l, LOG_WARN, "wordpress_login");
	log_view(&l, "user", name);
	log_str(&l, "refused", why);
	log_close(&l);
}

/* The same work for everybody; true when it is the password. */
static bool
check(struct wplogin *w, struct view hash, struct view password)
{
	unsigned cost = wphash_cost(hash);
	bool right = wphash_check(hash, password);

	if (cost != 0) {
		w->cost = cost;
	} else if (!right) {
		wphash_burn(w->cost, password);
	}
	return right;
}

struct auth_answer
wplogin_judge(struct wplogin *w, const struct wpuser *user, struct view name,
    struct view password, int64_t now)
{
	struct auth_answer wrong = { .result = AUTH_WRONG };
	struct view hash = { NULL, 0 };

	if (user != NULL) {
		hash = (struct view){ user->hash, user->hash_n };
		if (wphash_kind(hash) == WPHASH_UNKNOWN) {
			log_refusal(name, "unknown_hash");
		}
	}
	if (!wprecent_knows(&w->recent, name, password, hash, now)) {
		if (!check(w, hash, password)) {
			return wrong;
		}
		wprecent_add(&w->recent, name, password, hash, now);
	}
	if (user == NULL || user->rights == AUTH_NOTHING) {
		log_refusal(name, "no_rights");
		return wrong;
	}
	return (struct auth_answer){ .result = AUTH_OK,
		.rights = (uint8_t)user->rights };
}

/* --- the process -------------------------------------------------------------
 */

static struct auth_answer
decide(struct wplogin *w, struct wpusers *users, const struct auth_request *q)
{
	struct view name = { q->text, q->user_n };
	struct view password = { q->text + q->user_n, q->password_n };
	struct wpuser user;
	int r = wpusers_find(users, name, &user);

	if (r < 0 && r != -ENOENT) {
		return (struct auth_answer){ .result = AUTH_UNAVAILABLE };
	}
	return wplogin_judge(w, r == 0 ? &user : NULL, name, password,
	    clock_ms());
}

/* Until the authenticator ends.  Returns the exit status. */
static int
serve(struct wplogin *w, struct wpusers *users, int fd)
{
	for (;;) {
		struct auth_request q;
		struct auth_answer answer;
		ssize_t n = recv(fd, &q, sizeof(q), 0);

		if (n != (ssize_t)sizeof(q)) {
			return n == 0 ? 0 : 1;
		}
		answer = decide(w, users, &q);
		secret_wipe(&q, sizeof(q));
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0) {
			return errno == EPIPE ? 0 : 1;
		}
	}
}

static _Noreturn void
be_helper(const struct settings *settings, int fd)
{
	struct wplogin *w = calloc(1, sizeof(*w));
	struct wpusers *users = wpusers_new(settings);
	int status = 1;

	/* Not its own. */
	secret_wipe(settings->password, strlen(settings->password));
	/* A name server that does not answer must not cost a login more. */
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	if (w == NULL || users == NULL || wplogin_init(w) < 0
	    || sandbox_wplogin((uint16_t)settings->db_port) < 0) {
		log_say(LOG_ERROR, "role_failed", "wordpress logins");
	} else {
		status = serve(w, users, fd);
	}
	wpusers_free(users);
	free(w);
	_exit(status);
}

int
wplogin_start(const struct settings *settings, int foreign_fd, int *ret_fd)
{
	pid_t parent = getpid(), pid;
	int pair[2];

	if (!settings->wordpress_login) {
		*ret_fd = -1;
		return 0;
	}
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
		(void)close(foreign_fd);
		be_helper(settings, pair[1]);
	}
	(void)close(pair[1]);
	/* Its own alone. */
	secret_wipe(settings->db_password, strlen(settings->db_password));
	if (pid < 0) {
		(void)close(pair[0]);
		return -EAGAIN;
	}
	*ret_fd = pair[0];
	return 0;
}
