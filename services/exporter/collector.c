#include "exporter/collector.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
collector_init(struct collector *collector, const struct collector_class *class,
    const void *self, const char *kind, const struct target *target)
{
	*collector = (struct collector){ .class = class,
		.self = (void *)(uintptr_t)self };
	(void)snprintf(collector->name, sizeof(collector->name), "%s%s%s", kind,
	    target != NULL ? " " : "", target != NULL ? target->name : "");
}

int
collector_init_page(struct collector *collector,
    const struct collector_class *class, const char *kind,
    const struct target *target)
{
	struct target *self = malloc(sizeof(*self));

	if (self == NULL) {
		return -ENOMEM;
	}
	*self = *target;
	collector_init(collector, class, self, kind, NULL);
	return 0;
}

void
collector_done(struct collector *collector)
{
	if (collector->class->done != NULL) {
		collector->class->done(collector->self);
	}
}

int
collection_fail(struct collection *c, int err, const char *fmt, ...)
{
	char text[COLLECTOR_WHY_MAX + 1];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_clear(c->why);
	buf_add_str(c->why, text);
	return err;
}
