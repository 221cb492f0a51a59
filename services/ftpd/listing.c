#include "ftpd/listing.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/stamp.h"
#include "login/users.h"

#define HALF_YEAR (182 * 24 * 3600)

/* `name` with `?` for control characters. */
static void
add_name(struct buf *b, struct view name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c < 0x20 || c == 0x7f) {
			buf_add_char(b, '?');
		} else {
			buf_add_char(b, name.p[i]);
		}
	}
}

/* A time of SITE UTIME, which may go without seconds. */
static int
parse_short_time(struct view v, time_t *ret)
{
	char whole[15];

	if (v.n != 12) {
		return v.n == 14 ? stamp_parse(v, ret) : -EINVAL;
	}
	memcpy(whole, v.p, 12);
	memcpy(whole + 12, "00", 3);
	return stamp_parse(view_str(whole), ret);
}

/* Takes the word behind the last space off the end. */
static struct view
cut_last(struct view *v)
{
	size_t at = v->n;
	struct view word;

	while (at > 0 && v->p[at - 1] != ' ') {
		at--;
	}
	word = view_drop(*v, at);
	v->n = at > 0 ? at - 1 : 0;
	return word;
}

int
listing_parse_utime(struct view arg, struct view *ret_name, time_t *ret)
{
	struct view name = arg, behind = arg;
	struct view zone = cut_last(&name);
	time_t times[3] = { 0 };
	bool all = view_eq_nocase(zone, VIEW("UTC"));

	for (size_t i = 0; i < ARRAY_LEN(times) && all; i++) {
		all = parse_short_time(cut_last(&name), &times[i]) == 0;
	}
	if (all && name.n > 0) {
		*ret_name = name;
		*ret = times[1];
		return 0;
	}
	if (parse_short_time(view_cut(&behind, ' '), ret) < 0
	    || behind.n == 0) {
		return -EINVAL;
	}
	*ret_name = behind;
	return 0;
}

struct kind {
	mode_t mode;
	char letter; /* of ls(1) */
	const char *fact; /* of RFC 3659 */
};

static const struct kind kinds[] = {
	{ S_IFREG, '-', "file" },
	{ S_IFDIR, 'd', "dir" },
	{ S_IFLNK, 'l', "OS.unix=symlink" },
	{ S_IFIFO, 'p', "OS.unix=fifo" },
	{ S_IFSOCK, 's', "OS.unix=socket" },
	{ S_IFBLK, 'b', "OS.unix=block" },
	{ S_IFCHR, 'c', "OS.unix=character" },
};

static const struct kind *
kind_of(mode_t mode)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if ((mode & S_IFMT) == kinds[i].mode) {
			return &kinds[i];
		}
	}
	return &kinds[0];
}

static void
add_mode(struct buf *b, mode_t mode)
{
	static const char letters[] = "rwxrwxrwx";
	char text[] = "?---------";

	text[0] = kind_of(mode)->letter;
	for (unsigned i = 0; i < 9; i++) {
		if ((mode & (0400U >> i)) != 0) {
			text[1 + i] = letters[i];
		}
	}
	buf_add(b, text, sizeof(text) - 1);
}

/* As ls(1): the time of day within half a year, else the year. */
static void
add_date(struct buf *b, time_t t, time_t now)
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL) {
		buf_add_str(b, "Jan  1  1970");
		return;
	}
	buf_addf(b, "%s %2d ", months[tm.tm_mon], tm.tm_mday);
	if (t > now - HALF_YEAR && t <= now + 24 * 3600) {
		buf_addf(b, "%02d:%02d", tm.tm_hour, tm.tm_min);
	} else {
		buf_addf(b, "%5d", tm.tm_year + 1900);
	}
}

static void
add_unix(struct buf *b, const struct listing_entry *e, time_t now)
{
	add_mode(b, e->st.st_mode);
	buf_addf(b, " %3u ftp      ftp      %10llu ", (unsigned)e->st.st_nlink,
	    (unsigned long long)(uint64_t)e->st.st_size);
	add_date(b, e->st.st_mtime, now);
	buf_add_char(b, ' ');
	add_name(b, e->name);
	if (S_ISLNK(e->st.st_mode)) {
		buf_add_str(b, " -> ");
		add_name(b, e->link);
	}
}

static const char *const fact_names[] = { "type", "size", "modify", "perm",
	"unique", "UNIX.mode" };
enum { FACT_TYPE, FACT_SIZE, FACT_MODIFY, FACT_PERM, FACT_UNIQUE, FACT_MODE };

const char *
listing_fact(unsigned i)
{
	return i < ARRAY_LEN(fact_names) ? fact_names[i] : NULL;
}

/* The right that a letter of the fact `perm` needs (RFC 3659 section 7.5.5). */
static unsigned
right_of(char letter)
{
	switch (letter) {
	case 'e':
		return 0;
	case 'l':
	case 'r':
		return USERS_READ;
	case 'd':
	case 'p':
		return USERS_DELETE;
	default:
		return USERS_WRITE;
	}
}

static void
add_permissions(struct buf *b, const struct listing_entry *e, bool dir)
{
	const char *letters = dir ? "cdeflmp" : e->part ? "adw" : "adfrw";

	for (; *letters != '\0'; letters++) {
		if ((right_of(*letters) & e->lacks) == 0) {
			buf_add_char(b, *letters);
		}
	}
}

static void
add_fact(struct buf *b, unsigned fact, const struct listing_entry *e)
{
	const struct stat *st = e->resolved ? &e->target : &e->st;

	buf_add_str(b, fact_names[fact]);
	buf_add_char(b, '=');
	switch (fact) {
	case FACT_TYPE:
		buf_add_str(b, kind_of(st->st_mode)->fact);
		break;
	case FACT_SIZE:
		buf_add_u64(b, (uint64_t)st->st_size);
		break;
	case FACT_MODIFY:
		stamp_add(b, st->st_mtime);
		break;
	case FACT_PERM:
		add_permissions(b, e, S_ISDIR(st->st_mode));
		break;
	case FACT_UNIQUE:
		buf_addf(b, "%llxg%llx", (unsigned long long)st->st_dev,
		    (unsigned long long)st->st_ino);
		break;
	default:
		buf_addf(b, "0%03o", (unsigned)st->st_mode & 07777U);
		break;
	}
	buf_add_char(b, ';');
}

void
listing_facts(struct buf *b, const struct listing_entry *e)
{
	const struct stat *st = e->resolved ? &e->target : &e->st;

	for (unsigned i = 0; i < ARRAY_LEN(fact_names); i++) {
		if ((e->without & 1U << i) == 0
		    && !(i == FACT_SIZE && S_ISDIR(st->st_mode))) {
			add_fact(b, i, e);
		}
	}
	buf_add_char(b, ' ');
	add_name(b, e->name);
}

void
listing_line(struct buf *b, enum listing_format format,
    const struct listing_entry *e, time_t now)
{
	switch (format) {
	case LISTING_UNIX:
		add_unix(b, e, now);
		break;
	case LISTING_FACTS:
		listing_facts(b, e);
		break;
	case LISTING_NAMES:
		add_name(b, e->name);
		break;
	}
	buf_add_str(b, "\r\n");
}

void
listing_parse(struct view arg, struct listing_request *ret)
{
	struct view rest = arg;

	*ret = (struct listing_request){ .path = arg };
	while (rest.n > 1 && rest.p[0] == '-') {
		struct view word = view_cut(&rest, ' ');

		ret->all |= view_find(word, 'a') < word.n;
		while (rest.n > 0 && rest.p[0] == ' ') {
			rest = view_drop(rest, 1);
		}
		ret->path = rest;
	}
}
