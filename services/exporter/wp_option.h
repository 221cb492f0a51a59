/*
 * What can be counted in options that WordPress stores serialized.  Pure.
 */
#ifndef EXPORTER_WP_OPTION_H
#define EXPORTER_WP_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

/* The option `cron`: time => hook => key => event. */
struct wp_cron {
	uint64_t events;
	uint64_t overdue; /* events whose time was before `now` */
	int64_t oldest; /* the time of the first event; 0: there is none */
};

/* 0, or -EINVAL. */
NODISCARD int wp_cron_parse(struct view option, int64_t now,
    struct wp_cron *ret);

/* The number of pairs of an array (active_plugins).  0, or -EINVAL. */
NODISCARD int wp_array_count(struct view option, uint64_t *ret);

/*
 * _site_transient_update_{core,plugins,themes}, or the copy that the stack's
 * plugin makes, with the member stack_installed.
 */
struct wp_updates {
	uint64_t available; /* updates that wait */
	bool counted; /* it says how many there are */
	uint64_t checked; /* plugins or themes that are installed */
	struct view version; /* core: the version that was looked at */
};

/* 0, or -EINVAL. */
NODISCARD int wp_updates_parse(struct view option, struct wp_updates *ret);

#endif
