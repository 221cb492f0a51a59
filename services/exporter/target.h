/*
 * Where something is asked: scheme://host:port/path, as settings give it.
 * Pure.
 */
#ifndef EXPORTER_TARGET_H
#define EXPORTER_TARGET_H

#include <stdint.h>

#include "base/view.h"

#define TARGET_HOST_MAX 255
#define TARGET_PATH_MAX 511

enum target_scheme { TARGET_HTTP, TARGET_HTTPS, TARGET_FTP };

struct target {
	enum target_scheme scheme;
	uint16_t port;
	char host[TARGET_HOST_MAX + 1];
	char path[TARGET_PATH_MAX + 1]; /* with the query; "/" when absent */
	char name[TARGET_HOST_MAX + 8]; /* "host:port" */
};

/*
 * Reads "http://host:port/path", "https://host:port", "ftp://host:port" (a
 * port is always named).  Without a scheme it is ftp when the host's name
 * begins with "ftp", as curl guesses, else https.  0, or -EINVAL.
 */
NODISCARD int target_parse(struct view text, struct target *ret);

/*
 * Takes the next word (separated by spaces) off the front of `*rest`.  False
 * at the end.
 */
bool target_next(struct view *rest, struct view *ret);

#endif
