/*
 * The files on the volume, as a broken disk may give them back: the input is
 * written over the middle of sound ones. Reading ends, gives points of the
 * asked time only, and writing goes on.
 */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cachemon/chart.h"
#include "cachemon/grouplog.h"
#include "cachemon/history.h"

#define T0 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/cachemon-fuzz-XXXXXX";

static void
remove_dir(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/history.ring", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/history.ring.old", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/groups.ring", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
spoil(const char *name, const uint8_t *data, size_t size)
{
	char path[64];
	off_t at = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	if (fd < 0) {
		return;
	}
	/* The first bytes say where. */
	if (size > 4) {
		at = (off_t)(data[0] | data[1] << 8 | (data[2] & 31) << 16);
		data += 4;
		size -= 4;
	}
	if (pwrite(fd, data, size, at) < 0) {
		abort();
	}
	(void)close(fd);
}

static void
check_point(void *ctx, const struct point *p)
{
	(void)ctx;
	if (p->time < T0 - 7200 || p->time >= T0 + 7200) {
		__builtin_trap();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;
	struct point p = { .time = T0, .span_ms = 1000, .hits = 1 };
	struct history *h;
	struct grouplog *log;
	struct buf out;

	if (!made) {
		made = mkdtemp(dir) != NULL;
		(void)atexit(remove_dir);
	}
	spoil("history.ring", data, size);
	spoil("groups.ring", data, size);
	h = history_open(dir);
	log = grouplog_open(dir);
	buf_init(&out, 1024 * 1024);
	if (h != NULL && log != NULL) {
		history_add(h, &p);
		for (int t = TIER_10S; t < TIER_COUNT; t++) {
			history_read(h, (enum history_tier)t, T0 - 7200,
			    T0 + 7200, check_point, NULL);
		}
		grouplog_json(log, (struct view){ NULL, 0 }, 48, T0, &out);
		if (buf_error(&out) != 0 || history_error(h) != 0) {
			__builtin_trap();
		}
	}
	buf_done(&out);
	history_close(h);
	grouplog_close(log);
	return 0;
}
