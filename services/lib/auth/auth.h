/*
 * Logins for a daemon that has a process for each session.  The authenticator
 * is a process of its own: it alone knows the password of the settings' user,
 * the hashes of the users file, and who failed how often.  What takes time it
 * has done by others: hashing (login/hasher.h), and looking up WordPress's
 * users (wplogin.h).  What it takes in:
 *
 *	from the listener: a socket for a new session, and its address; and the
 *	users file, open, at the start and whenever it has changed;
 *	from a session, over that socket: a name and a password, at most
 *	AUTH_TRIES times, answered by one struct auth_answer.
 *
 * To the listener it tells who has logged in and who is to be banned.  Messages
 * are packets (SOCK_SEQPACKET); any other one ends that session's socket.
 *
 * Neither the answer nor its time tells whether a name exists: what is wrong
 * was hashed in any case, also what is refused because its account was guessed
 * too often, and is answered by the session a second after it was asked.
 *
 * Requests wait in one queue, which serves all addresses in turn, and of each
 * address all accounts in turn.  Nobody may fill more of it than can be hashed
 * in half of the time that a session waits: two hundred guesses at once keep
 * no other address from logging in, wherever they come from, and whoever is
 * let into the queue gets his answer.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"
#include "login/users.h"

#define AUTH_TRIES 3

struct auth_conf {
	/* The one user of the settings. */
	const char *user;
	const char *password;
	uint64_t max_sessions;
	uint64_t ban_failures; /* after which an address is banned; 0: never */
};

enum auth_result {
	AUTH_OK,
	AUTH_WRONG,
	AUTH_THROTTLED, /* not looked at: too many were wrong */
	AUTH_UNAVAILABLE, /* not looked at: no database, or too busy */
};

struct auth_request {
	uint16_t user_n;
	uint16_t password_n;
	char text[USERS_NAME_MAX + PWHASH_PASSWORD_MAX];
};

/* Where an account comes from: a name may be in several places. */
enum auth_source { AUTH_SETTINGS, AUTH_FILE, AUTH_WORDPRESS };

struct auth_answer {
	uint8_t result; /* enum auth_result; for AUTH_OK: */
	uint8_t source; /* enum auth_source */
	uint8_t rights; /* USERS_READ and so on */
	uint8_t makes_folder; /* the last name of `folder`, if it is missing */
	char folder[USERS_FOLDER_MAX + 1]; /* as in struct user */
};

/* --- with the listener ---------------------------------------------------- */

/* How the listener introduces a session. */
struct auth_intro {
	struct in6_addr party;
	uint32_t session; /* its number */
	uint8_t exempt; /* no address of one client: others hide behind it */
	uint8_t is_users; /* no session: the users file */
};

/* Hands `session_fd` over.  0, or -errno. */
NODISCARD int auth_introduce(int fd, int session_fd,
    const struct auth_intro *intro);

/* Hands the users file over, open for reading.  0, or -errno. */
NODISCARD int auth_give_users(int fd, int users_fd);

/*
 * The authenticator's side: what comes with the introduction, a session's
 * socket or the users file; -1 when there is nothing good.
 */
int auth_receive_intro(int fd, struct auth_intro *ret);

enum auth_news_kind { AUTH_LOGGED_IN, AUTH_BANNED };

struct auth_news {
	uint8_t kind; /* enum auth_news_kind */
	uint32_t session; /* AUTH_LOGGED_IN: which one */
	struct in6_addr party; /* AUTH_BANNED: who */
};

/* The next piece of news; false when there is none. */
bool auth_news(int fd, struct auth_news *ret);

/* --- with a session ------------------------------------------------------- */

/*
 * 0 with *ret, or -errno when there is no answer before the deadline.  What is
 * too long is simply wrong.
 */
NODISCARD int auth_ask(int fd, struct view user, struct view password,
    int64_t deadline, struct auth_answer *ret);

/* --- the authenticator ---------------------------------------------------- */

/* Is this the user of the settings?  Same work for every answer. */
bool auth_matches(const struct auth_conf *conf, struct view user,
    struct view password);

/*
 * The authenticator's life: serves until `life_fd` ends.  `lookup_fd` leads to
 * the process of wplogin.h, `hasher_fd` to that of hasher.h; -1: there is none
 * (without a hasher there is only the user of the settings).  Returns the exit
 * status.
 */
int auth_run(const struct auth_conf *conf, int listener_fd, int life_fd,
    int lookup_fd, int hasher_fd);

#endif
