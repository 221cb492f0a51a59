/*
 * The users file, as a person writes it: whatever is in it, no user comes out
 * without a name, a hash, rights and a folder that leads nowhere else; and a
 * fault never shows what stands in the place of a hash.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "login/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct users *users)
{
	for (size_t i = 0; i < users->n; i++) {
		const struct user *u = &users->each[i];

		if (u->name[0] == '\0' || u->hash[0] != '$' || u->rights == 0
		    || u->rights > USERS_ALL || u->folder[0] == '/'
		    || strcmp(u->name, "taken") == 0
		    || strstr(u->folder, "//") != NULL
		    || strncmp(u->folder, "../", 3) == 0
		    || strstr(u->folder, "/../") != NULL
		    || users_find(users, view_str(u->name)) != u) {
			__builtin_trap();
		}
	}
}

/* A hash is never shown, in whatever field it stands. */
#define MARK "$6$SeCrEt"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { .p = (const char *)data, .n = size };
	struct users users;
	struct buf faults;
	int r;

	buf_init(&faults, 1U << 24);
	r = users_parse(text, VIEW("taken"), &users, &faults);
	if ((r == 0) != (buf_size(&faults) == 0) || (r != 0 && users.n != 0)
	    || users.n > USERS_MOST
	    || strstr(buf_cstr(&faults), MARK) != NULL) {
		__builtin_trap();
	}
	check(&users);
	users_done(&users);
	buf_done(&faults);
	return 0;
}
