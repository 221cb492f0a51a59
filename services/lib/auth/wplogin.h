/*
 * WordPress logins: what the authenticator asks a process that has the database
 * connection and looks users up, one after the other.  That one sees names,
 * never passwords; so neither a slow nor a lying database can do more than keep
 * WordPress's users out.
 */
#ifndef AUTH_WPLOGIN_H
#define AUTH_WPLOGIN_H

#include <stdint.h>

#include "login/users.h"
#include "wordpress/wpusers.h"

struct wplogin_request {
	uint32_t id; /* comes back with the answer */
	uint8_t name_n;
	char name[USERS_NAME_MAX];
};

struct wplogin_answer {
	uint32_t id;
	int32_t result; /* as wpusers_find() */
	struct wpuser user; /* if that is 0 */
};

#endif
