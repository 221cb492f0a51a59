/*
 * What each kind of process may do, in terms of run/confine.h.  What the
 * kernel does not offer is left out and told by /metrics.
 */
#ifndef FTPD_SANDBOX_H
#define FTPD_SANDBOX_H

#include <stdint.h>

#include "base/macros.h"

/*
 * Closes the memory of this process, and of all that it forks, to others of
 * the same user, whose number in the container is WordPress's: without
 * Landlock, /proc would show a session the key and other sessions' passwords.
 */
void sandbox_opaque(void);

/*
 * The rules for sessions: files beneath `root_fd`, no port.  *ret_fd is -1
 * when the kernel has no Landlock.  0, or -errno.
 */
NODISCARD int sandbox_session_rules(int root_fd, int *ret_fd);

/* Enters a session's confinement, before its first byte. */
NODISCARD int sandbox_session(int rules_fd);

/*
 * The second layer, after login: the user's own folder, by its rights
 * (USERS_READ and USERS_WRITE of users.h), and the one where its uploads are
 * staged (-1: none).  Who may not write cannot change modes, times and sizes
 * either.  And what is needed no more is given up: adding further layers.
 */
NODISCARD int sandbox_user(int folder_fd, int stage_fd, unsigned rights);

/* No file, no port, no connection. */
NODISCARD int sandbox_authenticator(void);

/* The same, for each thread of the hasher. */
NODISCARD int sandbox_hasher(void);

/*
 * The process for WordPress logins: one TCP port to connect to, name look-ups,
 * and /etc, which they read; it holds no secret.
 */
NODISCARD int sandbox_wplogin(uint16_t db_port);

/* No file; listening at one port. */
NODISCARD int sandbox_reporter(uint16_t port);

#endif
