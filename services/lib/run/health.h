/*
 * The --healthcheck side of a daemon: one HTTP request to itself.
 */
#ifndef RUN_HEALTH_H
#define RUN_HEALTH_H

#include <stdint.h>

#include "base/macros.h"

/*
 * GET /healthz on 127.0.0.1:port within `timeout_ms`.  0 when the answer is
 * status 200; -EPROTO for any other answer; else -errno.
 */
NODISCARD int health_probe(uint16_t port, int timeout_ms);

#endif
