/*
 * A view is a borrowed piece of bytes: pointer and length, no NUL promised.
 *
 * Parsers take views and give views of the same memory back, so nothing is
 * copied and no bound is checked twice.  The memory belongs to somebody else
 * and has to outlive the view.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct view {
	const char *p;
	size_t n;
};

/* A view of a string literal. */
#define VIEW(literal) ((struct view){ "" literal, sizeof(literal) - 1 })

/* A view of a C string; NULL gives the empty view. */
struct view view_str(const char *s);

/* Same bytes?  view_eq_nocase folds ASCII letters only. */
bool view_eq(struct view a, struct view b);
bool view_eq_nocase(struct view a, struct view b);

bool view_starts(struct view v, struct view prefix);
bool view_ends(struct view v, struct view suffix);

/* Offset of the first `c`, or v.n when there is none. */
size_t view_find(struct view v, char c);

/* `v` without its first `n` bytes (all of them when it is shorter). */
struct view view_drop(struct view v, size_t n);

/* `v` without spaces, tabs, CR and LF at both ends. */
struct view view_trim(struct view v);

/* Is every byte one of the characters of `set`?  True for the empty view. */
bool view_only(struct view v, const char *set);

/* Takes `literal` off the front of `*rest`; false when it does not stand there.
 */
bool view_take(struct view *rest, struct view literal);

/*
 * Takes the next word off the front of `*rest`, with the spaces and tabs before
 * it; `*rest` goes on right behind the word.  Empty at the end.
 */
struct view view_word(struct view *rest);

/*
 * Takes the piece before the first `sep` off the front of `*rest` and returns
 * it; `*rest` goes on behind the separator.  Without a separator the piece is
 * all that is left and `*rest` becomes empty with p == NULL, which is how a
 * loop knows the end: while (rest.p != NULL) { piece = view_cut(&rest, ','); }
 */
struct view view_cut(struct view *rest, char sep);

/*
 * Strict numbers: the whole view has to be the number, no sign for u64, no
 * space, no overflow.  Return 0, or -EINVAL / -ERANGE with *ret untouched.
 */
NODISCARD int view_u64(struct view v, uint64_t *ret);
NODISCARD int view_i64(struct view v, int64_t *ret);
/*
 * Decimal fraction with optional exponent, at most 63 bytes; no hex, no nan.
 * What is too small for a double is the nearest one, or zero.
 */
NODISCARD int view_double(struct view v, double *ret);

/*
 * Copies to `out` with a NUL behind.  -ENAMETOOLONG when it does not fit,
 * -EINVAL when the view has a NUL inside; `out` is then the empty string.
 */
NODISCARD int view_to_cstr(struct view v, char *out, size_t size);

#endif
