/*
 * Advice in plain words, from the figures alone, and the alerts that follow
 * from the thresholds in the settings.  Pure.
 */
#ifndef CACHEMON_ADVICE_H
#define CACHEMON_ADVICE_H

#include <stdbool.h>

#include "base/buf.h"
#include "cachemon/activity.h"
#include "cachemon/groups.h"
#include "cachemon/point.h"
#include "cachemon/settings.h"
#include "cachemon/status.h"

/* "Lately" is compared with what was before it. */
#define ADVICE_LATELY_S 300
#define ADVICE_BEFORE_S 3600

/* What is known.  All but `groups`, NULL before the first pass, is there. */
struct advice_facts {
	const struct settings *settings;
	const struct status *status;
	const struct groups *groups;
	const struct activity *activity;
	struct point lately; /* the sum of the last ADVICE_LATELY_S */
	struct point before; /* of the last ADVICE_BEFORE_S, lately included */
};

/* A figure that is past its threshold. */
enum alert {
	ALERT_HIT_RATIO,
	ALERT_MEMORY,
	ALERT_EVICTIONS,
	ALERT_ANSWER,
	ALERT_COUNT,
};

/* The alert's name in the API and in /metrics. */
struct view alert_name(enum alert alert);
/* The threshold in the unit of the figure: 0..1, 0..1, per second, seconds. */
double alert_threshold(const struct settings *settings, enum alert alert);
bool alert_is_on(const struct settings *settings, const struct status *status,
    enum alert alert);

/* The "advice" object of the API; see web.h. */
void advice_json(const struct advice_facts *facts, struct buf *out);

#endif
