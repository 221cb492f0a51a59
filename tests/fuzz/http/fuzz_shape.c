/*
 * A request's fields, one "Name: value" a line behind the version: what two
 * parsers could read in two ways never passes.
 */

#include <stddef.h>
#include <stdint.h>

#include "http/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = { (const char *)data, size };
	struct http_shape shape = { .version = view_cut(&rest, '\n') };

	shape.body_method = size % 2 == 0;
	while (rest.p != NULL) {
		struct view value = view_cut(&rest, '\n');
		struct view name = view_cut(&value, ':');

		http_shape_add(&shape, name, view_trim(value));
	}
	if (http_shape_refusal(&shape) != 0) {
		return 0;
	}
	if (shape.hosts > 1 || shape.lengths > 1 || shape.encodings > 1
	    || (shape.lengths == 1 && shape.encodings == 1) || shape.bad_name
	    || shape.bad_value
	    || (shape.hosts == 1 && !http_host_valid(shape.host))) {
		__builtin_trap();
	}
	if (shape.encodings == 1
	    && (!shape.body_method || !view_eq(shape.version, VIEW("HTTP/1.1"))
		|| !view_eq_nocase(shape.encoding, VIEW("chunked")))) {
		__builtin_trap();
	}
	return 0;
}
