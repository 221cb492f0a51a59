/* Requests that have to wait for others (see authenticator.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "auth/authenticator.h"
#include "auth/wplogin.h"
#include "base/secret.h"
#include "login/hasher.h"
#include "run/clock.h"

/* Below the time that a session waits for its answer. */
#define JOB_MS 8000

static struct job *
job_at(const struct authenticator *a, size_t i)
{
	/* The item is its first member. */
	return (struct job *)a->jobs.each[i];
}

static void
remove_job(struct authenticator *a, struct job *job)
{
	fairq_remove(&a->jobs, &job->item);
	secret_wipe(job, sizeof(*job));
	free(job);
}

/* It needs no answer any more; what others have stays until they are done. */
static void
forget(struct authenticator *a, struct job *job)
{
	job->fd = -1;
	if (job->item.state != FAIRQ_BUSY) {
		remove_job(a, job);
	}
}

void
jobs_forget(struct authenticator *a, int fd)
{
	for (size_t i = a->jobs.n; i > 0; i--) {
		if (job_at(a, i - 1)->fd == fd) {
			forget(a, job_at(a, i - 1));
		}
	}
}

void
jobs_done(struct authenticator *a)
{
	while (a->jobs.n > 0) {
		remove_job(a, job_at(a, 0));
	}
}

/* What others work at: the hasher, or the database. */
static size_t
in_progress(const struct authenticator *a, bool hashing)
{
	size_t n = 0;

	for (size_t i = 0; i < a->jobs.n; i++) {
		n += job_at(a, i)->item.state == FAIRQ_BUSY
		    && job_at(a, i)->known == hashing;
	}
	return n;
}

/* The one with that number, or NULL. */
static struct job *
answered(const struct authenticator *a, bool hashing, uint32_t id)
{
	for (size_t i = 0; i < a->jobs.n; i++) {
		struct job *job = job_at(a, i);

		if (job->id == id && job->item.state == FAIRQ_BUSY
		    && job->known == hashing) {
			return job;
		}
	}
	return NULL;
}

/* Ends a job that nobody works at any more. */
static void
finish(struct authenticator *a, struct job *job, enum auth_result result)
{
	struct auth_answer answer = { .result = (uint8_t)result };
	uint64_t account = job->item.account;
	bool exists = job->who.exists;
	int fd = job->fd;

	if (result == AUTH_OK) {
		answer = who_answer(&job->who);
	}
	remove_job(a, job);
	if (fd >= 0) {
		authenticator_conclude(a, fd, account, exists, &answer);
	}
}

/*
 * May it go on?  What is refused for its account's sake goes on all the same,
 * for nothing: else its time would tell that the account exists.
 */
static bool
still_allowed(const struct authenticator *a, struct job *job)
{
	struct limits_try try = authenticator_try(a, job->fd, job->item.account,
	    job->who.exists);

	if (!limits_allow_account(&a->limits, &try, clock_ms())) {
		job->refused = true;
	}
	return limits_allow_address(&a->limits, &try, clock_ms());
}

/* It is known who it would be: is it clear already?  Else it has to wait. */
static void
to_hash(struct authenticator *a, struct job *job)
{
	job->known = true;
	job->item.state = FAIRQ_READY;
	if (job->fd < 0) {
		remove_job(a, job);
	} else if (!still_allowed(a, job)) {
		finish(a, job, AUTH_THROTTLED);
	} else if (!job->refused
	    && who_is_remembered(a, &job->request, &job->who)) {
		finish(a, job, AUTH_OK);
	}
}

/* --- new ones ------------------------------------------------------------- */

/*
 * How many one party may have: at most what can be hashed before the last one
 * has waited for too long, with half of the time for other parties.
 */
static size_t
most_of_party(const struct authenticator *a)
{
	int64_t ms = a->hash_ms > 0 ? a->hash_ms : 1;
	int64_t n = (int64_t)hasher_threads() * (JOB_MS / 2) / ms;

	return n > FAIRQ_SHARE ? FAIRQ_SHARE : n < 1 ? 1 : (size_t)n;
}

bool
jobs_add(struct authenticator *a, int fd, uint64_t account,
    const struct auth_request *q)
{
	struct in6_addr party = authenticator_peer(a, fd)->intro.party;
	struct fairq_item *out;
	struct job *job;

	if (!fairq_room(&a->jobs, &party, account, most_of_party(a), &out)) {
		return false;
	}
	if (out != NULL) {
		finish(a, (struct job *)out, AUTH_UNAVAILABLE);
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL) {
		return false;
	}
	job->item.party = party;
	job->item.account = account;
	job->fd = fd;
	job->id = ++a->last_id;
	job->until = clock_ms() + JOB_MS;
	job->request = *q;
	fairq_add(&a->jobs, &job->item);
	authenticator_peer(a, fd)->waits = true;
	if (who_is(a, auth_name(q), &job->who)) {
		to_hash(a, job);
	}
	return true;
}

/* --- who is it? ----------------------------------------------------------- */

bool
jobs_take_lookup(struct authenticator *a)
{
	struct wplogin_answer answer;
	ssize_t n = recv(a->fds[LOOKUP].fd, &answer, sizeof(answer),
	    MSG_DONTWAIT);
	struct job *job;

	if (n != (ssize_t)sizeof(answer)) {
		return n < 0 && errno == EAGAIN;
	}
	job = answered(a, false, answer.id);
	if (job == NULL) {
		return false;
	}
	if (answer.result == 0 || answer.result == -ENOENT) {
		who_in_wordpress(a, auth_name(&job->request),
		    answer.result == 0 ? &answer.user : NULL, &job->who);
		to_hash(a, job);
	} else {
		finish(a, job, AUTH_UNAVAILABLE);
	}
	return true;
}

/* One at a time: the database is quick, and names wait in order. */
static bool
give_lookup(struct authenticator *a)
{
	struct wplogin_request q = { .id = 0 };
	size_t i = 0;
	struct job *job;

	while (i < a->jobs.n && job_at(a, i)->item.state != FAIRQ_WAITS) {
		i++;
	}
	if (i == a->jobs.n || in_progress(a, false) > 0) {
		return true;
	}
	job = job_at(a, i);
	q.id = job->id;
	q.name_n = (uint8_t)job->request.user_n;
	memcpy(q.name, job->request.text, job->request.user_n);
	job->item.state = FAIRQ_BUSY;
	return send(a->fds[LOOKUP].fd, &q, sizeof(q),
		   MSG_NOSIGNAL | MSG_DONTWAIT)
	    == (ssize_t)sizeof(q);
}

/* --- is it right? --------------------------------------------------------- */

static void
after_hash(struct authenticator *a, struct job *job, bool right)
{
	const struct candidate *who = &job->who;
	struct view name = auth_name(&job->request);

	if (job->refused) {
		finish(a, job, AUTH_THROTTLED);
		return;
	}
	if (!right || !who->exists) {
		finish(a, job, AUTH_WRONG);
		return;
	}
	if (who->rights == 0) {
		who_refused(name, "no_rights");
		finish(a, job, AUTH_WRONG);
		return;
	}
	recent_add(&a->recent, name, auth_password(&job->request),
	    view_str(who->hash), clock_ms());
	finish(a, job, AUTH_OK);
}

bool
jobs_take_hash(struct authenticator *a)
{
	struct hash_answer answer;
	ssize_t n = recv(a->fds[HASHER].fd, &answer, sizeof(answer),
	    MSG_DONTWAIT);
	struct job *job;

	if (n != (ssize_t)sizeof(answer)) {
		return n < 0 && errno == EAGAIN;
	}
	job = answered(a, true, answer.id);
	if (job == NULL) {
		return false;
	}
	a->hash_ms += (clock_ms() - job->hashed_at - a->hash_ms) / 4;
	after_hash(a, job, answer.right == 1);
	return true;
}

static bool
give_hash(struct authenticator *a, struct job *job)
{
	struct view password = auth_password(&job->request);
	struct hash_request q = { .id = job->id,
		.hash_n = (uint8_t)strlen(job->who.hash),
		.wordpress = job->who.wordpress,
		.password_n = (uint16_t)password.n };
	ssize_t n;

	memcpy(q.hash, job->who.hash, q.hash_n);
	memcpy(q.password, password.p, password.n);
	n = send(a->fds[HASHER].fd, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT);
	secret_wipe(&q, sizeof(q));
	job->hashed_at = clock_ms();
	fairq_begin(&a->jobs, &job->item);
	return n == (ssize_t)sizeof(q);
}

static bool
give_hashes(struct authenticator *a)
{
	struct job *job = (struct job *)fairq_next(&a->jobs);

	while (job != NULL && in_progress(a, true) < hasher_threads()) {
		/* Meanwhile others of the same party may have failed. */
		if (!still_allowed(a, job)) {
			finish(a, job, AUTH_THROTTLED);
		} else if (!give_hash(a, job)) {
			return false;
		}
		job = (struct job *)fairq_next(&a->jobs);
	}
	return true;
}

bool
jobs_give(struct authenticator *a)
{
	return give_lookup(a) && give_hashes(a);
}

/* --- who has waited for too long ------------------------------------------ */

void
jobs_expire(struct authenticator *a)
{
	static const struct auth_answer answer = { .result = AUTH_UNAVAILABLE };
	int64_t now = clock_ms();

	for (size_t i = a->jobs.n; i > 0; i--) {
		struct job *job = job_at(a, i - 1);
		uint64_t account = job->item.account;
		int fd = job->fd;

		if (fd >= 0 && job->until <= now) {
			forget(a, job);
			authenticator_conclude(a, fd, account, false, &answer);
		}
	}
}

int
jobs_patience(const struct authenticator *a)
{
	int ms = -1;

	for (size_t i = 0; i < a->jobs.n; i++) {
		int left = clock_left(job_at(a, i)->until);

		if (job_at(a, i)->fd >= 0 && (ms < 0 || left < ms)) {
			ms = left;
		}
	}
	return ms;
}
