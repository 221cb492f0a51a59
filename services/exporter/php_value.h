/*
 * Reading what PHP's serialize() writes, as far as WordPress stores it: null,
 * booleans, numbers, strings, arrays, plain objects, references.  Pure, and
 * without memory of its own: values are views of the text.
 *
 *	struct view rest = text;
 *	struct php_value v;
 *
 *	if (php_next(&rest, &v) == 0 && v.type == PHP_ARRAY) {
 *		for (uint64_t i = 0; i < v.count; i++) {
 *			... php_next(&rest, &key), php_next(&rest, &value) ...
 *		}
 *		... php_close(&rest) ...
 *	}
 */
#ifndef EXPORTER_PHP_VALUE_H
#define EXPORTER_PHP_VALUE_H

#include <stdint.h>

#include "base/view.h"

/* Deeper values are refused by php_skip(). */
#define PHP_DEPTH_MAX 64

enum php_type {
	PHP_NULL,
	PHP_BOOL,
	PHP_INT,
	PHP_DOUBLE,
	PHP_STRING,
	PHP_ARRAY,
	PHP_OBJECT, /* read like an array: names and values */
	PHP_REFERENCE,
};

struct php_value {
	enum php_type type;
	int64_t number; /* PHP_INT, PHP_BOOL */
	struct view text; /* PHP_STRING; the class of PHP_OBJECT */
	uint64_t count; /* pairs of PHP_ARRAY and PHP_OBJECT */
};

/*
 * Takes the next value off the front of `*rest`: a whole scalar, or the opening
 * of an array or object.  0, or -EINVAL.
 */
NODISCARD int php_next(struct view *rest, struct php_value *ret);

/* Takes the closing brace off the front.  0, or -EINVAL. */
NODISCARD int php_close(struct view *rest);

/* Takes the rest of a value off whose opening php_next() gave. */
NODISCARD int php_skip(struct view *rest, const struct php_value *opened);

#endif
