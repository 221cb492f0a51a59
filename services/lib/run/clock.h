/*
 * Time: milliseconds that only go forward, and deadlines made of them.
 */
#ifndef RUN_CLOCK_H
#define RUN_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_ms(void);

/*
 * Milliseconds left until `deadline` (a clock_ms() value), for poll(2): never
 * negative, never more than an int holds.
 */
int clock_left(int64_t deadline);

#endif
