/*
 * A whole session, over a transport in memory and a folder of its own.
 *
 * The first line of an input is how the client behaves, letters of its choice:
 * `p` what it says comes in one piece, `h` an upload ends only when all was
 * said, `a` nor does the connection come, `r` TLS is required, `w` it waits
 * for the server to end.  Then the lines that it says, up to one with a single
 * `=`; what is behind that is what it has to upload.
 */

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../unit/ftpd/wire.h"
#include "run/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char base[32];
static int base_fd, root_fd;
static struct stats *stats;
static int stats_fd;
static struct fsroot root;
static struct stage stage;

static void
remove_base(void)
{
	wire_clear(root_fd);
	(void)unlinkat(root_fd, SETTINGS_STAGE, AT_REMOVEDIR);
	wire_clear(base_fd);
	(void)rmdir(base);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[64];

	(void)argc;
	(void)argv;
	/* In memory, where that is to be had. */
	(void)snprintf(base, sizeof(base), "%s/fuzz-session-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	stats = stats_new(&stats_fd);
	if (stats == NULL || mkdtemp(base) == NULL) {
		abort();
	}
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0 || mkdirat(base_fd, "root", 0700) < 0) {
		abort();
	}
	(void)snprintf(path, sizeof(path), "%s/root", base);
	root_fd = openat(base_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || fsroot_open(&root, path) < 0
	    || stage_open(&stage, &root, SETTINGS_STAGE) < 0) {
		abort();
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)atexit(remove_base);
	log_init("fuzz", LOG_ERROR);
	return 0;
}

static void
put(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		abort();
	}
	(void)close(fd);
}

/* The same world for each input. */
static void
make_world(void)
{
	wire_clear(root_fd);
	put(base_fd, "secret", "outside");
	put(root_fd, "f", "0123456789");
	put(root_fd, "text", "one\ntwo\n");
	if (mkdirat(root_fd, "d", 0700) < 0
	    || symlinkat("../secret", root_fd, "out") < 0
	    || symlinkat("..", root_fd, "up") < 0
	    || symlinkat("f", root_fd, "in") < 0) {
		abort();
	}
	put(root_fd, "d/g", "inner");
}

/* What must be so whatever was said. */
static void
check_world(void)
{
	char text[16] = "";
	struct stat st;
	int fd = openat(base_fd, "secret", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text)) != 7
	    || memcmp(text, "outside", 7) != 0 || fstat(fd, &st) < 0
	    || (st.st_mode & 0777) != 0600) {
		__builtin_trap();
	}
	(void)close(fd);
	if (fstatat(base_fd, "root/" SETTINGS_STAGE, &st, AT_SYMLINK_NOFOLLOW)
	    < 0) {
		__builtin_trap();
	}
}

/* Each line of a reply: a code or a space at its front, no control byte. */
static void
check_replies(struct view heard)
{
	while (heard.n > 0) {
		struct view line = view_cut(&heard, '\n');

		if (view_starts(line, VIEW("> "))) {
			continue; /* what the client said, up to its end */
		}
		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
		}
		for (size_t i = 0; i < line.n; i++) {
			if ((unsigned char)line.p[i] < 0x20) {
				__builtin_trap();
			}
		}
	}
}

struct script {
	struct view rest;
	bool at_once;
};

static void
next(struct wire *w, struct view *ret)
{
	struct script *c = w->ctx;
	size_t n = c->at_once ? c->rest.n : view_find(c->rest, '\n') + 1;

	if (c->rest.n == 0) {
		return;
	}
	n = n > c->rest.n ? c->rest.n : n;
	*ret = (struct view){ c->rest.p, n };
	c->rest = view_drop(c->rest, n);
}

/* What is said, and behind a line with `=` alone what is uploaded. */
static struct view
cut_content(struct view *said)
{
	struct view whole = *said, rest = *said;

	while (rest.n > 0) {
		struct view line = view_cut(&rest, '\n');

		if (view_eq(line, VIEW("="))) {
			said->n = (size_t)(line.p - whole.p);
			return rest.p == NULL ? VIEW("") : rest;
		}
	}
	return VIEW("content");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char user[] = "bob", password[] = "sesame", mask[] = "022";
	struct view rest = { (const char *)data, size };
	struct view how = view_cut(&rest, '\n');
	struct settings settings = { .user = user,
		.password = password,
		.umask = mask,
		.tls = view_find(how, 'r') < how.n ? TLS_REQUIRED
						   : TLS_OPTIONAL,
		.pasv_min = 21100,
		.pasv_max = 21119,
		.login_seconds = 60,
		.idle_seconds = 300,
		.stall_seconds = 60 };
	struct script script = { .rest = rest,
		.at_once = view_find(how, 'p') < how.n };
	struct wire w = { .settings = &settings,
		.stats = stats,
		.root = root,
		.stage = stage,
		.hold = view_find(how, 'h') < how.n,
		.absent = view_find(how, 'a') < how.n,
		.patient = view_find(how, 'w') < how.n,
		.content = cut_content(&script.rest),
		.next = next,
		.ctx = &script };
	int before, after;

	make_world();
	before = dup(0);
	(void)close(before);
	wire_run(&w);
	after = dup(0);
	(void)close(after);
	if (before != after) {
		__builtin_trap(); /* a descriptor was left */
	}
	if (!script.at_once) {
		check_replies(buf_view(&w.heard));
	}
	check_world();
	buf_done(&w.heard);
	buf_done(&w.got);
	return 0;
}
