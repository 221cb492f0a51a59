#include "exporter/gather.h"

#define TEXT_MAX (1024 * 1024)

void
gather_init(struct gather *g)
{
	g->n = 0;
}

void
gather_add(struct gather *g, const char *name, enum metrics_type type,
    const char *help)
{
	struct metrics *writer = &g->writers[g->n];

	buf_init(&g->texts[g->n], TEXT_MAX);
	metrics_init(writer, &g->texts[g->n]);
	metrics_family(writer, name, type, help);
	g->n++;
}

struct metrics *
gather_at(struct gather *g, size_t i)
{
	return &g->writers[i];
}

int
gather_done(struct gather *g, int r, struct metrics *m)
{
	for (size_t i = 0; i < g->n && r == 0; i++) {
		r = buf_error(&g->texts[i]);
	}
	for (size_t i = 0; i < g->n; i++) {
		if (r == 0) {
			buf_add_view(m->out, buf_view(&g->texts[i]));
		}
		buf_done(&g->texts[i]);
	}
	return r;
}
