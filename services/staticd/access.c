#include "staticd/access.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "run/log.h"
#include "staticd/uri.h"

/* Each of their bytes may become three. */
#define WORD_MAX 32
#define PATH_SHARE 1200

static void
add_word(struct buf *b, struct view word, size_t most)
{
	if (word.n > most) {
		word.n = most;
	}
	if (word.n == 0) {
		buf_add_char(b, '-');
	}
	uri_encode(b, word);
}

void
access_common(struct buf *b, const struct access *access, int64_t now)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)now;
	struct tm tm = { 0 };

	(void)gmtime_r(&seconds, &tm);
	buf_addf(b, "%s - - [%02d/%.3s/%04d:%02d:%02d:%02d +0000] \"",
	    access->addr, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
	add_word(b, access->method, WORD_MAX);
	buf_add_char(b, ' ');
	add_word(b, access->path, PATH_SHARE);
	buf_add_char(b, ' ');
	add_word(b, access->version, WORD_MAX);
	buf_addf(b, "\" %03u %llu\n", access->status % 1000,
	    (unsigned long long)access->bytes);
}

static void
log_common(const struct access *access)
{
	struct buf line;
	struct view text;

	buf_init(&line, ACCESS_LINE_MAX);
	access_common(&line, access, (int64_t)time(NULL));
	text = buf_view(&line);
	/* One call for one line; when nobody reads it, nobody misses it. */
	if (buf_error(&line) == 0 && write(STDOUT_FILENO, text.p, text.n) < 0) {
		errno = 0;
	}
	buf_done(&line);
}

static void
log_keyvalue(const struct access *access)
{
	struct log_line l;

	log_open(&l, LOG_INFO, "request");
	log_str(&l, "addr", access->addr);
	log_view(&l, "method", access->method);
	log_view(&l, "path", access->path);
	log_num(&l, "status", access->status);
	log_num(&l, "bytes", (int64_t)access->bytes);
	log_close(&l);
}

void
access_log(enum access_format format, const struct access *access)
{
	if (format == ACCESS_COMMON) {
		log_common(access);
	} else if (format == ACCESS_KEYVALUE) {
		log_keyvalue(access);
	}
}
