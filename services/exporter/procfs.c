#include "exporter/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE 4096

int
procfs_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = 0;
	ssize_t n;

	if (fd < 0) {
		return -errno;
	}
	do {
		char *room = buf_room(out, PIECE);

		if (room == NULL) {
			r = buf_error(out);
			break;
		}
		n = read(fd, room, PIECE);
		if (n < 0) {
			r = -errno;
			break;
		}
		buf_grown(out, (size_t)n);
	} while (n > 0);
	(void)close(fd);
	return r;
}

int
procfs_u64(const char *path, uint64_t *ret)
{
	struct buf text;
	int r;

	buf_init(&text, 2L * PIECE);
	r = procfs_read(path, &text);
	if (r == 0) {
		struct view v = view_trim(buf_view(&text));

		r = view_eq(v, VIEW("max")) ? -ERANGE : view_u64(v, ret);
	}
	buf_done(&text);
	return r;
}

int
procfs_field(struct view text, const char *key, uint64_t *ret)
{
	while (text.p != NULL) {
		struct view line = view_cut(&text, '\n');
		struct view name = view_word(&line);

		if (name.n > 0 && name.p[name.n - 1] == ':') {
			name.n--;
		}
		if (view_eq(name, view_str(key))) {
			return view_u64(view_word(&line), ret) == 0 ? 0
								    : -ENOENT;
		}
	}
	return -ENOENT;
}

int
procfs_stat_parse(struct view text, struct procfs_stat *ret)
{
	/* Numbers of the fields, as proc(5) counts them. */
	struct procfs_stat s = { 0 };
	const struct {
		unsigned field;
		uint64_t *value;
	} wanted[] = { { 14, &s.user_ticks }, { 15, &s.system_ticks },
		{ 20, &s.threads }, { 22, &s.start_ticks },
		{ 23, &s.virtual_bytes }, { 24, &s.resident_pages } };
	size_t next = 0;
	size_t close = text.n;

	/* The name may hold anything, ")" included: its last one ends it. */
	while (close > 0 && text.p[close - 1] != ')') {
		close--;
	}
	if (close == 0) {
		return -EINVAL;
	}
	text = view_trim(view_drop(text, close));
	for (unsigned field = 3; next < ARRAY_LEN(wanted); field++) {
		struct view word = view_word(&text);

		if (word.n == 0) {
			return -EINVAL;
		}
		if (field == wanted[next].field) {
			if (view_u64(word, wanted[next].value) < 0) {
				return -EINVAL;
			}
			next++;
		}
	}
	*ret = s;
	return 0;
}

/* Is `path` the mount point or beneath it? */
static bool
is_beneath(struct view path, struct view point)
{
	if (view_eq(point, VIEW("/"))) {
		return true;
	}
	return view_starts(path, point)
	    && (path.n == point.n || path.p[point.n] == '/');
}

int
procfs_mount_find(struct view mountinfo, struct view path,
    struct procfs_mount *ret)
{
	bool found = false;

	while (mountinfo.p != NULL) {
		struct view line = view_cut(&mountinfo, '\n');
		struct procfs_mount mount = { .point = { NULL, 0 } };
		struct view word;

		/* id, parent, major:minor, root, mount point, options... */
		for (int i = 0; i < 5; i++) {
			mount.point = view_word(&line);
		}
		do {
			word = view_word(&line);
		} while (word.n > 0 && !view_eq(word, VIEW("-")));
		mount.type = view_word(&line);
		mount.device = view_word(&line);
		if (mount.device.n == 0 || !is_beneath(path, mount.point)) {
			continue;
		}
		/* The deepest one counts, and of two there the later. */
		if (!found || mount.point.n >= ret->point.n) {
			*ret = mount;
			found = true;
		}
	}
	return found ? 0 : -ENOENT;
}
