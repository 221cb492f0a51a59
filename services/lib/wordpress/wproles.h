/*
 * WordPress's roles.  Pure: what stands in wp_capabilities gives what its user
 * may do here.
 */
#ifndef WORDPRESS_WPROLES_H
#define WORDPRESS_WPROLES_H

#include "base/macros.h"
#include "base/view.h"

/* More is greater. */
enum wproles_access {
	WPROLES_NOTHING,
	WPROLES_UPLOADS, /* wp-content/uploads, and nothing else */
	WPROLES_SITE, /* the whole root */
};

/*
 * Reads an array as PHP serializes it, of names and yes or no, such as
 * a:1:{s:13:"administrator";b:1;}, and nothing else.  The role with the most
 * rights counts: administrators get the site, editors and authors the
 * uploads, all others nothing.  0 with *ret, or -EINVAL.
 */
NODISCARD int wproles_rights(struct view capabilities,
    enum wproles_access *ret);

#endif
