/*
 * The authenticator's process (see auth.h): one thread that waits for nobody.
 *
 * A request is answered at once when it is clear from what is known here.  Else
 * it becomes a job, which goes through at most two steps: WordPress's database
 * is asked who that is, then the hasher whether the password is right.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/secret.h"
#include "ftpd/auth.h"
#include "ftpd/wplogin.h"
#include "login/hasher.h"
#include "login/recent.h"
#include "login/throttle.h"
#include "run/addr.h"
#include "run/clock.h"
#include "run/log.h"

#define JOBS 64
/* Of one party, so that it leaves room for others. */
#define JOBS_SHARE 48
/* Below the time that a session waits for its answer. */
#define JOB_MS 8000
/* What one hash takes, until it has been seen. */
#define HASH_MS 50
/*
 * An account that is guessed from behind a gateway: no address can be blamed,
 * and its owner may come from there, too.
 */
#define ACCOUNT_LONGEST_MS (60 * 1000)
/* An account that is guessed from many addresses. */
#define EVERYWHERE_FREE 100
/* Logins of which is remembered from which address they came. */
#define KNOWN_MOST 64
/* PHP's default until 8.4, which made it 12. */
#define WORDPRESS_COST 10
#define WORDPRESS_UPLOADS "wp-content/uploads"
#define FAULTS_MAX 32768

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

enum step { TO_LOOK_UP, LOOKING_UP, TO_HASH, HASHING };

struct job {
	int fd; /* of the session; -1: it has its answer, or is gone */
	uint32_t id;
	enum step step;
	bool refused; /* its account is throttled: hashed, but in vain */
	int64_t until;
	int64_t hashed_at; /* when its hashing began */
	uint64_t turn; /* see turn_of() */
	struct in6_addr
	    party; /* the address whose share of the queue it takes */
	uint64_t account;
	size_t before; /* jobs of its party for its account when it came */
	struct auth_request request;
	struct candidate who;
};

/* Somebody has logged in to that account from there. */
struct known {
	struct in6_addr party;
	uint64_t account;
};

/* fds[FIRST + i] is peers[i]. */
enum { LIFE, LISTENER, LOOKUP, HASHER, FIRST };

struct authenticator {
	const struct settings *settings;
	struct users users;
	struct recent recent;
	uint64_t seed; /* of accounts' numbers */
	unsigned cost; /* of WordPress's bcrypt, as last seen */
	int64_t hash_ms; /* what a hash takes, lately */
	struct throttle addresses;
	struct throttle accounts; /* guessed from behind the gateway */
	struct throttle everywhere; /* accounts, guessed from all addresses */
	struct known known[KNOWN_MOST];
	size_t known_next;
	struct job *jobs; /* the oldest first */
	size_t job_count;
	uint32_t last_id;
	uint64_t turn; /* of the last job that was hashed */
	struct pollfd *fds;
	struct peer *peers;
	size_t n;
	size_t most;
};

static struct view
name_of(const struct auth_request *q)
{
	return (struct view){ q->text, q->user_n };
}

static struct view
password_of(const struct auth_request *q)
{
	return (struct view){ q->text + q->user_n, q->password_n };
}

bool
auth_matches(const struct settings *settings, struct view user,
    struct view password)
{
	/* Both are always looked at: `&`, not `&&`. */
	return (int)secret_eq(view_str(settings->user), user)
	    & (int)secret_eq(view_str(settings->password), password);
}

/* --- who may try -------------------------------------------------------------
 */

/* A number for a name, its letters' case aside; nobody else can tell it. */
static uint64_t
account_of(const struct authenticator *a, struct view name)
{
	uint64_t hash = a->seed;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c >= 'A' && c <= 'Z') {
			/* The bit in which letters differ by their case. */
			c |= 0x20;
		}
		hash = hash_more(hash, (struct view){ &c, 1 });
	}
	return hash;
}

/* An account in the place of an address. */
static struct in6_addr
account_party(uint64_t account)
{
	struct in6_addr party = { .s6_addr = { 0 } };

	memcpy(party.s6_addr, &account, sizeof(account));
	return party;
}

static void
tell(struct authenticator *a, const struct auth_news *news)
{
	/* A listener that is slow to read loses some: it can live with that. */
	(void)send(a->fds[LISTENER].fd, news, sizeof(*news),
	    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
ban_if_due(struct authenticator *a, const struct peer *peer)
{
	const struct in6_addr *party = &peer->intro.party;

	if (throttle_struck_out(&a->addresses, party,
		a->settings->ban_failures)) {
		tell(a,
		    &(struct auth_news){ .kind = AUTH_BANNED,
			.party = *party });
	}
}

static bool
is_known(const struct authenticator *a, const struct in6_addr *party,
    uint64_t account)
{
	for (size_t i = 0; i < KNOWN_MOST; i++) {
		if (a->known[i].account == account
		    && addr_eq(&a->known[i].party, party)) {
			return true;
		}
	}
	return false;
}

static void
make_known(struct authenticator *a, const struct in6_addr *party,
    uint64_t account)
{
	if (!is_known(a, party, account)) {
		a->known[a->known_next] = (struct known){ .party = *party,
			.account = account };
		a->known_next = (a->known_next + 1) % KNOWN_MOST;
	}
}

static bool
address_may_try(const struct authenticator *a, const struct peer *peer)
{
	return peer->intro.exempt != 0
	    || throttle_allows(&a->addresses, &peer->intro.party, clock_ms());
}

/*
 * An account has limits of its own: a strict one for those behind a gateway,
 * and one for all addresses together that a hundred guesses reach, which does
 * not keep its owner out where he has logged in before.  Only accounts that
 * exist are counted, so that made-up names cannot push them out of the tables.
 */
static bool
account_may_try(const struct authenticator *a, const struct peer *peer,
    struct view name, bool exists)
{
	uint64_t account = account_of(a, name);
	struct in6_addr party = account_party(account);
	int64_t now = clock_ms();

	if (!exists) {
		return true;
	}
	if (peer->intro.exempt != 0
	    && !throttle_allows(&a->accounts, &party, now)) {
		return false;
	}
	return is_known(a, &peer->intro.party, account)
	    || throttle_allows(&a->everywhere, &party, now);
}

/* Counts an answer for the account's sake. */
static void
count_account(struct authenticator *a, const struct peer *peer,
    uint64_t account, enum auth_result result)
{
	struct in6_addr party = account_party(account);
	bool behind = peer->intro.exempt != 0;
	int64_t now = clock_ms();

	if (result == AUTH_OK) {
		make_known(a, &peer->intro.party, account);
	}
	if (result == AUTH_OK && behind) {
		throttle_succeeded(&a->accounts, &party, account);
	}
	if (result == AUTH_WRONG) {
		throttle_failed(&a->everywhere, &party, account, now);
	}
	if (result == AUTH_WRONG && behind) {
		throttle_failed(&a->accounts, &party, account, now);
	}
}

/* The same for the address's, if it is one client's. */
static void
count_address(struct authenticator *a, const struct peer *peer,
    uint64_t account, enum auth_result result)
{
	const struct in6_addr *party = &peer->intro.party;

	if (result == AUTH_OK) {
		throttle_succeeded(&a->addresses, party, account);
	} else if (result == AUTH_WRONG) {
		throttle_failed(&a->addresses, party, account, clock_ms());
	} else if (result == AUTH_THROTTLED) {
		throttle_refused(&a->addresses, party);
	}
	ban_if_due(a, peer);
}

static void
count(struct authenticator *a, const struct peer *peer, struct view name,
    bool exists, enum auth_result result)
{
	uint64_t account = account_of(a, name);

	if (exists) {
		count_account(a, peer, account, result);
	}
	if (peer->intro.exempt == 0) {
		count_address(a, peer, account, result);
	}
}

/* --- jobs --------------------------------------------------------------------
 */

static bool
in_progress(const struct job *job)
{
	return job->step == LOOKING_UP || job->step == HASHING;
}

static void
remove_job(struct authenticator *a, size_t i)
{
	a->job_count--;
	memmove(&a->jobs[i], &a->jobs[i + 1],
	    (a->job_count - i) * sizeof(a->jobs[0]));
	secret_wipe(&a->jobs[a->job_count], sizeof(a->jobs[0]));
}

/* It needs no answer any more; what others have stays until they are done. */
static void
forget(struct authenticator *a, size_t i)
{
	a->jobs[i].fd = -1;
	if (!in_progress(&a->jobs[i])) {
		remove_job(a, i);
	}
}

/* The job with that number in that step, or NULL. */
static struct job *
job_by(const struct authenticator *a, uint32_t id, enum step step)
{
	for (size_t i = 0; i < a->job_count; i++) {
		if (a->jobs[i].id == id && a->jobs[i].step == step) {
			return &a->jobs[i];
		}
	}
	return NULL;
}

static size_t
hashing(const struct authenticator *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->job_count; i++) {
		n += a->jobs[i].step == HASHING;
	}
	return n;
}

/* Is it of that party, and for that account, if one is given? */
static bool
is_of(const struct job *job, const struct in6_addr *party,
    const uint64_t *account)
{
	return addr_eq(&job->party, party)
	    && (account == NULL || job->account == *account);
}

static size_t
share_of(const struct authenticator *a, const struct in6_addr *party,
    const uint64_t *account)
{
	size_t n = 0;

	for (size_t i = 0; i < a->job_count; i++) {
		n += is_of(&a->jobs[i], party, account);
	}
	return n;
}

/*
 * How many one party may have: at most what can be hashed before the last one
 * has waited for too long, with half of the time for other parties.
 */
static size_t
most_of_party(const struct authenticator *a)
{
	int64_t ms = a->hash_ms > 0 ? a->hash_ms : 1;
	int64_t n = (int64_t)hasher_threads() * (JOB_MS / 2) / ms;

	return n > JOBS_SHARE ? JOBS_SHARE : n < 1 ? 1 : (size_t)n;
}

/*
 * The next one to hash.  The party with the lowest turn is next; of its jobs
 * the one with fewest before it for the same account, and of these the oldest,
 * which takes that turn.  JOBS when there is none.
 */
static size_t
next_to_hash(const struct authenticator *a)
{
	size_t next = JOBS, best = JOBS;
	uint64_t turn;

	for (size_t i = 0; i < a->job_count; i++) {
		if (a->jobs[i].step == TO_HASH
		    && (next == JOBS || a->jobs[i].turn < a->jobs[next].turn)) {
			next = i;
		}
	}
	for (size_t i = 0; next < JOBS && i < a->job_count; i++) {
		if (a->jobs[i].step == TO_HASH
		    && is_of(&a->jobs[i], &a->jobs[next].party, NULL)
		    && (best == JOBS
			|| a->jobs[i].before < a->jobs[best].before)) {
			best = i;
		}
	}
	if (best < JOBS) {
		turn = a->jobs[next].turn;
		a->jobs[next].turn = a->jobs[best].turn;
		a->jobs[best].turn = turn;
	}
	return best;
}

/*
 * The turn of a new job: all parties get theirs one after the other, whatever
 * number of jobs they have (start-time fair queueing).
 */
static uint64_t
turn_of(const struct authenticator *a, const struct in6_addr *party)
{
	uint64_t turn = a->turn;

	for (size_t i = 0; i < a->job_count; i++) {
		if (a->jobs[i].turn >= turn
		    && is_of(&a->jobs[i], party, NULL)) {
			turn = a->jobs[i].turn + 1;
		}
	}
	return turn;
}

/* --- the sessions ------------------------------------------------------------
 */

static size_t
index_of(const struct authenticator *a, int fd)
{
	size_t i = 0;

	while (i < a->n && a->fds[FIRST + i].fd != fd) {
		i++;
	}
	return i;
}

static void
remove_peer(struct authenticator *a, size_t i)
{
	size_t last = a->n - 1;
	int fd = a->fds[FIRST + i].fd;

	for (size_t j = a->job_count; j > 0; j--) {
		if (a->jobs[j - 1].fd == fd) {
			forget(a, j - 1);
		}
	}
	(void)close(fd);
	a->fds[FIRST + i] = a->fds[FIRST + last];
	a->peers[i] = a->peers[last];
	a->n = last;
}

/* Answers a session, and lets it go if that was its last try. */
static void
conclude(struct authenticator *a, size_t i, struct view name, bool exists,
    const struct auth_answer *answer)
{
	struct peer *peer = &a->peers[i];

	count(a, peer, name, exists, (enum auth_result)answer->result);
	peer->waits = false;
	peer->tries++;
	if (answer->result == AUTH_OK) {
		tell(a,
		    &(struct auth_news){ .kind = AUTH_LOGGED_IN,
			.session = peer->intro.session });
	}
	if (send(a->fds[FIRST + i].fd, answer, sizeof(*answer),
		MSG_NOSIGNAL | MSG_DONTWAIT)
		!= (ssize_t)sizeof(*answer)
	    || answer->result == AUTH_OK || peer->tries >= AUTH_TRIES) {
		remove_peer(a, i);
	}
}

/* What a session is told that may log in. */
static void
tell_who(const struct candidate *who, struct auth_answer *ret)
{
	ret->result = AUTH_OK;
	ret->source = who->wordpress ? AUTH_WORDPRESS : AUTH_FILE;
	ret->rights = who->rights;
	ret->makes_folder = who->makes_folder;
	memcpy(ret->folder, who->folder, sizeof(ret->folder));
}

/* Ends a job that is not in progress any more. */
static void
finish(struct authenticator *a, struct job *job, enum auth_result result)
{
	struct auth_answer answer = { .result = (uint8_t)result };
	size_t peer = index_of(a, job->fd);

	if (result == AUTH_OK) {
		tell_who(&job->who, &answer);
	}
	if (job->fd >= 0) {
		struct auth_request q = job->request;
		bool exists = job->who.exists;

		remove_job(a, (size_t)(job - a->jobs));
		conclude(a, peer, name_of(&q), exists, &answer);
		secret_wipe(&q, sizeof(q));
	} else {
		remove_job(a, (size_t)(job - a->jobs));
	}
}

/*
 * In a full queue, whoever has two more than a new one's party gives way: of
 * the greatest party the newest that nobody works at.  JOBS when there is none.
 */
static size_t
one_to_give_way(const struct authenticator *a, size_t share)
{
	size_t most = share + 2, newest = JOBS;

	for (size_t i = 0; i < a->job_count; i++) {
		size_t n = share_of(a, &a->jobs[i].party, NULL);

		if (!in_progress(&a->jobs[i]) && n >= most) {
			newest = i;
			most = n;
		}
	}
	return newest;
}

/* The same within a party that has its share, by accounts. */
static size_t
account_to_give_way(const struct authenticator *a, const struct in6_addr *party,
    uint64_t account)
{
	size_t most = share_of(a, party, &account) + 2, newest = JOBS;

	for (size_t i = 0; i < a->job_count; i++) {
		const struct job *job = &a->jobs[i];
		size_t n = share_of(a, party, &job->account);

		if (is_of(job, party, NULL) && !in_progress(job) && n >= most) {
			newest = i;
			most = n;
		}
	}
	return newest;
}

/* Is there room for one more of that party, for that account? */
static bool
make_room(struct authenticator *a, const struct in6_addr *party,
    uint64_t account)
{
	size_t share = share_of(a, party, NULL);
	size_t i;

	if (share >= most_of_party(a)) {
		i = account_to_give_way(a, party, account);
	} else if (a->job_count == JOBS) {
		i = one_to_give_way(a, share);
	} else {
		return true;
	}
	if (i < JOBS) {
		finish(a, &a->jobs[i], AUTH_UNAVAILABLE);
	}
	return i < JOBS;
}

/* A new job of that session's; NULL when there is no room. */
static struct job *
add_job(struct authenticator *a, int fd, const struct auth_request *q)
{
	size_t peer = index_of(a, fd);
	struct in6_addr party = a->peers[peer].intro.party;
	uint64_t account = account_of(a, name_of(q));
	struct job *job;

	if (!make_room(a, &party, account)) {
		return NULL;
	}
	/* Others may have gone meanwhile. */
	peer = index_of(a, fd);
	job = &a->jobs[a->job_count];
	*job = (struct job){ .fd = fd,
		.id = ++a->last_id,
		.until = clock_ms() + JOB_MS,
		.turn = turn_of(a, &party),
		.party = party,
		.account = account,
		.before = share_of(a, &party, &account),
		.request = *q };
	a->job_count++;
	a->peers[peer].waits = true;
	return job;
}

/* --- who is it? --------------------------------------------------------------
 */

static void
candidate_of_file(const struct user *user, struct candidate *ret)
{
	*ret = (struct candidate){ .exists = true, .rights = user->rights };
	memcpy(ret->hash, user->hash, sizeof(user->hash));
	memcpy(ret->folder, user->folder, sizeof(user->folder));
}

/*
 * Nobody, but as slow as somebody: like WordPress's users if there may be any,
 * else like the users of the file.
 */
static void
candidate_of_nobody(const struct authenticator *a, struct candidate *ret)
{
	*ret = (struct candidate){ .wordpress = a->fds[LOOKUP].fd >= 0 };
	if (ret->wordpress) {
		wphash_dummy(a->cost, ret->hash);
	} else {
		pwhash_dummy(view_str(
				 a->users.n > 0 ? a->users.each[0].hash : ""),
		    ret->hash);
	}
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

static void
candidate_of_wordpress(struct authenticator *a, struct view name,
    const struct wpuser *user, struct candidate *ret)
{
	struct view hash = { user->hash, user->hash_n };
	unsigned cost;

	if (hash.n > sizeof(user->hash)
	    || wphash_kind(hash) == WPHASH_UNKNOWN) {
		log_refusal(name, "unknown_hash");
		candidate_of_nobody(a, ret);
		return;
	}
	cost = wphash_cost(hash);
	a->cost = cost == 0 ? a->cost : cost;
	*ret = (struct candidate){ .exists = true, .wordpress = true };
	memcpy(ret->hash, hash.p, hash.n);
	if (user->access == WPROLES_UPLOADS) {
		ret->makes_folder = 1;
		memcpy(ret->folder, WORDPRESS_UPLOADS,
		    sizeof(WORDPRESS_UPLOADS));
	}
	ret->rights = user->access == WPROLES_NOTHING ? 0 : USERS_ALL;
}

/* --- the steps ---------------------------------------------------------------
 */

/* Was this login right a while ago? */
static bool
remembers(const struct authenticator *a, const struct auth_request *q,
    const struct candidate *who)
{
	return who->exists && who->rights != 0
	    && recent_knows(&a->recent, name_of(q), password_of(q),
		view_str(who->hash), clock_ms());
}

/*
 * May it go on?  What is refused for its account's sake goes on all the same,
 * for nothing: else its time would tell that the account exists.
 */
static bool
still_allowed(struct authenticator *a, struct job *job)
{
	const struct peer *peer = &a->peers[index_of(a, job->fd)];

	if (!account_may_try(a, peer, name_of(&job->request),
		job->who.exists)) {
		job->refused = true;
	}
	return address_may_try(a, peer);
}

/* It is known who it would be: is it clear already?  Else it has to wait. */
static void
step_to_hash(struct authenticator *a, struct job *job)
{
	job->step = TO_HASH;
	if (job->fd < 0) {
		remove_job(a, (size_t)(job - a->jobs));
	} else if (!still_allowed(a, job)) {
		finish(a, job, AUTH_THROTTLED);
	} else if (!job->refused && remembers(a, &job->request, &job->who)) {
		finish(a, job, AUTH_OK);
	}
}

static void
step_after_hash(struct authenticator *a, struct job *job, bool right)
{
	const struct candidate *who = &job->who;
	struct view name = name_of(&job->request);

	if (job->refused) {
		finish(a, job, AUTH_THROTTLED);
		return;
	}
	if (!right || !who->exists) {
		finish(a, job, AUTH_WRONG);
		return;
	}
	if (who->rights == 0) {
		log_refusal(name, "no_rights");
		finish(a, job, AUTH_WRONG);
		return;
	}
	recent_add(&a->recent, name, password_of(&job->request),
	    view_str(who->hash), clock_ms());
	finish(a, job, AUTH_OK);
}

/* Takes an answer about who it is.  False when that process is gone. */
static bool
take_lookup(struct authenticator *a)
{
	struct wplogin_answer answer;
	ssize_t n = recv(a->fds[LOOKUP].fd, &answer, sizeof(answer),
	    MSG_DONTWAIT);
	struct job *job;

	if (n != (ssize_t)sizeof(answer)) {
		return n < 0 && errno == EAGAIN;
	}
	job = job_by(a, answer.id, LOOKING_UP);
	if (job == NULL) {
		return false;
	}
	job->step = TO_HASH;
	if (answer.result == 0) {
		candidate_of_wordpress(a, name_of(&job->request), &answer.user,
		    &job->who);
		step_to_hash(a, job);
	} else if (answer.result == -ENOENT) {
		candidate_of_nobody(a, &job->who);
		step_to_hash(a, job);
	} else {
		finish(a, job, AUTH_UNAVAILABLE);
	}
	return true;
}

static bool
take_hash(struct authenticator *a)
{
	struct hash_answer answer;
	ssize_t n = recv(a->fds[HASHER].fd, &answer, sizeof(answer),
	    MSG_DONTWAIT);
	struct job *job;

	if (n != (ssize_t)sizeof(answer)) {
		return n < 0 && errno == EAGAIN;
	}
	job = job_by(a, answer.id, HASHING);
	if (job == NULL) {
		return false;
	}
	a->hash_ms += (clock_ms() - job->hashed_at - a->hash_ms) / 4;
	job->step = TO_HASH;
	step_after_hash(a, job, answer.right == 1);
	return true;
}

/* One at a time: the database is quick, and names wait in order. */
static bool
give_lookups(struct authenticator *a)
{
	struct wplogin_request q = { .id = 0 };

	for (size_t i = 0; i < a->job_count; i++) {
		struct job *job = &a->jobs[i];

		if (job->step == LOOKING_UP) {
			return true;
		}
		if (job->step != TO_LOOK_UP) {
			continue;
		}
		q.id = job->id;
		q.name_n = (uint8_t)job->request.user_n;
		memcpy(q.name, job->request.text, job->request.user_n);
		job->step = LOOKING_UP;
		return send(a->fds[LOOKUP].fd, &q, sizeof(q),
			   MSG_NOSIGNAL | MSG_DONTWAIT)
		    == (ssize_t)sizeof(q);
	}
	return true;
}

static bool
give_hash(struct authenticator *a, struct job *job)
{
	struct view password = password_of(&job->request);
	struct hash_request q = { .id = job->id,
		.hash_n = (uint8_t)strlen(job->who.hash),
		.wordpress = job->who.wordpress,
		.password_n = (uint16_t)password.n };
	ssize_t n;

	memcpy(q.hash, job->who.hash, q.hash_n);
	memcpy(q.password, password.p, password.n);
	n = send(a->fds[HASHER].fd, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT);
	secret_wipe(&q, sizeof(q));
	job->step = HASHING;
	job->hashed_at = clock_ms();
	a->turn = job->turn;
	return n == (ssize_t)sizeof(q);
}

static bool
give_hashes(struct authenticator *a)
{
	size_t i = next_to_hash(a);

	while (i < JOBS && hashing(a) < hasher_threads()) {
		struct job *job = &a->jobs[i];

		/* Meanwhile others of the same party may have failed. */
		if (!still_allowed(a, job)) {
			finish(a, job, AUTH_THROTTLED);
		} else if (!give_hash(a, job)) {
			return false;
		}
		i = next_to_hash(a);
	}
	return true;
}

/* --- requests ----------------------------------------------------------------
 */

/* Who is it?  False when only the database can tell. */
static bool
identify(const struct authenticator *a, struct view name, struct candidate *ret)
{
	const struct user *user = users_find(&a->users, name);

	if (secret_eq(view_str(a->settings->user), name)) {
		/* Its password was wrong; but it takes as long as any. */
		candidate_of_nobody(a, ret);
		ret->exists = true;
	} else if (user != NULL) {
		candidate_of_file(user, ret);
	} else if (a->fds[LOOKUP].fd >= 0) {
		return false;
	} else {
		candidate_of_nobody(a, ret);
	}
	return true;
}

/*
 * Who is remembered needs no place in the queue, so that nobody who fills it
 * keeps that user out.  Only for the users file: what WordPress's hash is, the
 * database has to tell.
 */
static bool
needs_no_place(const struct authenticator *a, const struct peer *peer,
    const struct auth_request *q, struct candidate *ret)
{
	struct view name = name_of(q);

	return identify(a, name, ret) && account_may_try(a, peer, name, true)
	    && remembers(a, q, ret);
}

/* Answers a request now, or makes it a job. */
static void
decide(struct authenticator *a, size_t i, const struct auth_request *q)
{
	struct view name = name_of(q);
	struct auth_answer answer = { .result = AUTH_WRONG };
	bool own = secret_eq(view_str(a->settings->user), name);
	bool right = auth_matches(a->settings, name, password_of(q));
	bool allowed = account_may_try(a, &a->peers[i], name, own);
	bool hashes = a->fds[HASHER].fd >= 0;
	bool exists = own;
	struct candidate who;
	struct job *job;

	if (!address_may_try(a, &a->peers[i]) || (!allowed && !hashes)) {
		answer.result = AUTH_THROTTLED;
	} else if (allowed && right) {
		answer.result = AUTH_OK;
		answer.source = AUTH_SETTINGS;
		answer.rights = USERS_ALL;
	} else if (hashes && needs_no_place(a, &a->peers[i], q, &who)) {
		exists = true;
		tell_who(&who, &answer);
	} else if (hashes) {
		int fd = a->fds[FIRST + i].fd;

		job = add_job(a, fd, q);
		i = index_of(a, fd);
		if (job != NULL) {
			if (identify(a, name, &job->who)) {
				step_to_hash(a, job);
			}
			return;
		}
		answer.result = AUTH_UNAVAILABLE;
	}
	conclude(a, i, name, exists, &answer);
}

/* A session has said something, or is gone. */
static void
serve(struct authenticator *a, size_t i)
{
	struct auth_request q;
	ssize_t n = recv(a->fds[FIRST + i].fd, &q, sizeof(q), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	if (n != (ssize_t)sizeof(q) || q.user_n > SETTINGS_USER_MAX
	    || q.password_n > SETTINGS_PASSWORD_MAX || a->peers[i].waits) {
		remove_peer(a, i);
		return;
	}
	decide(a, i, &q);
	secret_wipe(&q, sizeof(q));
}

/* --- the users file ----------------------------------------------------------
 */

static void
log_faults(struct buf *faults)
{
	struct view rest = buf_view(faults);

	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');
		struct log_line l;

		log_open(&l, LOG_ERROR, "bad_users_file");
		log_view(&l, "fault", line);
		log_close(&l);
	}
}

/* A file with faults changes nothing. */
static void
load_users(struct authenticator *a, int fd)
{
	struct users users;
	struct buf faults;
	int r;

	buf_init(&faults, FAULTS_MAX);
	r = users_read(fd, view_str(a->settings->user), &users, &faults);
	if (r == 0) {
		users_done(&a->users);
		a->users = users;
		log_say(LOG_INFO, "users_loaded", "%u users",
		    (unsigned)users.n);
	} else {
		log_faults(&faults);
		log_say(LOG_ERROR, "users_kept",
		    "the users file has faults; the %u users from before stay",
		    (unsigned)a->users.n);
	}
	buf_done(&faults);
	(void)close(fd);
}

/* A new session, or the users file. */
static void
take_intro(struct authenticator *a)
{
	struct auth_intro intro;
	int fd = auth_receive_intro(a->fds[LISTENER].fd, &intro);

	if (fd < 0) {
		return;
	}
	if (intro.is_users != 0) {
		load_users(a, fd);
		return;
	}
	if (a->n == a->most) {
		(void)close(fd);
		return;
	}
	a->fds[FIRST + a->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	a->peers[a->n] = (struct peer){ .intro = intro };
	a->n++;
}

/* --- all of it ---------------------------------------------------------------
 */

/* Who has waited for too long is told so. */
static void
expire(struct authenticator *a)
{
	int64_t now = clock_ms();

	for (size_t i = a->job_count; i > 0; i--) {
		struct job *job = &a->jobs[i - 1];
		struct auth_answer answer = { .result = AUTH_UNAVAILABLE };
		int fd = job->fd;

		if (fd >= 0 && job->until <= now) {
			forget(a, i - 1);
			conclude(a, index_of(a, fd), VIEW(""), false, &answer);
		}
	}
}

/* Milliseconds until somebody has waited for too long; -1: nobody waits. */
static int
patience(const struct authenticator *a)
{
	int ms = -1;

	for (size_t i = 0; i < a->job_count; i++) {
		int left = clock_left(a->jobs[i].until);

		if (a->jobs[i].fd >= 0 && (ms < 0 || left < ms)) {
			ms = left;
		}
	}
	return ms;
}

/* False when a process is gone that is needed. */
static bool
turn(struct authenticator *a)
{
	bool good = (a->fds[LOOKUP].revents == 0 || take_lookup(a))
	    && (a->fds[HASHER].revents == 0 || take_hash(a));

	for (size_t i = 0; i < a->n;) {
		size_t n = a->n;

		if (a->fds[FIRST + i].revents != 0) {
			a->fds[FIRST + i].revents = 0;
			serve(a, i);
		}
		/* The last one takes the place of one that is removed. */
		i += a->n == n;
	}
	expire(a);
	if ((a->fds[LISTENER].revents & POLLIN) != 0) {
		take_intro(a);
	}
	return good && give_lookups(a) && give_hashes(a);
}

/*
 * Until the life pipe or the listener ends.  False when that is no way to
 * live: poll(2) fails, or a process that is needed is gone.
 */
static bool
serve_all(struct authenticator *a)
{
	bool stop = false;

	while (!stop) {
		if (poll(a->fds, FIRST + a->n, patience(a)) < 0) {
			if (errno != EINTR) {
				return false;
			}
			continue;
		}
		stop = a->fds[LIFE].revents != 0
		    || (a->fds[LISTENER].revents & (POLLHUP | POLLERR)) != 0;
		if (!turn(a) && !stop) {
			log_say(LOG_ERROR, "role_failed",
			    "the hasher or the process for WordPress logins "
			    "has ended");
			return false;
		}
	}
	return true;
}

static bool
make(struct authenticator *a, bool hashes)
{
	/* Some sessions more than may be: those that are just ending. */
	a->most = a->settings->max_sessions + 16;
	a->fds = calloc(FIRST + a->most, sizeof(*a->fds));
	a->peers = calloc(a->most, sizeof(*a->peers));
	a->jobs = hashes ? calloc(JOBS, sizeof(*a->jobs)) : NULL;
	a->accounts.longest = ACCOUNT_LONGEST_MS;
	a->everywhere.longest = ACCOUNT_LONGEST_MS;
	a->everywhere.free = EVERYWHERE_FREE;
	a->cost = WORDPRESS_COST;
	a->hash_ms = HASH_MS;
	return a->fds != NULL && a->peers != NULL
	    && (!hashes || (a->jobs != NULL && recent_init(&a->recent) == 0))
	    && getrandom(&a->seed, sizeof(a->seed), 0)
	    == (ssize_t)sizeof(a->seed);
}

int
auth_run(const struct settings *settings, int listener_fd, int life_fd,
    int lookup_fd, int hasher_fd)
{
	const int fds[FIRST] = { [LIFE] = life_fd,
		[LISTENER] = listener_fd,
		[LOOKUP] = lookup_fd,
		[HASHER] = hasher_fd };
	struct authenticator *a = calloc(1, sizeof(*a));
	int status = 1;

	if (a == NULL) {
		return 1;
	}
	a->settings = settings;
	if (!make(a, hasher_fd >= 0)) {
		log_say(LOG_ERROR, "out_of_memory", "authenticator");
	} else {
		for (size_t i = 0; i < FIRST; i++) {
			a->fds[i] = (struct pollfd){ .fd = fds[i],
				.events = POLLIN };
		}
		status = serve_all(a) ? 0 : 1;
	}
	users_done(&a->users);
	free(a->jobs);
	free(a->fds);
	free(a->peers);
	free(a);
	return status;
}
