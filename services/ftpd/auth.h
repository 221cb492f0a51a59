/*
 * Logins.  The authenticator is a process of its own: it alone knows the
 * user's password and who failed how often.  All other names it has looked at
 * by its helper (wplogin.h), if WordPress's users may log in: one after the
 * other, and never so many that somebody waits for long.  What it takes in:
 *
 *	from the listener: a socket for a new session, and its address;
 *	from a session, over that socket: a name and a password, at most
 *	AUTH_TRIES times, answered by one struct auth_answer.
 *
 * Messages are packets (SOCK_SEQPACKET); any other one ends that session's
 * socket.  The time of an answer depends on the length of what was sent, not
 * on whether the name exists; that the user's own name does not wait for the
 * helper is hidden by the second that a wrong login takes in any case.
 */
#ifndef FTPD_AUTH_H
#define FTPD_AUTH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"
#include "ftpd/settings.h"

#define AUTH_TRIES 3

enum auth_result {
	AUTH_OK,
	AUTH_WRONG,
	AUTH_THROTTLED, /* not looked at: too many were wrong */
	AUTH_UNAVAILABLE, /* not looked at: no database, or too busy */
};

/* What a user may do; more is greater. */
enum auth_rights {
	AUTH_NOTHING,
	AUTH_UPLOADS, /* wp-content/uploads, and nothing else */
	AUTH_SITE, /* the whole root */
};

struct auth_request {
	uint16_t user_n;
	uint16_t password_n;
	char text[SETTINGS_USER_MAX + SETTINGS_PASSWORD_MAX];
};

struct auth_answer {
	uint8_t result; /* enum auth_result */
	uint8_t rights; /* enum auth_rights; for AUTH_OK */
};

/* How the listener introduces a session. */
struct auth_intro {
	struct in6_addr party;
	uint8_t exempt; /* never throttled: others hide behind the address */
};

/* The listener's side: hands `session_fd` over.  0, or -errno. */
NODISCARD int auth_introduce(int fd, int session_fd,
    const struct auth_intro *intro);

/*
 * The session's side.  0 with *ret, or -errno when there is no answer before
 * the deadline.  What is too long is simply wrong.
 */
NODISCARD int auth_ask(int fd, struct view user, struct view password,
    int64_t deadline, struct auth_answer *ret);

/* Is this the user of the settings?  Same work for every answer. */
bool auth_matches(const struct settings *settings, struct view user,
    struct view password);

/*
 * The authenticator's life: serves until `life_fd` ends.  `helper_fd` leads to
 * the helper; -1: there is none.  Returns the exit status.
 */
int auth_run(const struct settings *settings, int listener_fd, int life_fd,
    int helper_fd);

#endif
