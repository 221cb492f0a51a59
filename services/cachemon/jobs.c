#include "cachemon/jobs.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cachemon/json.h"
#include "cachemon/monitor.h"
#include "cachemon/remove.h"
#include "redis/reply.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/thread.h"

#define THREAD_STACK (256 * 1024)
#define JSON_MOST (512 * 1024)
/* How often the proxy's name is looked up again. */
#define RESOLVE_MS 10000
#define ADDRESSES_MOST 8
/* How often progress is published. */
#define TELL_MS 500
/* A removal that takes longer is broken off. */
#define REMOVAL_MOST_MS (30 * 60 * 1000)
/* A burst of MONITOR ends after so many commands. */
#define COMMANDS_MOST 20000
#define REPLY_MOST (1024UL * 1024)

struct jobs {
	const struct settings *settings;
	struct board *board;
	struct link *remover; /* as the user that may remove */
	struct link *watcher; /* for MONITOR */
	struct buf scratch;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	bool stopping;
	bool ended;
	bool ordered; /* `order` waits or runs */
	struct job_order order;
	uint64_t serial;
	bool resolve_now;
	size_t addresses_n;
	char addresses[ADDRESSES_MOST][NET_ADDR_TEXT];
};

/* How a job went so far; the thread's own. */
struct progress {
	uint64_t id;
	const struct job_order *order;
	const char *state; /* "running", "done", "failed" */
	int64_t started_ms;
	struct removal removal;
	char error[256];
};

static const char *
kind_name(enum job_kind kind)
{
	static const char *const names[] = { "flush_group", "flush_site",
		"delete_key", "monitor" };

	return names[kind];
}

static struct view
target_of(const struct job_order *order)
{
	return (struct view){ order->target, order->target_n };
}

static void
tell(struct jobs *jobs, const struct progress *p)
{
	struct buf *out = &jobs->scratch;

	buf_clear(out);
	json_open(out, NULL, '{');
	json_u64(out, "id", p->id);
	json_str(out, "kind", view_str(kind_name(p->order->kind)));
	json_str(out, "target", target_of(p->order));
	json_str(out, "who", view_str(p->order->who));
	json_str(out, "state", view_str(p->state));
	json_i64(out, "started_ms", p->started_ms);
	json_i64(out, "now_ms", clock_wall_ms());
	json_u64(out, "expected", p->removal.expected);
	json_u64(out, "looked_at", p->removal.looked_at);
	json_u64(out, "removed", p->removal.removed);
	if (p->error[0] != '\0') {
		json_str(out, "error", view_str(p->error));
	} else {
		json_null(out, "error");
	}
	json_close(out, '}');
	if (buf_error(out) == 0) {
		/* Without memory nobody sees it; the log has it. */
		(void)!board_publish_json(jobs->board, PART_JOB, buf_view(out));
	}
}

static void
log_job(const struct progress *p, const char *event)
{
	struct log_line l;

	log_open(&l, LOG_INFO, event);
	log_str(&l, "what", kind_name(p->order->kind));
	log_view(&l, "target", target_of(p->order));
	log_str(&l, "user", p->order->who);
	log_str(&l, "addr", p->order->from);
	log_str(&l, "state", p->state);
	log_num(&l, "removed", (int64_t)p->removal.removed);
	log_num(&l, "took_ms", clock_wall_ms() - p->started_ms);
	if (p->error[0] != '\0') {
		log_str(&l, "message", p->error);
	}
	log_close(&l);
}

/* False when it is time to end. */
static bool
rest(struct jobs *jobs, int64_t us)
{
	int64_t until = clock_ms() + us / 1000 + 1;
	bool go_on;

	(void)pthread_mutex_lock(&jobs->lock);
	while (!jobs->stopping && clock_ms() < until
	    && thread_cond_wait(&jobs->changed, &jobs->lock, until)) {
		continue;
	}
	go_on = !jobs->stopping;
	(void)pthread_mutex_unlock(&jobs->lock);
	return go_on;
}

static int
ask_size(struct link *link, uint64_t *ret)
{
	redisReply *reply = NULL;
	int64_t keys;
	int r = link_ask(link, &reply, "DBSIZE");

	if (r < 0) {
		/* Not allowed: then progress is not known. */
		return link_is_open(link) ? 0 : r;
	}
	if (reply_integer(reply, &keys) && keys > 0) {
		*ret = (uint64_t)keys;
	}
	freeReplyObject(reply);
	return 0;
}

/* 0, or -errno. */
static int
remove_many(struct jobs *jobs, struct progress *p)
{
	int64_t until = clock_ms() + REMOVAL_MOST_MS;
	int64_t told = 0;
	int r = ask_size(jobs->remover, &p->removal.expected);

	p->removal.prefix = view_str(jobs->settings->actions_prefix);
	p->removal.cursor[0] = '0';
	if (p->order->kind == JOB_FLUSH_GROUP) {
		p->removal.group = target_of(p->order);
	}
	while (r == 0) {
		r = remove_step(&p->removal, jobs->remover);
		if (r == 0 && clock_ms() - told > TELL_MS) {
			told = clock_ms();
			tell(jobs, p);
		}
		if (r == 0 && !rest(jobs, p->removal.rest_us)) {
			return -ECANCELED;
		}
		if (r == 0 && clock_left(until) == 0) {
			return -ETIME;
		}
	}
	return r < 0 ? r : 0;
}

static void
run_removal(struct jobs *jobs, struct progress *p)
{
	int r = link_open(jobs->remover);

	log_job(p, "action_begins");
	tell(jobs, p);
	if (r == 0 && p->order->kind == JOB_DELETE_KEY) {
		r = remove_key(jobs->remover, target_of(p->order));
		p->removal.removed = r > 0;
	} else if (r == 0) {
		r = remove_many(jobs, p);
	}
	p->state = r < 0 ? "failed" : "done";
	if (r < 0) {
		link_explain(jobs->remover, r, p->error, sizeof(p->error));
	}
	link_close(jobs->remover);
	log_job(p, "action_ended");
	tell(jobs, p);
}

static void
tell_burst(struct jobs *jobs, const struct progress *p,
    const struct burst_of_commands *burst)
{
	struct buf *out = &jobs->scratch;

	buf_clear(out);
	json_open(out, NULL, '{');
	json_u64(out, "id", p->id);
	json_str(out, "who", view_str(p->order->who));
	json_str(out, "state", view_str(p->state));
	json_i64(out, "started_ms", p->started_ms);
	json_i64(out, "took_ms", clock_wall_ms() - p->started_ms);
	json_u64(out, "seconds", p->order->seconds);
	if (p->error[0] != '\0') {
		json_str(out, "error", view_str(p->error));
	} else {
		json_null(out, "error");
	}
	monitor_json(burst, out);
	json_close(out, '}');
	if (buf_error(out) == 0) {
		(void)!board_publish_json(jobs->board, PART_MONITOR,
		    buf_view(out));
	}
}

/* Is this command one of cachemon's own? */
static bool
is_own(const struct monitor_line *line, struct view own)
{
	struct view client = { line->client, line->client_n };

	return own.n > 0 && view_take(&client, own)
	    && view_starts(client, VIEW(":"));
}

/* 0 at the end of the time, or -errno. */
static int
watch(struct jobs *jobs, const struct progress *p,
    struct burst_of_commands *burst)
{
	int64_t until = clock_ms() + 1000 * (int64_t)p->order->seconds;
	char own[NET_ADDR_TEXT];
	redisReply *reply = NULL;
	int r = link_ask(jobs->watcher, &reply, "MONITOR");

	if (r < 0) {
		return r;
	}
	freeReplyObject(reply);
	link_own_address(jobs->watcher, own, sizeof(own));
	for (unsigned n = 0; n < COMMANDS_MOST && r == 0; n++) {
		struct monitor_line line;

		reply = NULL;
		r = link_push(jobs->watcher, until, &reply);
		if (r == 0 && monitor_parse(reply_text(reply), &line) == 0
		    && !is_own(&line, view_str(own))) {
			monitor_add(burst, &line);
		}
		freeReplyObject(reply);
		if (clock_left(until) == 0) {
			break;
		}
	}
	return r == -EAGAIN ? 0 : r;
}

static void
run_monitor(struct jobs *jobs, struct progress *p)
{
	struct burst_of_commands *burst = calloc(1, sizeof(*burst));
	int r;

	if (burst == NULL) {
		return;
	}
	log_job(p, "monitor_begins");
	tell_burst(jobs, p, burst);
	r = link_open(jobs->watcher);
	if (r == 0) {
		r = watch(jobs, p, burst);
	}
	p->state = r < 0 ? "failed" : "done";
	if (r == -EMSGSIZE) {
		(void)snprintf(p->error, sizeof(p->error),
		    "A command larger than %lu KB ended it early",
		    REPLY_MOST / 1024);
	} else if (r < 0) {
		link_explain(jobs->watcher, r, p->error, sizeof(p->error));
	}
	link_close(jobs->watcher);
	tell_burst(jobs, p, burst);
	free(burst);
}

/*
 * Looks the proxy's name up.  Without an answer nobody is trusted: the proxy
 * may be gone, and its address another's.
 */
static void
resolve(struct jobs *jobs)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char fresh[ADDRESSES_MOST][NET_ADDR_TEXT];
	size_t n = 0;

	if (getaddrinfo(jobs->settings->proxy, NULL, &hints, &found) != 0) {
		found = NULL;
	}
	for (struct addrinfo *a = found; a != NULL && n < ADDRESSES_MOST;
	     a = a->ai_next) {
		net_addr_text(a->ai_addr, fresh[n++]);
	}
	if (found != NULL) {
		freeaddrinfo(found);
	}
	(void)pthread_mutex_lock(&jobs->lock);
	memcpy(jobs->addresses, fresh, n * sizeof(fresh[0]));
	jobs->addresses_n = n;
	(void)pthread_mutex_unlock(&jobs->lock);
}

static void
run_order(struct jobs *jobs)
{
	struct progress p = { .id = jobs->serial,
		.order = &jobs->order,
		.state = "running",
		.started_ms = clock_wall_ms() };

	if (jobs->order.kind == JOB_MONITOR) {
		run_monitor(jobs, &p);
	} else {
		run_removal(jobs, &p);
	}
	(void)pthread_mutex_lock(&jobs->lock);
	jobs->ordered = false;
	(void)pthread_mutex_unlock(&jobs->lock);
}

/* Waits for an order, or until the name is to be looked up. */
static bool
wait_for_work(struct jobs *jobs, int64_t until, bool *ret_ordered)
{
	bool go_on;

	(void)pthread_mutex_lock(&jobs->lock);
	while (!jobs->stopping && !jobs->ordered && !jobs->resolve_now
	    && clock_ms() < until
	    && thread_cond_wait(&jobs->changed, &jobs->lock, until)) {
		continue;
	}
	go_on = !jobs->stopping;
	jobs->resolve_now = false;
	*ret_ordered = jobs->ordered;
	(void)pthread_mutex_unlock(&jobs->lock);
	return go_on;
}

static void *
work(void *ctx)
{
	struct jobs *jobs = ctx;
	int64_t resolve_at = 0;
	bool ordered = false;

	while (wait_for_work(jobs, resolve_at, &ordered)) {
		if (ordered) {
			run_order(jobs);
		} else {
			resolve(jobs);
			resolve_at = clock_ms() + RESOLVE_MS;
		}
	}
	(void)pthread_mutex_lock(&jobs->lock);
	jobs->ended = true;
	(void)pthread_cond_broadcast(&jobs->changed);
	(void)pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

struct jobs *
jobs_new(const struct settings *settings, struct board *board,
    struct ledger *ledger)
{
	struct redis_target target = { .host = settings->redis_host,
		.port = (uint16_t)settings->redis_port,
		.user = settings->redis_user,
		.password = settings->redis_password,
		.timeout_ms = LINK_TIMEOUT_MS,
		.reply_max = REPLY_MOST };
	struct jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs == NULL) {
		return NULL;
	}
	jobs->settings = settings;
	jobs->board = board;
	buf_init(&jobs->scratch, JSON_MOST);
	(void)pthread_mutex_init(&jobs->lock, NULL);
	thread_cond_init(&jobs->changed);
	jobs->watcher = link_new(&target, ledger);
	target.user = settings->actions_user;
	target.password = settings->actions_password;
	jobs->remover = link_new(&target, ledger);
	if (jobs->watcher == NULL || jobs->remover == NULL) {
		jobs_free(jobs);
		return NULL;
	}
	return jobs;
}

void
jobs_free(struct jobs *jobs)
{
	if (jobs != NULL) {
		link_free(jobs->remover);
		link_free(jobs->watcher);
		buf_done(&jobs->scratch);
		(void)pthread_cond_destroy(&jobs->changed);
		(void)pthread_mutex_destroy(&jobs->lock);
		free(jobs);
	}
}

int
jobs_start(struct jobs *jobs)
{
	int r = thread_start(&jobs->thread, THREAD_STACK, work, jobs);

	jobs->started = r == 0;
	return r;
}

bool
jobs_stop(struct jobs *jobs, int timeout_ms)
{
	int64_t until = clock_ms() + timeout_ms;
	bool ended;

	if (!jobs->started) {
		return true;
	}
	link_abort(jobs->remover);
	link_abort(jobs->watcher);
	(void)pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	(void)pthread_cond_broadcast(&jobs->changed);
	while (!jobs->ended
	    && thread_cond_wait(&jobs->changed, &jobs->lock, until)) {
		continue;
	}
	ended = jobs->ended;
	(void)pthread_mutex_unlock(&jobs->lock);
	if (ended) {
		(void)pthread_join(jobs->thread, NULL);
	}
	return ended;
}

/* 0, or -errno as jobs_order(). */
static int
check_order(const struct jobs *jobs, const struct job_order *order)
{
	struct removal rules = { .prefix = view_str(
				     jobs->settings->actions_prefix) };

	if (order->kind == JOB_MONITOR) {
		return jobs->settings->monitor ? 0 : -EPERM;
	}
	if (!jobs->settings->actions) {
		return -EPERM;
	}
	switch (order->kind) {
	case JOB_FLUSH_GROUP:
		return view_eq(target_of(order), VIEW("stack")) ? -EINVAL : 0;
	case JOB_DELETE_KEY:
		return remove_is_meant(&rules, target_of(order)) ? 0 : -EINVAL;
	default:
		return 0;
	}
}

int
jobs_order(struct jobs *jobs, const struct job_order *order)
{
	int r = check_order(jobs, order);

	if (r < 0) {
		return r;
	}
	(void)pthread_mutex_lock(&jobs->lock);
	if (jobs->ordered || jobs->stopping) {
		r = -EBUSY;
	} else {
		jobs->order = *order;
		jobs->ordered = true;
		jobs->serial++;
		(void)pthread_cond_broadcast(&jobs->changed);
	}
	(void)pthread_mutex_unlock(&jobs->lock);
	return r;
}

bool
jobs_trusts(struct jobs *jobs, struct view address)
{
	bool found = false;

	(void)pthread_mutex_lock(&jobs->lock);
	for (size_t i = 0; i < jobs->addresses_n; i++) {
		found |= view_eq(address, view_str(jobs->addresses[i]));
	}
	if (!found) {
		/* It may have got another one. */
		jobs->resolve_now = true;
		(void)pthread_cond_broadcast(&jobs->changed);
	}
	(void)pthread_mutex_unlock(&jobs->lock);
	return found;
}
