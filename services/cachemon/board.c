#include "cachemon/board.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* More than any part's JSON, whose writers have limits of their own. */
#define EVENT_MOST (4 * 1024 * 1024)

struct board {
	pthread_mutex_t lock; /* guards `now` only */
	struct snapshot *now;
	pthread_mutex_t publishing; /* held while there is a next one */
	uint64_t serial; /* of the last text */
	void (*publish_fn)(void *ctx);
	void *publish_ctx;
};

const char *
board_part_name(enum board_part part)
{
	static const char *const names[PART_COUNT] = { "live", "groups",
		"slowlog", "server", "activity", "plugin", "advice", "job",
		"monitor" };

	return names[part];
}

/* 0 with *ret, or -ENOMEM. */
static int
text_make(enum board_part part, struct view json, uint64_t serial,
    struct text *ret)
{
	struct buf event;
	size_t at;

	buf_init(&event, EVENT_MOST);
	buf_addf(&event, "event: %s\ndata: ", board_part_name(part));
	at = buf_size(&event);
	buf_add_view(&event, json);
	buf_add_str(&event, "\n\n");
	ret->event = shared_from_buf(&event);
	buf_done(&event);
	if (ret->event == NULL) {
		return -ENOMEM;
	}
	ret->serial = serial;
	ret->json = (struct view){ shared_view(ret->event).p + at, json.n };
	return 0;
}

void
snapshot_unref(struct snapshot *snapshot)
{
	if (snapshot == NULL || atomic_fetch_sub(&snapshot->refs, 1) != 1) {
		return;
	}
	groups_unref(snapshot->groups);
	for (size_t i = 0; i < PART_COUNT; i++) {
		shared_let_go(snapshot->parts[i].event);
	}
	free(snapshot);
}

/* A copy that shares the parts. */
static struct snapshot *
snapshot_copy(const struct snapshot *from)
{
	struct snapshot *copy = malloc(sizeof(*copy));

	if (copy == NULL) {
		return NULL;
	}
	atomic_init(&copy->refs, 1);
	copy->status = from->status;
	copy->groups = from->groups == NULL ? NULL : groups_ref(from->groups);
	for (size_t i = 0; i < PART_COUNT; i++) {
		copy->parts[i] = from->parts[i];
		(void)shared_hold(copy->parts[i].event);
	}
	return copy;
}

struct board *
board_new(void)
{
	struct board *board = calloc(1, sizeof(*board));
	struct snapshot *empty = calloc(1, sizeof(*empty));

	if (board == NULL || empty == NULL) {
		free(board);
		free(empty);
		return NULL;
	}
	atomic_init(&empty->refs, 1);
	(void)pthread_mutex_init(&board->lock, NULL);
	(void)pthread_mutex_init(&board->publishing, NULL);
	board->now = empty;
	return board;
}

void
board_free(struct board *board)
{
	if (board != NULL) {
		snapshot_unref(board->now);
		(void)pthread_mutex_destroy(&board->publishing);
		(void)pthread_mutex_destroy(&board->lock);
		free(board);
	}
}

void
board_on_publish(struct board *board, void (*fn)(void *ctx), void *ctx)
{
	board->publish_fn = fn;
	board->publish_ctx = ctx;
}

struct snapshot *
board_get(struct board *board)
{
	struct snapshot *snapshot;

	(void)pthread_mutex_lock(&board->lock);
	snapshot = board->now;
	atomic_fetch_add(&snapshot->refs, 1);
	(void)pthread_mutex_unlock(&board->lock);
	return snapshot;
}

static void
swap_take(struct board *board, struct snapshot *next)
{
	struct snapshot *old;

	(void)pthread_mutex_lock(&board->lock);
	old = board->now;
	board->now = next;
	(void)pthread_mutex_unlock(&board->lock);
	snapshot_unref(old);
	if (board->publish_fn != NULL) {
		board->publish_fn(board->publish_ctx);
	}
}

/* A copy of the present snapshot with another text for one part, or NULL. */
static struct snapshot *
with_part(struct board *board, enum board_part part, struct view json)
{
	/* Only who is publishing changes `now`, so it may be read unlocked. */
	struct snapshot *next = snapshot_copy(board->now);
	struct text text;

	if (next == NULL
	    || text_make(part, json, board->serial + 1, &text) < 0) {
		snapshot_unref(next);
		return NULL;
	}
	board->serial++;
	shared_let_go(next->parts[part].event);
	next->parts[part] = text;
	return next;
}

int
board_publish_status(struct board *board, const struct status *status,
    struct buf *scratch)
{
	struct snapshot *next;
	int r;

	buf_clear(scratch);
	status_json(status, scratch);
	r = buf_error(scratch);
	if (r < 0) {
		return r;
	}
	(void)pthread_mutex_lock(&board->publishing);
	next = with_part(board, PART_LIVE, buf_view(scratch));
	if (next != NULL) {
		next->status = *status;
		swap_take(board, next);
	}
	(void)pthread_mutex_unlock(&board->publishing);
	return next == NULL ? -ENOMEM : 0;
}

int
board_publish_groups_take(struct board *board, struct groups *groups,
    struct buf *scratch)
{
	struct snapshot *next = NULL;
	int r;

	buf_clear(scratch);
	groups_json(groups, scratch);
	r = buf_error(scratch);
	if (r < 0) {
		groups_unref(groups);
		return r;
	}
	(void)pthread_mutex_lock(&board->publishing);
	next = with_part(board, PART_GROUPS, buf_view(scratch));
	if (next != NULL) {
		groups_unref(next->groups);
		next->groups = groups;
		swap_take(board, next);
	} else {
		groups_unref(groups);
	}
	(void)pthread_mutex_unlock(&board->publishing);
	return next == NULL ? -ENOMEM : 0;
}

int
board_publish_json(struct board *board, enum board_part part, struct view json)
{
	struct snapshot *next;

	(void)pthread_mutex_lock(&board->publishing);
	next = with_part(board, part, json);
	if (next != NULL) {
		swap_take(board, next);
	}
	(void)pthread_mutex_unlock(&board->publishing);
	return next == NULL ? -ENOMEM : 0;
}
