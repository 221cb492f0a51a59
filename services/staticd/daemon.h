/*
 * staticd from its first load of the site to its end.
 */
#ifndef STATICD_DAEMON_H
#define STATICD_DAEMON_H

#include <stdint.h>

#include "base/buf.h"

/* Functions of struct program (run/program.h) on a struct staticd_conf. */
void daemon_check(const void *conf, struct buf *faults);
uint16_t daemon_health_port(const void *conf);
int daemon_run(void *conf);

#endif
