/*
 * Time: a clock that only goes forward, deadlines made of it, the time of day.
 */
#ifndef RUN_CLOCK_H
#define RUN_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_ms(void);

/* Microseconds of the same clock: how long something took. */
int64_t clock_us(void);

/*
 * Milliseconds left until `deadline` (a clock_ms() value), for poll(2): never
 * negative, never more than an int holds.
 */
int clock_left(int64_t deadline);

/* The time of day in Unix milliseconds; it may be set back. */
int64_t clock_wall_ms(void);

#endif
