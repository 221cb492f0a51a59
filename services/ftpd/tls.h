/*
 * TLS of both connections: one context for a session's control and data
 * connections.
 *
 * Session tickets are encrypted by keys that each session process makes for
 * itself after the fork.  So a ticket can be used only on a data connection of
 * the control connection that gave it: all others do not decrypt.  For clients
 * without tickets (TLS 1.2, by session id) the control connection's session is
 * kept in the process's memory, and no other.
 */
#ifndef FTPD_TLS_H
#define FTPD_TLS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/macros.h"

/*
 * A server context for TLS 1.2 and 1.3 with this certificate (chain) and key.
 * 0, or -EINVAL with a line in `why` that says what is wrong.
 */
NODISCARD int tls_load(const char *cert, const char *key, struct buf *why,
    SSL_CTX **ret);

/* New ticket keys: to be called in each session process before it starts. */
NODISCARD int tls_own_tickets(SSL_CTX *ctx);

/* A connection to be; NULL when out of memory. */
SSL *tls_control(SSL_CTX *ctx);
/* One that gives no tickets, for data. */
SSL *tls_data(SSL_CTX *ctx);

/* After the handshake: was a ticket of ours used? */
bool tls_resumed(const SSL *ssl);

/* Was a ticket offered that is not ours, but somebody else's? */
bool tls_foreign(const SSL *ssl);

/*
 * Before each data connection: there is a session to resume.  Queues a further
 * ticket under TLS 1.3, which goes out with the next write; under TLS 1.2,
 * remembers the session.
 */
void tls_fresh_ticket(SSL *ssl);

#endif
