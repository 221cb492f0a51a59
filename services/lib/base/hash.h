/*
 * FNV-1a with 64 bits (Fowler, Noll, Vo): for tables and for telling contents
 * apart.  Quick, and no defence against somebody who wants a collision.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/view.h"

/* The hash of nothing. */
#define HASH_START UINT64_C(14695981039346656037)

/* The hash of what `hash` stands for with `v` behind it. */
uint64_t hash_more(uint64_t hash, struct view v);

uint64_t hash_of(struct view v);

#endif
