/*
 * ftpd-reporter: the program of ftpd's reporter (see reporter.h).
 *
 *	ftpd-reporter PORT FOLDER
 */
#include "ftpd/reporter/reporter.h"
#include "ftpd/sandbox.h"
#include "run/log.h"
#include "run/part.h"
#include "run/program.h"

int
main(int argc, char **argv)
{
	struct reporter_parts parts = { .root_fd = PART_FD + REPORTER_ROOT,
		.life_fd = PART_FD + REPORTER_LIFE };
	uint64_t port = 0;

	if (!part_begin("ftpd", REPORTER_FDS) || argc != 3
	    || view_u64(view_str(argv[1]), &port) < 0 || port > UINT16_MAX) {
		return EXIT_USAGE;
	}
	sandbox_opaque();
	parts.port = (uint16_t)port;
	parts.root = argv[2];
	parts.stats = stats_open(PART_FD + REPORTER_STATS);
	if (parts.stats == NULL || sandbox_reporter(parts.port) < 0) {
		log_say(LOG_ERROR, "role_failed", "reporter");
		return 1;
	}
	return reporter_run(&parts);
}
