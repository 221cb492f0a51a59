/*
 * cachemon's life from a valid configuration to the exit status.
 */
#ifndef CACHEMON_DAEMON_H
#define CACHEMON_DAEMON_H

#include <stdint.h>

#include "base/buf.h"

/* The members of struct program; `conf` is a struct settings. */
void daemon_check(const void *conf, struct buf *faults);
uint16_t daemon_health_port(const void *conf);
int daemon_run(void *conf);

#endif
