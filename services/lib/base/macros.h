/*
 * Compiler attributes and the few macros that every layer uses.
 */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>

/* The result says whether the call worked and must be looked at. */
#define NODISCARD __attribute__((warn_unused_result))
/* Argument `fmt` is a printf format whose values begin at argument `args`. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
