/*
 * A text protocol's bytes made into command lines.  Pure: bytes in,
 * lines out.
 *
 * A line ends with LF, CR LF as a rule.  Telnet sequences (RFC 854) are taken
 * out wherever they are cut, IAC IAC stands for one byte 255.  A line longer
 * than LINES_MAX is dropped as a whole, however long it gets.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

#define LINES_MAX 4096

struct lines {
	/* Private. */
	size_t n;
	size_t used; /* length of the line that was given out */
	size_t most; /* that `n` was, since all behind it was wiped */
	bool skipping; /* inside a line that is too long */
	uint64_t skipped;
	uint8_t telnet; /* bytes of an unfinished telnet sequence: 0, 1, 2 */
	char bytes[LINES_MAX + 2];
};

enum lines_status { LINES_NONE, LINES_READY, LINES_LONG };

/* What is in `bytes` does not matter. */
void lines_init(struct lines *l);

/* How many bytes lines_feed() takes now; 0: take lines out first. */
size_t lines_room(const struct lines *l);
void lines_feed(struct lines *l, const char *bytes, size_t n);

/*
 * The next line without its end; valid until the next call.  LINES_LONG tells
 * of a dropped one, once, when its end has come.
 */
enum lines_status lines_next(struct lines *l, struct view *ret);

/* Bytes of the long line that is being dropped. */
uint64_t lines_skipped(const struct lines *l);

/* Is anything there that was not given out? */
bool lines_pending(const struct lines *l);

/*
 * Looks through the whole lines that wait, in order, and takes out the first
 * that is `word` (letters of either case).  False when there is none.
 */
bool lines_pick(struct lines *l, struct view word);

/* Overwrites what was given out, and all that has been taken out. */
void lines_wipe(struct lines *l);

#endif
