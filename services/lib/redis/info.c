#include "redis/info.h"

bool
info_next(struct view *rest, struct info_field *field)
{
	while (rest->p != NULL) {
		struct view line = view_trim(view_cut(rest, '\n'));

		if (line.n > 0 && line.p[0] == '#') {
			field->section = view_trim(view_drop(line, 1));
		} else if (view_find(line, ':') < line.n) {
			field->value = line;
			field->name = view_cut(&field->value, ':');
			return true;
		}
	}
	return false;
}

struct view
info_find(struct view info, const char *name)
{
	struct info_field field = { .section = { NULL, 0 } };

	while (info_next(&info, &field)) {
		if (view_eq(field.name, view_str(name))) {
			return field.value;
		}
	}
	return (struct view){ NULL, 0 };
}

struct view
info_part(struct view value, const char *name)
{
	while (value.p != NULL) {
		struct view part = view_cut(&value, ',');
		struct view key = view_cut(&part, '=');

		if (part.p != NULL && view_eq(key, view_str(name))) {
			return part;
		}
	}
	return (struct view){ NULL, 0 };
}
