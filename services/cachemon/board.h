/*
 * The board: where the collector pins up what it knows and everybody reads.
 *
 * A snapshot is immutable and counted by references.  Publishing swaps a
 * pointer; a reader holds what it took for as long as it needs.  The JSON of
 * each part is written once, when the part changes, and shared by all readers.
 */
#ifndef CACHEMON_BOARD_H
#define CACHEMON_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/shared.h"
#include "base/view.h"
#include "cachemon/groups.h"
#include "cachemon/status.h"

enum board_part {
	PART_LIVE,
	PART_GROUPS,
	PART_SLOWLOG,
	PART_SERVER,
	PART_ACTIVITY,
	PART_PLUGIN,
	PART_ADVICE,
	PART_JOB,
	PART_MONITOR,
	PART_COUNT,
};

/* A part's name in the API and in the event stream. */
const char *board_part_name(enum board_part part);

/* One part as JSON, framed as a server-sent event. */
struct text {
	uint64_t serial; /* different for each text of a board; 0: none yet */
	struct shared *event; /* "event: NAME\ndata: JSON\n\n" */
	struct view json; /* inside of it */
};

struct snapshot {
	atomic_uint refs;
	struct status status;
	struct groups *groups; /* of the last full pass; NULL before it */
	struct text parts[PART_COUNT];
};

/* NULL is fine. */
void snapshot_unref(struct snapshot *snapshot);

struct board;

/* A board without a snapshot's content, or NULL when memory is short. */
struct board *board_new(void);
/* NULL is fine. */
void board_free(struct board *board);

/*
 * Called after each publication, by the publishing thread, one at a time.  Set
 * it first.
 */
void board_on_publish(struct board *board, void (*fn)(void *ctx), void *ctx);

/* The present snapshot, to be given back by snapshot_unref(); never NULL. */
struct snapshot *board_get(struct board *board);

/*
 * Publishes a new state of one part, the others as they are.  From any thread;
 * the functions that take a buffer wipe it clean for the next use.  0, or
 * -ENOMEM / -ENOBUFS; then the board stays as it was.
 */
NODISCARD int board_publish_status(struct board *board,
    const struct status *status, struct buf *scratch);
/* Takes the reference to `groups`, also on failure. */
NODISCARD int board_publish_groups_take(struct board *board,
    struct groups *groups, struct buf *scratch);
/* Any other part, as JSON. */
NODISCARD int board_publish_json(struct board *board, enum board_part part,
    struct view json);

#endif
