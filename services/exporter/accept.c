#include "exporter/accept.h"

bool
accept_next(struct view *rest, struct view *ret_name, double *ret_weight)
{
	struct view element;
	double q = 1;

	if (rest->p == NULL) {
		return false;
	}
	element = view_cut(rest, ',');
	*ret_name = view_trim(view_cut(&element, ';'));
	while (element.p != NULL) {
		struct view value = view_trim(view_cut(&element, ';'));
		struct view key = view_trim(view_cut(&value, '='));

		if (view_eq_nocase(key, VIEW("q"))
		    && view_double(view_trim(value), &q) < 0) {
			q = 0;
		}
	}
	*ret_weight = q;
	return true;
}
