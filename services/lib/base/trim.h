/*
 * Memory that was freed goes back to the kernel, where the C library keeps it
 * otherwise (glibc).  Some microseconds, so for who has time.
 */
#ifndef BASE_TRIM_H
#define BASE_TRIM_H

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

static inline void
trim_memory(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

#endif
