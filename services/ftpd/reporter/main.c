/*
 * ftpd-reporter: the program of ftpd's reporter (see reporter.h).
 *
 *	ftpd-reporter PORT
 */
#include "ftpd/reporter/reporter.h"
#include "ftpd/sandbox.h"
#include "run/log.h"
#include "run/part.h"
#include "run/program.h"

int
main(int argc, char **argv)
{
	const struct stats *stats;
	uint64_t port = 0;

	if (!part_begin("ftpd", REPORTER_FDS) || argc != 2
	    || view_u64(view_str(argv[1]), &port) < 0 || port > UINT16_MAX) {
		return EXIT_USAGE;
	}
	sandbox_opaque();
	stats = stats_open(PART_FD + REPORTER_STATS);
	if (stats == NULL || sandbox_reporter((uint16_t)port) < 0) {
		log_say(LOG_ERROR, "role_failed", "reporter");
		return 1;
	}
	return reporter_run((uint16_t)port, stats, PART_FD + REPORTER_ROOT,
	    PART_FD + REPORTER_LIFE);
}
