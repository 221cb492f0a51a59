/* The control connection's bytes: lines, Telnet, commands. */

#include <stddef.h>
#include <stdint.h>

#include "base/lines.h"
#include "ftpd/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds for each line that comes out. */
static void
check_line(struct view line)
{
	const struct command *c = NULL;
	struct view arg = { NULL, 0 };
	enum command_status status;

	if (line.n > LINES_MAX || view_find(line, '\n') < line.n) {
		__builtin_trap();
	}
	status = command_parse(line, &c, &arg);
	if (status != COMMAND_OK && status != COMMAND_NO_ARG) {
		return;
	}
	if (c == NULL || arg.n >= line.n
	    || (arg.n > 0
		&& (arg.p < line.p || arg.p + arg.n != line.p + line.n))
	    || (status == COMMAND_NO_ARG && arg.n > 0)) {
		__builtin_trap();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lines l;
	struct view rest = { (const char *)data, size }, line = { NULL, 0 };
	size_t step = size == 0 ? 1 : 1 + data[0] % 64U;
	size_t ends = 0, found = 0;

	for (size_t i = 0; i < size; i++) {
		ends += data[i] == '\n';
	}
	(void)command_foreign_start(rest);
	lines_init(&l);
	while (rest.n > 0) {
		size_t room = lines_room(&l);
		size_t n = rest.n < step ? rest.n : step;
		enum lines_status status;

		n = n < room ? n : room;
		lines_feed(&l, rest.p, n);
		rest = view_drop(rest, n);
		if (size % 3 == 0) {
			found += lines_pick(&l, VIEW("ABOR"));
		}
		do {
			status = lines_next(&l, &line);
			if (status == LINES_READY) {
				check_line(line);
			}
			found += status != LINES_NONE;
		} while (status != LINES_NONE);
		if (lines_room(&l) == 0) {
			__builtin_trap(); /* nobody could go on */
		}
	}
	if (found > ends) {
		__builtin_trap();
	}
	lines_wipe(&l);
	return 0;
}
