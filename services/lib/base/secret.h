/*
 * Handling of secrets in memory.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/view.h"

/* Overwrites `n` bytes in a way that the compiler may not leave out. */
void secret_wipe(void *p, size_t n);

/* Wipes and frees a C string; NULL is fine. */
void secret_free(char *s);

/* Same bytes?  The time depends on the length of `b` only. */
bool secret_eq(struct view a, struct view b);

#endif
