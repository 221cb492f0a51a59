/*
 * Descriptors: how many this process may have.
 */
#ifndef STATICD_FILES_H
#define STATICD_FILES_H

#include <stdint.h>

/* Raises the limit to what the system allows; before anything is opened. */
void files_raise(void);

/*
 * How many of `wanted` connections there are descriptors for, with room for a
 * second site beside the one that is loaded (a reload).  At least one.
 */
uint64_t files_for(uint64_t wanted);

#endif
