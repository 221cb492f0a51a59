/*
 * Compressing many pieces of content, one after the other, with zlib.
 */
#ifndef STATICD_GZIP_H
#define STATICD_GZIP_H

#include <stddef.h>

#include <zlib.h>

#include "base/macros.h"
#include "base/view.h"

struct gzip {
	/* Private. */
	z_stream stream;
};

/* 0, or -ENOMEM. */
NODISCARD int gzip_init(struct gzip *g);
void gzip_done(struct gzip *g);

/*
 * The gzip form of `bytes`, at best compression, without a time or name in it,
 * so that equal content gives equal bytes.  0 with memory that the caller
 * frees; -EFBIG when it would not save at least a tenth; -ENOMEM.
 */
NODISCARD int gzip_make(struct gzip *g, struct view bytes, char **ret,
    size_t *ret_n);

#endif
