/*
 * What the exporter serves: /metrics, /status.json, /, /healthz.
 */
#ifndef EXPORTER_WEB_H
#define EXPORTER_WEB_H

#include <stdint.h>

#include "exporter/scrape.h"
#include "http/http.h"

/*
 * Starts to serve; `scrape` has to live until http_stop().  0 with *ret, or
 * -errno.
 */
NODISCARD int web_start(uint16_t port, struct scrape *scrape,
    struct http_server **ret);

#endif
