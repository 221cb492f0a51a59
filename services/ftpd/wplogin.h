/*
 * WordPress logins: a process of the authenticator's that has the database
 * connection and looks users up, one after the other.  It alone may connect,
 * to the database, and sees names, never passwords; so neither a slow nor a
 * lying database can do more than keep WordPress's users out.
 */
#ifndef FTPD_WPLOGIN_H
#define FTPD_WPLOGIN_H

#include <stdint.h>

#include "ftpd/settings.h"
#include "wordpress/wpusers.h"

/* The program; its first descriptor is the socket to the authenticator. */
#define WPLOGIN_PROGRAM "ftpd-lookup"

struct wplogin_request {
	uint32_t id; /* comes back with the answer */
	uint8_t name_n;
	char name[SETTINGS_USER_MAX];
};

struct wplogin_answer {
	uint32_t id;
	int32_t result; /* as wpusers_find() */
	struct wpuser user; /* if that is 0 */
};

/*
 * Starts the process, from the authenticator, before that is confined.
 * *ret_fd is the socket to it.  0, or -errno.
 */
NODISCARD int wplogin_start(const struct settings *settings, int *ret_fd);

#endif
