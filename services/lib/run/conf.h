/*
 * Configuration: one table per daemon, read once from the environment.
 *
 * Each item is read from NAME, or from the file that NAME_FILE names (one
 * newline at its end is dropped); both at once is a fault.  All faults are
 * reported together, each as a line that says what is wrong and how to mend
 * it.  Values land in the daemon's own struct at `offset`:
 *
 *	CONF_TEXT	char *		not empty unless the fallback is ""
 *	CONF_SECRET	char *		only from NAME_FILE, never empty
 *	CONF_NUMBER	uint64_t	min..max
 *	CONF_BOOL	bool		on/off, yes/no, true/false, 1/0
 *	CONF_CHOICE	int		index into `choices`
 *
 * An item without `fallback` has to be given.
 */
#ifndef RUN_CONF_H
#define RUN_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

/* The largest value that is accepted, in bytes. */
#define CONF_VALUE_MAX 65536

enum conf_type {
	CONF_TEXT,
	CONF_SECRET,
	CONF_NUMBER,
	CONF_BOOL,
	CONF_CHOICE,
};

struct conf_item {
	const char *name;
	const char *help; /* one line for --help */
	enum conf_type type;
	size_t offset; /* offsetof(struct daemon_conf, member) */
	const char *fallback; /* NULL: has to be given */
	uint64_t min; /* CONF_NUMBER */
	uint64_t max;
	const char *const *choices; /* CONF_CHOICE: ends with NULL */
};

/*
 * Reads all items into `conf`, which has to be zeroed.  Returns the number of
 * faults; each stands in `faults` as a line with a newline behind it.  `conf`
 * is to be given to conf_done() in either case.
 */
NODISCARD size_t conf_load(const struct conf_item *items, size_t n, void *conf,
    struct buf *faults);

/* Wipes and frees all texts and secrets. */
void conf_done(const struct conf_item *items, size_t n, void *conf);

/* Prints the table for --help. */
void conf_help(const struct conf_item *items, size_t n, FILE *out);

#endif
