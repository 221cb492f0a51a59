/* Path arguments, seen from a folder: "cwd NUL argument". */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "/", or names behind one slash each, none of them a dot or two. */
static void
check_joined(const char *path)
{
	struct view rest = view_str(path);
	size_t depth = 0;

	if (rest.n == 0 || rest.n >= PATH_SIZE || rest.p[0] != '/'
	    || path_has_control(rest)) {
		__builtin_trap();
	}
	rest = view_drop(rest, 1);
	while (rest.n > 0 || depth == 0) {
		struct view name = view_cut(&rest, '/');

		if (name.n == 0 && depth == 0 && rest.p == NULL) {
			return; /* the root */
		}
		if (name.n == 0 || name.n > 255 || view_eq(name, VIEW("."))
		    || view_eq(name, VIEW("..")) || ++depth > PATH_DEPTH_MAX
		    || (rest.p != NULL && rest.n == 0)) {
			__builtin_trap();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char cwd[PATH_SIZE], path[PATH_SIZE], again[PATH_SIZE];
	struct view arg = { (const char *)data, size };
	struct view from = view_cut(&arg, '\0');

	if (arg.p == NULL) {
		arg = from;
		from = VIEW("/");
	}
	if (path_join(VIEW("/"), from, cwd) < 0) {
		return 0;
	}
	check_joined(cwd);
	if (path_join(view_str(cwd), arg, path) < 0) {
		return 0;
	}
	check_joined(path);
	/* What it gives means the same from anywhere. */
	if (path_join(view_str(cwd), view_str(path), again) < 0
	    || strcmp(path, again) != 0) {
		__builtin_trap();
	}
	return 0;
}
