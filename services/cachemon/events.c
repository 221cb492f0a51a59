#include "cachemon/events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "run/clock.h"

/* What the library asks for at a time. */
#define BLOCK 4096

#define EVENT_STREAM "text/event-stream"
#define PRELUDE VIEW("retry: 3000\n\n")
#define HEARTBEAT VIEW(":\n\n")

struct stream {
	struct events *events;
	struct stream *next;
	struct stream **link; /* what points here */
	struct MHD_Connection *connection;
	bool suspended;
	int64_t sent_ms; /* when something was last sent */
	uint64_t seen[PART_COUNT]; /* serials */
	/* What is being sent: `rest`, of `event` unless it is a literal. */
	struct view rest;
	struct shared *event;
};

struct events {
	pthread_mutex_t lock; /* guards all below; taken before the board's */
	struct board *board;
	struct stream *streams;
	unsigned count;
	unsigned most;
	bool stopping;
};

struct events *
events_new(struct board *board, unsigned most)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events == NULL) {
		return NULL;
	}
	(void)pthread_mutex_init(&events->lock, NULL);
	events->board = board;
	events->most = most;
	return events;
}

void
events_free(struct events *events)
{
	if (events != NULL) {
		(void)pthread_mutex_destroy(&events->lock);
		free(events);
	}
}

/* Picks the first part that this reader has not seen. */
static void
next_text(struct stream *s)
{
	struct snapshot *now = board_get(s->events->board);

	for (size_t i = 0; i < PART_COUNT; i++) {
		const struct text *text = &now->parts[i];

		if (text->serial != s->seen[i]) {
			s->event = shared_hold(text->event);
			s->rest = shared_view(text->event);
			s->seen[i] = text->serial;
			break;
		}
	}
	snapshot_unref(now);
}

static size_t
send_rest(struct stream *s, char *out, size_t room)
{
	size_t n = s->rest.n < room ? s->rest.n : room;

	memcpy(out, s->rest.p, n);
	s->rest = view_drop(s->rest, n);
	if (s->rest.n == 0) {
		shared_let_go(s->event);
		s->event = NULL;
	}
	s->sent_ms = clock_ms();
	return n;
}

/* The library wants bytes.  Runs in its thread. */
static ssize_t
produce(void *ctx, uint64_t pos, char *out, size_t room)
{
	struct stream *s = ctx;
	struct events *events = s->events;
	ssize_t n = 0;

	(void)pos;
	(void)pthread_mutex_lock(&events->lock);
	if (s->rest.n == 0 && !events->stopping) {
		next_text(s);
	}
	if (s->rest.n > 0) {
		n = (ssize_t)send_rest(s, out, room);
	} else if (events->stopping) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		MHD_suspend_connection(s->connection);
		s->suspended = true;
	}
	(void)pthread_mutex_unlock(&events->lock);
	return n;
}

/* The library is done with the stream. */
static void
end_stream(void *ctx)
{
	struct stream *s = ctx;
	struct events *events = s->events;

	(void)pthread_mutex_lock(&events->lock);
	*s->link = s->next;
	if (s->next != NULL) {
		s->next->link = s->link;
	}
	events->count--;
	shared_let_go(s->event);
	(void)pthread_mutex_unlock(&events->lock);
	free(s);
}

/* A stream in the list, or NULL when there may be no more. */
static struct stream *
begin_stream(struct events *events, struct MHD_Connection *connection)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	s->events = events;
	s->connection = connection;
	s->rest = PRELUDE;
	s->sent_ms = clock_ms();
	(void)pthread_mutex_lock(&events->lock);
	if (events->stopping || events->count >= events->most) {
		(void)pthread_mutex_unlock(&events->lock);
		free(s);
		return NULL;
	}
	events->count++;
	s->next = events->streams;
	s->link = &events->streams;
	if (s->next != NULL) {
		s->next->link = &s->next;
	}
	events->streams = s;
	(void)pthread_mutex_unlock(&events->lock);
	return s;
}

enum MHD_Result
events_serve(struct events *events, struct http_request *rq)
{
	static const struct http_header own[] = {
		{ "Cache-Control", "no-store" },
		/* nginx is not to hold events back. */
		{ "X-Accel-Buffering", "no" },
		/* So that a stream that ended does not hold up the stop. */
		{ "Connection", "close" },
		{ NULL, NULL },
	};
	static const struct http_header later[] = {
		{ "Retry-After", "30" },
		{ "Cache-Control", "no-store" },
		{ NULL, NULL },
	};
	struct MHD_Response *response;
	struct stream *s;

	if (http_is_head(rq)) {
		return http_reply_copy(rq, MHD_HTTP_OK, EVENT_STREAM, VIEW(""),
		    own);
	}
	s = begin_stream(events, http_connection(rq));
	if (s == NULL) {
		return http_reply_copy(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
		    HTTP_TEXT, VIEW("503 Too many live viewers\n"), later);
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK,
	    produce, s, end_stream);
	if (response == NULL) {
		end_stream(s);
	}
	return http_reply_response_take(rq, MHD_HTTP_OK, EVENT_STREAM, response,
	    own);
}

/* With the lock held. */
static void
resume(struct stream *s)
{
	if (s->suspended) {
		s->suspended = false;
		MHD_resume_connection(s->connection);
	}
}

static void
resume_all(struct events *events, bool stopping)
{
	(void)pthread_mutex_lock(&events->lock);
	events->stopping |= stopping;
	for (struct stream *s = events->streams; s != NULL; s = s->next) {
		resume(s);
	}
	(void)pthread_mutex_unlock(&events->lock);
}

void
events_wake(struct events *events)
{
	resume_all(events, false);
}

void
events_tick(struct events *events)
{
	int64_t now = clock_ms();

	(void)pthread_mutex_lock(&events->lock);
	for (struct stream *s = events->streams; s != NULL; s = s->next) {
		if (s->suspended && now - s->sent_ms >= EVENTS_HEARTBEAT_MS) {
			s->rest = HEARTBEAT;
			resume(s);
		}
	}
	(void)pthread_mutex_unlock(&events->lock);
}

void
events_stop(struct events *events)
{
	resume_all(events, true);
}

unsigned
events_count(struct events *events)
{
	unsigned n;

	(void)pthread_mutex_lock(&events->lock);
	n = events->count;
	(void)pthread_mutex_unlock(&events->lock);
	return n;
}
