#include "login/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/path.h"
#include "base/secret.h"

#define NAME_SIGNS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@"

/* Faults beyond that are not told; below what a pipe takes at once. */
#define FAULTS_MAX 32768

/* A line that is being read. */
struct line {
	struct buf *faults;
	unsigned number;
	bool bad;
};

/* A value with a $ may be a hash in the wrong place: it is not shown. */
static void
fault(struct line *l, const char *what, struct view value, const char *why)
{
	buf_addf(l->faults, "line %u: %s", l->number, what);
	if (value.n > 0 && view_find(value, '$') == value.n) {
		buf_add_char(l->faults, ' ');
		escape_log(l->faults, value);
	}
	buf_addf(l->faults, " %s\n", why);
	l->bad = true;
}

static void
take_name(struct line *l, struct view v, char ret[USERS_NAME_MAX + 1])
{
	if (v.n == 0) {
		fault(l, "the name", v, "is missing");
	} else if (!view_only(v, NAME_SIGNS)) {
		fault(l, "name", v, "may have letters, digits, . _ - and @");
	} else if (view_to_cstr(v, ret, USERS_NAME_MAX + 1) < 0) {
		fault(l, "name", v, "is too long");
	}
}

static void
take_hash(struct line *l, struct view v, char ret[PWHASH_MAX + 1])
{
	const char *why = v.n == 0 ? "is missing" : pwhash_fault(v);

	if (why == NULL && view_to_cstr(v, ret, PWHASH_MAX + 1) < 0) {
		why = "is too long";
	}
	if (why != NULL) {
		fault(l, "the hash", VIEW(""), why);
	}
}

static unsigned
right_of(struct view word)
{
	static const struct {
		struct view word;
		unsigned right;
	} words[] = { { { "read", 4 }, USERS_READ },
		{ { "write", 5 }, USERS_WRITE },
		{ { "delete", 6 }, USERS_DELETE } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (view_eq(word, words[i].word)) {
			return words[i].right;
		}
	}
	return 0;
}

static void
take_rights(struct line *l, struct view v, uint8_t *ret)
{
	unsigned rights = 0;

	while (v.p != NULL) {
		struct view word = view_cut(&v, ',');
		unsigned right = right_of(word);

		if (right == 0) {
			fault(l, "right", word,
			    "is none of read, write and delete");
			return;
		}
		rights |= right;
	}
	if ((rights & USERS_DELETE) != 0 && (rights & USERS_WRITE) == 0) {
		fault(l, "right", VIEW("delete"), "needs write");
		return;
	}
	*ret = (uint8_t)rights;
}

/* Plain names with single slashes between: nothing that would lead elsewhere.
 */
static bool
is_folder(struct view v)
{
	if (v.n == 0) {
		return true;
	}
	while (v.p != NULL) {
		struct view name = view_cut(&v, '/');

		if (name.n == 0 || view_eq(name, VIEW("."))
		    || view_eq(name, VIEW("..")) || path_has_control(name)) {
			return false;
		}
	}
	return true;
}

static void
take_folder(struct line *l, struct view v, char ret[USERS_FOLDER_MAX + 1])
{
	struct view rest = v;

	if (!view_take(&rest, VIEW("/"))) {
		fault(l, "folder", v, "does not begin with /");
		return;
	}
	if (rest.n > 0 && rest.p[rest.n - 1] == '/') {
		rest.n--;
	}
	if (!is_folder(rest)) {
		fault(l, "folder", v,
		    "has empty names, . or .. or control characters in it");
	} else if (view_to_cstr(rest, ret, USERS_FOLDER_MAX + 1) < 0) {
		fault(l, "folder", v, "is too long");
	}
}

static void
take_line(struct line *l, struct view text, struct view taken,
    struct users *users)
{
	struct user *u = &users->each[users->n];
	struct view field[4];
	size_t n = 0;

	while (text.p != NULL && n < ARRAY_LEN(field)) {
		field[n++] = view_cut(&text, ':');
	}
	if (n != ARRAY_LEN(field) || text.p != NULL) {
		fault(l, "this", VIEW(""), "is not name:hash:rights:folder");
		return;
	}
	*u = (struct user){ .rights = 0 };
	take_name(l, field[0], u->name);
	take_hash(l, field[1], u->hash);
	take_rights(l, field[2], &u->rights);
	take_folder(l, field[3], u->folder);
	if (u->name[0] != '\0'
	    && (view_eq(view_str(u->name), taken)
		|| users_find(users, view_str(u->name)) != NULL)) {
		fault(l, "name", field[0], "stands for another user already");
	}
	users->n++;
}

static size_t
lines_of(struct view text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n && n < USERS_MOST; i++) {
		n += text.p[i] == '\n';
	}
	return n;
}

int
users_parse(struct view text, struct view taken, struct users *ret,
    struct buf *faults)
{
	size_t most = lines_of(text);
	struct users users = { .each = calloc(most, sizeof(*users.each)) };
	struct line l = { .faults = faults };

	*ret = (struct users){ .n = 0 };
	if (users.each == NULL) {
		return -ENOMEM;
	}
	while (text.p != NULL) {
		struct view line = view_trim(view_cut(&text, '\n'));

		l.number++;
		if (line.n == 0 || line.p[0] == '#') {
			continue;
		}
		if (users.n == USERS_MOST) {
			fault(&l, "this", VIEW(""), "is one user too many");
			break;
		}
		take_line(&l, line, taken, &users);
	}
	if (l.bad) {
		users_done(&users);
		return -EINVAL;
	}
	*ret = users;
	return 0;
}

void
users_done(struct users *users)
{
	if (users->each != NULL) {
		secret_wipe(users->each, users->n * sizeof(*users->each));
	}
	free(users->each);
	*users = (struct users){ .n = 0 };
}

const struct user *
users_find(const struct users *users, struct view name)
{
	for (size_t i = 0; i < users->n; i++) {
		if (view_eq(view_str(users->each[i].name), name)) {
			return &users->each[i];
		}
	}
	return NULL;
}

int
users_read(int fd, struct view taken, struct users *ret, struct buf *faults)
{
	/* The authenticator may not ask for the size (fstat(2) by path). */
	char *text = malloc(USERS_FILE_MAX + 1);
	size_t n = 0;
	ssize_t got = 1;
	int r;

	*ret = (struct users){ .n = 0 };
	if (text == NULL) {
		return -ENOMEM;
	}
	while (got > 0 && n <= USERS_FILE_MAX) {
		got = pread(fd, text + n, USERS_FILE_MAX + 1 - n, (off_t)n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (got < 0 || n > USERS_FILE_MAX) {
		buf_addf(faults, "the file: %s\n",
		    strerror(got < 0 ? errno : EFBIG));
		r = -EINVAL;
	} else {
		r = users_parse((struct view){ text, n }, taken, ret, faults);
	}
	secret_wipe(text, n);
	free(text);
	return r;
}

/* In a process of its own: the faults to `fd`. */
static int
check_and_tell(int file, struct view taken, int fd)
{
	struct users users;
	struct buf faults;
	int r;

	buf_init(&faults, FAULTS_MAX);
	r = users_read(file, taken, &users, &faults);
	users_done(&users);
	if (r < 0 && r != -EINVAL) {
		buf_addf(&faults, "%s\n", strerror(-r));
	}
	return write(fd, buf_cstr(&faults), buf_size(&faults))
		== (ssize_t)buf_size(&faults)
	    ? 0
	    : 1;
}

/* Each line of what the other process told, with the setting's name. */
static void
take_faults(int fd, const char *setting, struct buf *faults)
{
	char text[FAULTS_MAX];
	size_t n = 0;
	ssize_t got = 1;
	struct view rest;

	while (got > 0) {
		got = read(fd, text + n, sizeof(text) - n);
		n += got > 0 ? (size_t)got : 0;
	}
	rest = (struct view){ text, n };
	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');

		buf_addf(faults, "%s: %.*s\n", setting, (int)line.n, line.p);
	}
}

void
users_check(const char *setting, const char *path, struct view taken,
    struct buf *faults)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int pipes[2] = { -1, -1 };
	int status = 0;
	pid_t pid = -1;

	if (file < 0) {
		buf_addf(faults, "%s: cannot read ", setting);
		escape_log(faults, view_str(path));
		buf_addf(faults, ": %s\n", strerror(errno));
		return;
	}
	if (pipe2(pipes, O_CLOEXEC) == 0) {
		pid = fork();
	}
	if (pid == 0) {
		_exit(check_and_tell(file, taken, pipes[1]));
	}
	(void)close(file);
	(void)close(pipes[1]);
	if (pid > 0) {
		take_faults(pipes[0], setting, faults);
	}
	(void)close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		buf_addf(faults, "%s: cannot be checked\n", setting);
	}
}
