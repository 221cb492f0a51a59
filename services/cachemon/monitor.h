/*
 * Live commands: one line of MONITOR's output without its values, and what a
 * burst of them adds up to.  Pure: bytes in, a struct and JSON out.
 *
 *	1700000000.123456 [0 192.0.2.1:40000] "SET" "key" "value"
 */
#ifndef CACHEMON_MONITOR_H
#define CACHEMON_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"
#include "cachemon/groups.h"

#define MONITOR_KEY 127
#define MONITOR_NAME 31
#define MONITOR_CLIENT 63
/* Lines that are shown, commands and groups that are told apart. */
#define MONITOR_LINES 150
#define MONITOR_NAMES 24

struct monitor_line {
	int64_t us; /* Unix microseconds */
	uint8_t command_n;
	uint8_t key_n;
	uint8_t client_n;
	char command[MONITOR_NAME + 1];
	char key[MONITOR_KEY + 1]; /* its beginning */
	char client[MONITOR_CLIENT + 1];
	uint64_t hidden; /* arguments that are not shown */
};

struct monitor_name {
	uint8_t n;
	char name[GROUP_NAME_MAX + 1];
	uint64_t count;
};

struct burst_of_commands {
	uint64_t commands;
	size_t lines_n;
	struct monitor_line lines[MONITOR_LINES]; /* the first ones */
	size_t by_command_n;
	struct monitor_name by_command[MONITOR_NAMES];
	size_t by_group_n;
	struct monitor_name by_group[MONITOR_NAMES];
};

/* Reads one line.  0 with *ret, or -EPROTO. */
NODISCARD int monitor_parse(struct view line, struct monitor_line *ret);

/* Counts it in. */
void monitor_add(struct burst_of_commands *burst,
    const struct monitor_line *line);

/* Appends members of the "monitor" object; see web.h. */
void monitor_json(const struct burst_of_commands *burst, struct buf *out);

#endif
