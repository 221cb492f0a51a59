/*
 * Inside the authenticator (see auth.h): one thread that waits for nobody.
 *
 *	authenticator.c	the sessions that ask, and the process's life
 *	jobs.c	what cannot be answered at once: who is it, is it right?
 *	who.c	who it would be
 *
 * A request is answered at once when it is clear from what is known here.  Else
 * it becomes a job, which goes through at most two steps: WordPress's database
 * is asked who that is, then the hasher whether the password is right.
 */
#ifndef AUTH_AUTHENTICATOR_H
#define AUTH_AUTHENTICATOR_H

#include <poll.h>

#include "auth/auth.h"
#include "login/fairq.h"
#include "login/limits.h"
#include "login/recent.h"
#include "wordpress/wpusers.h"

struct peer {
	struct auth_intro intro;
	unsigned tries;
	bool waits; /* has a job */
};

/* Who it would be, if the password is right. */
struct candidate {
	bool exists;
	bool wordpress; /* its hash is of wphash.h */
	char hash[PWHASH_MAX + 1];
	uint8_t rights; /* 0: may not log in */
	uint8_t makes_folder;
	char folder[USERS_FOLDER_MAX + 1];
};

struct job {
	struct fairq_item item;
	int fd; /* of the session; -1: it has its answer, or is gone */
	uint32_t id;
	bool known; /* who it would be: else the database has to tell */
	bool refused; /* its account is throttled: hashed, but in vain */
	int64_t until;
	int64_t hashed_at; /* when its hashing began */
	struct auth_request request;
	struct candidate who;
};

/* fds[FIRST + i] is peers[i]. */
enum { LIFE, LISTENER, LOOKUP, HASHER, FIRST };

struct authenticator {
	const struct auth_conf *conf;
	struct users users;
	struct recent recent;
	struct limits limits;
	struct fairq jobs; /* of struct job */
	uint32_t last_id;
	unsigned cost; /* of WordPress's bcrypt, as last seen */
	int64_t hash_ms; /* what a hash takes, lately */
	struct pollfd *fds;
	struct peer *peers;
	size_t n;
	size_t most;
};

static inline struct view
auth_name(const struct auth_request *q)
{
	return (struct view){ q->text, q->user_n };
}

static inline struct view
auth_password(const struct auth_request *q)
{
	return (struct view){ q->text + q->user_n, q->password_n };
}

/* --- authenticator.c ------------------------------------------------------ */

struct peer *authenticator_peer(const struct authenticator *a, int fd);

/* What that session tries, for limits.h. */
struct limits_try authenticator_try(const struct authenticator *a, int fd,
    uint64_t account, bool exists);

/* Answers a session, and lets it go if that was its last try. */
void authenticator_conclude(struct authenticator *a, int fd, uint64_t account,
    bool exists, const struct auth_answer *answer);

/* --- who.c ---------------------------------------------------------------- */

/* Who is it?  False when only the database can tell. */
bool who_is(const struct authenticator *a, struct view name,
    struct candidate *ret);
/* As the database says; NULL: nobody. */
void who_in_wordpress(struct authenticator *a, struct view name,
    const struct wpuser *user, struct candidate *ret);
/* Why there is no way in for a user that exists: only the log may tell. */
void who_refused(struct view name, const char *why);
/* Was this login right a while ago? */
bool who_is_remembered(const struct authenticator *a,
    const struct auth_request *q, const struct candidate *who);
/* What a session is told that may log in. */
struct auth_answer who_answer(const struct candidate *who);

/* --- jobs.c --------------------------------------------------------------- */

/* Makes the request of that session a job; false when there is no room. */
bool jobs_add(struct authenticator *a, int fd, uint64_t account,
    const struct auth_request *q);
/* That session is gone. */
void jobs_forget(struct authenticator *a, int fd);
/* Take an answer.  False when that process is gone. */
bool jobs_take_lookup(struct authenticator *a);
bool jobs_take_hash(struct authenticator *a);
/* Give these processes what they have time for; false as above. */
bool jobs_give(struct authenticator *a);
/* Tells who has waited for too long. */
void jobs_expire(struct authenticator *a);
/* Milliseconds until somebody has; -1: nobody waits. */
int jobs_patience(const struct authenticator *a);
void jobs_done(struct authenticator *a);

#endif
