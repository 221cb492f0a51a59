#include "exporter/fpm_status.h"

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

/* The page is three deep; the library's parser recurses. */
#define DEPTH_MAX 8
/* A process has 14 values; the library needs up to 250 bytes for `{}`. */
#define VALUES_MAX (32 * 1024)

/* Does the text nest no deeper than DEPTH_MAX and hold few enough values? */
static bool
is_modest(struct view json)
{
	unsigned depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];

		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == ',') {
			values++;
		} else if (c == '{' || c == '[') {
			depth++;
			values++;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
		if (depth > DEPTH_MAX || values > VALUES_MAX) {
			return false;
		}
	}
	return true;
}

/* A whole number; 0 when it is absent, negative or something else. */
static uint64_t
whole(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

static double
number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* Copies a string, or what fits of it; empty when it is absent. */
static void
text(const json_t *object, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);
	struct view v = { json_string_value(value), json_string_length(value) };

	if (v.n >= size) {
		v.n = size - 1;
	}
	if (view_to_cstr(v, out, size) < 0) {
		out[0] = '\0';
	}
}

static int
read_processes(const json_t *list, struct fpm_status *status)
{
	size_t n = json_array_size(list);

	if (n > FPM_PROCESSES_MAX) {
		n = FPM_PROCESSES_MAX;
	}
	if (n == 0) {
		return 0;
	}
	status->processes = calloc(n, sizeof(status->processes[0]));
	if (status->processes == NULL) {
		return -ENOMEM;
	}
	status->process_count = n;
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);
		struct fpm_process *p = &status->processes[i];

		text(item, "state", p->state, sizeof(p->state));
		p->requests = whole(item, "requests");
		p->last_request_memory = number(item, "last request memory");
		p->last_request_cpu = number(item, "last request cpu");
		p->request_duration = number(item, "request duration");
	}
	return 0;
}

int
fpm_status_parse(struct view json, struct fpm_status *ret)
{
	struct fpm_status s = { .process_count = 0 };
	json_t *root;
	int r;

	if (!is_modest(json)) {
		return -EINVAL;
	}
	root = json_loadb(json.p, json.n, 0, NULL);
	if (!json_is_string(json_object_get(root, "pool"))
	    || !json_is_integer(json_object_get(root, "accepted conn"))) {
		json_decref(root);
		return -EINVAL;
	}
	text(root, "pool", s.pool, sizeof(s.pool));
	s.start_since = whole(root, "start since");
	s.accepted = whole(root, "accepted conn");
	s.listen_queue = whole(root, "listen queue");
	s.max_listen_queue = whole(root, "max listen queue");
	s.listen_queue_length = whole(root, "listen queue len");
	s.idle = whole(root, "idle processes");
	s.active = whole(root, "active processes");
	s.total = whole(root, "total processes");
	s.max_active = whole(root, "max active processes");
	s.max_children_reached = whole(root, "max children reached");
	s.slow_requests = whole(root, "slow requests");
	r = read_processes(json_object_get(root, "processes"), &s);
	json_decref(root);
	if (r < 0) {
		return r;
	}
	*ret = s;
	return 0;
}

void
fpm_status_done(struct fpm_status *status)
{
	free(status->processes);
	status->processes = NULL;
	status->process_count = 0;
}
