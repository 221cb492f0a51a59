/*
 * WordPress logins: a helper process of the authenticator's that has the
 * database connection and does the hashing, one login at a time.  So neither a
 * slow database nor a hundred guesses keep the authenticator from answering
 * the user that it knows itself; and it alone may connect, to the database.
 *
 * It takes struct auth_request and gives struct auth_answer: right; wrong,
 * which also says that there is no such user, or that its roles give no
 * rights; or unavailable.
 */
#ifndef FTPD_WPLOGIN_H
#define FTPD_WPLOGIN_H

#include <stdint.h>

#include "ftpd/auth.h"
#include "ftpd/wprecent.h"
#include "ftpd/wpusers.h"

/*
 * Starts the process, from the authenticator, before that is confined.
 * *ret_fd is the socket to it; -1 when the setting is off.  `foreign_fd` is
 * closed in it.  0, or -errno.
 */
NODISCARD int wplogin_start(const struct settings *settings, int foreign_fd,
    int *ret_fd);

struct wplogin {
	struct wprecent recent;
	unsigned cost; /* of bcrypt, as last seen: what a miss costs, too */
};

/* 0, or -errno. */
NODISCARD int wplogin_init(struct wplogin *w);

/*
 * Is that user's password right, and what may it do?  `user` is NULL for one
 * that does not exist.  What is wrong takes as much time as bcrypt takes,
 * whatever was wrong; what was right a short while ago takes none.
 */
struct auth_answer wplogin_judge(struct wplogin *w, const struct wpuser *user,
    struct view name, struct view password, int64_t now);

#endif
