/*
 * The key shares of a TLS 1.3 client's first message: with which groups it has
 * begun the key exchange (RFC 8446 section 4.2.8).  Pure.
 */
#ifndef TLS_SHARE_H
#define TLS_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

#define SHARE_X25519 29 /* RFC 8446 section 4.2.7 */

/*
 * Is there a share for `group` in an extension `key_share`, as
 * SSL_client_hello_get0_ext(3) gives it?  What is malformed has none: to refuse
 * it is the TLS library's part.
 */
bool share_is_in(struct view extension, uint16_t group);

#endif
