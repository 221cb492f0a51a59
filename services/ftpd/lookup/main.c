/*
 * ftpd-lookup: looks WordPress's users up (see auth/wplogin.h).
 *
 *	ftpd-lookup HOST PORT USER
 *
 * DB_PASSWORD_FILE is in its environment, and read here only.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "auth/wplogin.h"
#include "ftpd/sandbox.h"
#include "run/conf.h"
#include "run/log.h"
#include "run/part.h"
#include "run/program.h"
#include "wordpress/wpusers.h"

struct secrets {
	char *password;
};

static const struct conf_item items[] = { { .name = "DB_PASSWORD",
    .help = "the database user's password",
    .type = CONF_SECRET,
    .offset = offsetof(struct secrets, password) } };

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

static int
run(const struct wpusers_server *server)
{
	struct wpusers *users = wpusers_new(server);
	int status = 1;

	/* A name server that does not answer must not cost a login more. */
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:2", 0);
	if (users == NULL || sandbox_wplogin((uint16_t)server->port) < 0) {
		log_say(LOG_ERROR, "role_failed", "wordpress logins");
	} else {
		status = serve(users, PART_FD);
	}
	wpusers_free(users);
	return status;
}

int
main(int argc, char **argv)
{
	struct wpusers_server server = { .port = 0 };
	struct secrets secrets = { .password = NULL };
	int status = EXIT_USAGE;
	uint64_t port;

	if (!part_begin("ftpd", 1) || argc != 4
	    || view_u64(view_str(argv[2]), &port) < 0 || port > UINT16_MAX) {
		return EXIT_USAGE;
	}
	sandbox_opaque();
	if (program_load(items, ARRAY_LEN(items), &secrets, NULL) == 0) {
		server = (struct wpusers_server){ .host = argv[1],
			.port = (unsigned)port,
			.user = argv[3],
			.password = secrets.password };
		status = run(&server);
	}
	conf_done(items, ARRAY_LEN(items), &secrets);
	return status;
}
