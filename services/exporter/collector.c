#include "exporter/collector.h"

#include <stdarg.h>
#include <stdio.h>

void
collector_name(struct collector *collector, const char *kind,
    const struct target *target)
{
	(void)snprintf(collector->name, sizeof(collector->name), "%s%s%s", kind,
	    target != NULL ? " " : "", target != NULL ? target->name : "");
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
