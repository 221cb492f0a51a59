/*
 * A users file: who may log in, and what for.  One user a line,
 *
 *	name:hash:rights:folder
 *
 *	name	letters, digits, `.`, `_`, `-` and `@`, as a login has them
 *	hash	of the password, see pwhash.h
 *	rights	`read` (list and download), `write` (upload, make folders,
 *		rename, set modes and times), `delete` (with write), by commas
 *	folder	the user's top folder, from the server's root on: `/` is all
 *
 * Empty lines and lines that begin with `#` are left out.  (The form is that of
 * a password file.)
 */
#ifndef LOGIN_USERS_H
#define LOGIN_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "login/pwhash.h"

/* Rights: bits. */
#define USERS_READ 1U
#define USERS_WRITE 2U
#define USERS_DELETE 4U
#define USERS_ALL 7U

/* The longest name. */
#define USERS_NAME_MAX 64
#define USERS_MOST 1024
#define USERS_FILE_MAX (256 * 1024)
#define USERS_FOLDER_MAX 255

struct user {
	char name[USERS_NAME_MAX + 1];
	char hash[PWHASH_MAX + 1];
	char folder[USERS_FOLDER_MAX + 1]; /* without slashes at its ends */
	uint8_t rights;
};

struct users {
	struct user *each;
	size_t n;
};

/*
 * Parses the whole file; `taken` is a name that is not to be had.  0, or
 * -EINVAL with a line in `faults` for each fault, which names the line and
 * never shows a hash, or -ENOMEM.  *ret is to be given to users_done().
 */
NODISCARD int users_parse(struct view text, struct view taken,
    struct users *ret, struct buf *faults);

/* Wipes and frees. */
void users_done(struct users *users);

/* NULL when there is no such user. */
const struct user *users_find(const struct users *users, struct view name);

/*
 * Reads what `fd` is open on from its start and parses it, as above; a file
 * that cannot be read, or is too large, is a fault, too.
 */
NODISCARD int users_read(int fd, struct view taken, struct users *ret,
    struct buf *faults);

/*
 * For the check of all settings: adds a line to `faults` for each fault of the
 * file, which `setting` names.  It is read in a process of its own, so that no
 * hash was ever in the memory that sessions inherit.
 */
void users_check(const char *setting, const char *path, struct view taken,
    struct buf *faults);

#endif
