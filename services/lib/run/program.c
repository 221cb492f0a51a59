#include "run/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/confine.h"
#include "run/health.h"
#include "run/log.h"

#ifndef VERSION
#define VERSION "0.0.0"
#endif

#define FAULTS_MAX 65536
#define HEALTH_TIMEOUT_MS 2000

static int
help(const struct program *program)
{
	(void)printf(
	    "%s %s: %s\n\n"
	    "  %s                run\n"
	    "  %s --healthcheck  ask the running daemon how it is: 0 or 1\n"
	    "  %s --check        check the configuration: 0, or 2 with all "
	    "faults\n"
	    "  %s --version\n"
	    "  %s --help\n",
	    program->name, VERSION, program->summary, program->name,
	    program->name, program->name, program->name, program->name);
	if (program->verb != NULL) {
		(void)printf("  %s %s\n        %s\n", program->name,
		    program->verb->name, program->verb->help);
	}
	(void)printf(
	    "\nSettings, from the environment (NAME, or NAME_FILE for a file "
	    "with the value):\n");
	conf_help(program->items, program->item_count, stdout);
	return 0;
}

/* Prints each fault as a log line; returns EXIT_USAGE if there is one. */
static int
report(struct buf *faults)
{
	struct view rest = buf_view(faults);
	int status = buf_error(faults) != 0 ? EXIT_USAGE : 0;

	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');
		struct log_line l;

		log_open(&l, LOG_ERROR, "bad_configuration");
		log_view(&l, "fault", line);
		log_close(&l);
		status = EXIT_USAGE;
	}
	return status;
}

static int
healthcheck(const struct program *program)
{
	int r = health_probe(program->health_port(program->conf),
	    HEALTH_TIMEOUT_MS);

	if (r < 0) {
		(void)fprintf(stderr, "%s: not healthy: %s\n", program->name,
		    strerror(-r));
		return 1;
	}
	return 0;
}

static int
usage(const struct program *program)
{
	(void)fprintf(stderr,
	    "usage: %s [--healthcheck | --check | --version | --help%s%s]\n",
	    program->name, program->verb == NULL ? "" : " | ",
	    program->verb == NULL ? "" : program->verb->name);
	return EXIT_USAGE;
}

int
program_load(const struct conf_item *items, size_t n, void *conf,
    void (*check)(const void *conf, struct buf *faults))
{
	struct buf faults;
	int status, r;

	/* Secrets are read next, and no core file is to hold them. */
	r = confine_limit(&(struct confine_limits){ .files = 0 });
	if (r < 0) {
		log_say(LOG_WARN, "core_dumps_not_forbidden", "%s",
		    strerror(-r));
	}
	buf_init(&faults, FAULTS_MAX);
	if (conf_load(items, n, conf, &faults) == 0 && check != NULL) {
		check(conf, &faults);
	}
	status = report(&faults);
	buf_done(&faults);
	return status;
}

/* With a configuration in program->conf. */
static int
configured(const struct program *program, const char *what)
{
	bool asks = strcmp(what, "--healthcheck") == 0;
	/* What only asks how it is needs no look at all files. */
	int status = program_load(program->items, program->item_count,
	    program->conf, asks ? NULL : program->check);

	if (status != 0 || strcmp(what, "--check") == 0) {
		return status;
	}
	return asks ? healthcheck(program) : program->run(program->conf);
}

int
program_main(const struct program *program, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "run";
	int status;

	log_init(program->name, LOG_INFO);
	if (argc > 2) {
		return usage(program);
	}
	if (strcmp(what, "--version") == 0) {
		(void)printf("%s %s\n", program->name, VERSION);
		return 0;
	}
	if (strcmp(what, "--help") == 0) {
		return help(program);
	}
	if (program->verb != NULL && strcmp(what, program->verb->name) == 0) {
		return program->verb->run();
	}
	if (argc > 1 && strcmp(what, "--check") != 0
	    && strcmp(what, "--healthcheck") != 0) {
		return usage(program);
	}
	status = configured(program, what);
	conf_done(program->items, program->item_count, program->conf);
	return status;
}
