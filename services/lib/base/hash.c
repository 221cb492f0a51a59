#include "base/hash.h"

#define PRIME UINT64_C(1099511628211)

uint64_t
hash_more(uint64_t hash, struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		hash = (hash ^ (unsigned char)v.p[i]) * PRIME;
	}
	return hash;
}

uint64_t
hash_of(struct view v)
{
	return hash_more(HASH_START, v);
}
