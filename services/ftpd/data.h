/*
 * The data connection: a passive port of our own choice (run/lend.h), one
 * connection taken on it, and the proof that it is the client's.  A session
 * that transfers one file after the other keeps its port, but while one takes
 * long others may have it.
 *
 * It is the client's when it comes from the client's address, or, with
 * FTPD_PEER_CHECK=nat, when one of the two addresses is the gateway's; under
 * TLS the latter is believed only if the control connection's TLS session is
 * resumed.  FTPD_TLS_REUSE says what else is asked of TLS.
 */
#ifndef FTPD_DATA_H
#define FTPD_DATA_H

#include "ftpd/session.h"

/*
 * Opens the data connection for a transfer whose reply 150 says `text`: all
 * checks, the ticket, 150, the connection, the handshake.  On failure the
 * reply has been sent and the result is false.
 */
NODISCARD bool data_open(struct session *s, const char *text);

/* Ends the connection with all bytes delivered.  0, or -errno. */
int data_finish(struct session *s);

/*
 * After the reply to a finished transfer: gives the peer a moment to close
 * first, then closes.
 */
void data_linger(struct session *s);

/* Resets the connection, so that nobody takes what came for the whole. */
void data_abort(struct session *s);

/* The session rests, or its transfer takes long: others may have its port. */
void data_rest(struct session *s);

/* Closes everything of it, also the listening socket. */
void data_close(struct session *s);

#endif
