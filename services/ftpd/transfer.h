/*
 * What all transfers have in common: the reply at their end, the log line, the
 * counters.
 */
#ifndef FTPD_TRANSFER_H
#define FTPD_TRANSFER_H

#include "ftpd/session.h"

struct transfer {
	enum stats_direction direction;
	const char *verb;
	char path[PATH_SIZE];
	uint64_t from; /* the byte that it begins with */
	int64_t started;
};

void transfer_init(struct transfer *t, enum stats_direction direction,
    const char *verb);

/*
 * Tells of the transfer's end, after data_open() and whatever came of it (0 or
 * -errno), and closes the data connection.
 */
void transfer_end(struct session *s, const struct transfer *t, int r);

#endif
