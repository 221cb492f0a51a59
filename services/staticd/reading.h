/*
 * Reading one file of the site, which has to stay as it is meanwhile.
 */
#ifndef STATICD_READING_H
#define STATICD_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/view.h"
#include "staticd/digest.h"

/* What was read. */
struct reading {
	char *bytes; /* malloc(3) memory: the whole of it, or NULL */
	size_t size;
	bool adapted; /* the bytes are not the file's any more */
	struct digest digest; /* of the bytes, or of the file */
};

/*
 * Reads the file behind `fd`, whose state was `st`: all of it into memory if
 * `whole`, else its digest only.  0, and the caller frees the bytes; or -errno,
 * -EAGAIN when it has changed since.
 */
NODISCARD int reading_of(int fd, const struct stat *st, bool whole,
    struct reading *ret);

/*
 * Puts `prefix` in the place of each @PREFIX@ in the bytes; they are freed when
 * memory is short.  0, or -ENOMEM.
 */
NODISCARD int reading_adapt(struct reading *reading, struct view prefix);

#endif
