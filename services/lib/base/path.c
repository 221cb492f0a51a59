#include "base/path.h"

#include <errno.h>
#include <string.h>

#define NAME_LONGEST 255

bool
path_has_control(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c < 0x20 || c == 0x7f) {
			return true;
		}
	}
	return false;
}

struct builder {
	char text[PATH_SIZE];
	size_t n;
	size_t depth;
};

static void
up(struct builder *b)
{
	while (b->n > 0 && b->text[--b->n] != '/') {
		;
	}
	b->depth -= b->depth > 0;
}

static int
down(struct builder *b, struct view name)
{
	if (name.n > NAME_LONGEST || b->depth == PATH_DEPTH_MAX
	    || b->n + 1 + name.n >= sizeof(b->text)) {
		return -ENAMETOOLONG;
	}
	b->text[b->n++] = '/';
	memcpy(b->text + b->n, name.p, name.n);
	b->n += name.n;
	b->depth++;
	return 0;
}

static int
walk(struct builder *b, struct view path)
{
	while (path.p != NULL) {
		struct view name = view_cut(&path, '/');
		int r = 0;

		if (view_eq(name, VIEW(".."))) {
			up(b);
		} else if (name.n > 0 && !view_eq(name, VIEW("."))) {
			r = down(b, name);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int
path_join(struct view cwd, struct view arg, char ret[PATH_SIZE])
{
	struct builder b = { .n = 0 };
	int r = 0;

	if (arg.n == 0) {
		return -EINVAL;
	}
	if (path_has_control(arg)) {
		return -EILSEQ;
	}
	if (arg.p[0] != '/') {
		r = walk(&b, cwd);
	}
	if (r == 0) {
		r = walk(&b, arg);
	}
	if (r < 0) {
		return r;
	}
	if (b.n == 0) {
		b.text[b.n++] = '/';
	}
	memcpy(ret, b.text, b.n);
	ret[b.n] = '\0';
	return 0;
}
