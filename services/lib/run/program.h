/*
 * What all daemons share from main() to the first line of their own: the
 * command line, the configuration, the log.
 *
 *	NAME			run
 *	NAME --healthcheck	ask the running daemon's /healthz: 0 or 1
 *	NAME --check		check the configuration: 0, or 2 with all faults
 *	NAME --version
 *	NAME --help
 *
 * Exit status: 0 ended as asked, 1 a failure at run time, 2 wrong usage or
 * configuration.
 */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "run/conf.h"

#define EXIT_USAGE 2

/* A word of a daemon's own on its command line. */
struct program_verb {
	const char *name; /* --something */
	const char *help; /* one line for --help */
	int (*run)(void); /* without configuration; returns the exit status */
};

struct program {
	const char *name;
	const char *summary; /* one line for --help */
	const struct conf_item *items;
	size_t item_count;
	void *conf; /* zeroed; filled from the items */
	/*
	 * Checks what the table cannot say (two values that do not fit, a file
	 * that has to be there); adds a line to `faults` for each fault.  May
	 * be NULL.
	 */
	void (*check)(const void *conf, struct buf *faults);
	/* The port that answers /healthz. */
	uint16_t (*health_port)(const void *conf);
	/* Runs until a signal ends it; returns the exit status. */
	int (*run)(void *conf);
	const struct program_verb *verb; /* NULL: none */
};

/*
 * Forbids core files and reads the settings, as main() does; `check` is that of
 * struct program.  0, or EXIT_USAGE when there are faults, which are logged.
 */
NODISCARD int program_load(const struct conf_item *items, size_t n, void *conf,
    void (*check)(const void *conf, struct buf *faults));

/* The whole of a daemon's main(). */
int program_main(const struct program *program, int argc, char **argv);

#endif
