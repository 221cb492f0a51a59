#include "login/hashpw.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/path.h"
#include "base/secret.h"
#include "login/pwhash.h"
#include "run/program.h"

#define LINE_SIZE (PWHASH_PASSWORD_MAX + 2) /* with its newline and a NUL */

/* One line of standard input without its end.  False when there is none. */
static bool
read_line(char line[LINE_SIZE], size_t *ret_n)
{
	size_t n = 0;

	while (n < LINE_SIZE - 1) {
		ssize_t got = read(STDIN_FILENO, line + n, 1);

		if (got < 0 || (got == 0 && n == 0)) {
			return false;
		}
		if (got == 0 || line[n] == '\n') {
			*ret_n = n > 0 && line[n - 1] == '\r' ? n - 1 : n;
			return true;
		}
		n++;
	}
	return false;
}

/* The same from a terminal that shows nothing; Ctrl-C is a character, too. */
static bool
ask(const char *prompt, char line[LINE_SIZE], size_t *ret_n)
{
	struct termios was, now;
	bool good;

	if (tcgetattr(STDIN_FILENO, &was) < 0) {
		return read_line(line, ret_n);
	}
	now = was;
	now.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) < 0) {
		return false;
	}
	(void)fputs(prompt, stderr);
	good = read_line(line, ret_n);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	(void)fputc('\n', stderr);
	return good;
}

/* False when there is no password; what was wrong has been told. */
static bool
ask_twice(char line[LINE_SIZE], size_t *ret_n)
{
	char again[LINE_SIZE];
	size_t n = 0, again_n = 0;
	bool good = ask("Password: ", line, &n);
	const char *why = NULL;

	if (!good || n == 0 || path_has_control((struct view){ line, n })) {
		why = "no password: 1 to 512 bytes on one line, without "
		      "control characters";
	} else if (isatty(STDIN_FILENO)
	    && (!ask("Once more: ", again, &again_n)
		|| !secret_eq((struct view){ line, n },
		    (struct view){ again, again_n }))) {
		why = "the two are not the same";
	}
	secret_wipe(again, sizeof(again));
	if (why != NULL) {
		(void)fprintf(stderr, "ftpd: %s\n", why);
		return false;
	}
	*ret_n = n;
	return true;
}

int
hashpw_run(void)
{
	char line[LINE_SIZE];
	char hash[PWHASH_MAX + 1];
	size_t n;
	int r;

	if (!ask_twice(line, &n)) {
		secret_wipe(line, sizeof(line));
		return EXIT_USAGE;
	}
	r = pwhash_make((struct view){ line, n }, hash);
	secret_wipe(line, sizeof(line));
	if (r < 0) {
		(void)fprintf(stderr, "ftpd: no hash: %s\n", strerror(-r));
		return 1;
	}
	return printf("%s\n", hash) < 0 || fflush(stdout) != 0 ? 1 : 0;
}
