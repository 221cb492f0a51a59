/*
 * The file: one page of header, then the three tiers, each in whole pages of
 * RECORDS_PER_PAGE records.  Numbers are the machine's own: the volume does
 * not travel.
 */
#include "cachemon/history.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define RECORDS_PER_PAGE (PAGE / sizeof(struct point))
#define FILE_NAME "history.ring"
#define OLD_NAME "history.ring.old"
#define LIVE_SLOTS 3600
#define MAGIC "CACHEMON ring 1\n"

struct tier {
	int64_t step; /* seconds */
	int64_t slots;
};

static const struct tier tiers[TIER_COUNT] = {
	[TIER_LIVE] = { 1, LIVE_SLOTS },
	[TIER_10S] = { 10, 2160 },
	[TIER_MINUTE] = { 60, 7 * 1440 },
	[TIER_HOUR] = { 3600, 366 * 24 },
};

struct header {
	char magic[16];
	int64_t record_size;
	struct tier tiers[TIER_COUNT];
};

struct history {
	pthread_mutex_t lock; /* guards live, live_at */
	struct point live[LIVE_SLOTS];
	size_t live_at; /* the next slot */
	/* The writer's own. */
	struct point growing[TIER_COUNT]; /* time 0: none */
	int fd; /* of the file, -1 without one */
	atomic_int error;
};

/* FNV-1a over the record without its checksum; never 0. */
static uint32_t
checksum(const struct point *p)
{
	struct point copy = *p;
	const unsigned char *bytes = (const unsigned char *)&copy;
	uint32_t h = 2166136261u;

	copy.check = 0;
	for (size_t i = 0; i < sizeof(copy); i++) {
		h = (h ^ bytes[i]) * 16777619u;
	}
	return h == 0 ? 1 : h;
}

static int64_t
pages_of(enum history_tier tier)
{
	int64_t per = (int64_t)RECORDS_PER_PAGE;

	return (tiers[tier].slots + per - 1) / per;
}

static off_t
offset_of(enum history_tier tier, int64_t slot)
{
	int64_t per = (int64_t)RECORDS_PER_PAGE;
	int64_t page = 1 + slot / per;

	for (int t = TIER_10S; t < (int)tier; t++) {
		page += pages_of((enum history_tier)t);
	}
	return (
	    off_t)(page * PAGE + slot % per * (int64_t)sizeof(struct point));
}

static off_t
file_size(void)
{
	return offset_of(TIER_COUNT, 0);
}

static struct header
header_now(void)
{
	struct header h = { .record_size = sizeof(struct point) };

	memcpy(h.magic, MAGIC, sizeof(h.magic));
	memcpy(h.tiers, tiers, sizeof(tiers));
	return h;
}

/* 0; -EBADMSG for a file of another kind; else -errno. */
static int
check_file(int fd)
{
	struct header want = header_now();
	struct header have;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	n = pread(fd, &have, sizeof(have), 0);
	if (n < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || st.st_size != file_size()
	    || n != (ssize_t)sizeof(have)
	    || memcmp(&have, &want, sizeof(want)) != 0) {
		return -EBADMSG;
	}
	return 0;
}

/* Takes all the room at once, so that a full disk shows now; header last. */
static int
fill_file(int fd)
{
	struct header h = header_now();
	int r = posix_fallocate(fd, 0, file_size());

	if (r == EOPNOTSUPP || r == EINVAL) {
		r = ftruncate(fd, file_size()) < 0 ? errno : 0;
	}
	if (r != 0) {
		return -r;
	}
	if (pwrite(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h)) {
		return -EIO;
	}
	return 0;
}

/* The file, open and locked for this process.  0 with *ret, or -errno. */
static int
open_locked(int dir, int *ret)
{
	int fd = openat(dir, FILE_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	int r;

	if (fd < 0) {
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

/* 0 with *ret, or -errno. */
static int
open_file(int dir, int *ret)
{
	struct stat st;
	int fd = -1;
	int r = open_locked(dir, &fd);

	if (r < 0) {
		return r;
	}
	r = check_file(fd);
	if (r == -EBADMSG && fstat(fd, &st) == 0 && st.st_size > 0) {
		(void)close(fd);
		if (renameat(dir, FILE_NAME, dir, OLD_NAME) < 0) {
			return -errno;
		}
		r = open_locked(dir, &fd);
		if (r < 0) {
			return r;
		}
		r = -EBADMSG;
	}
	if (r == -EBADMSG) {
		r = fill_file(fd);
		if (r < 0) {
			/* Nothing half-made is left. */
			(void)unlinkat(dir, FILE_NAME, 0);
		}
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

static int64_t
slot_of(enum history_tier tier, int64_t time)
{
	return time / tiers[tier].step % tiers[tier].slots;
}

static int64_t
start_of(enum history_tier tier, int64_t time)
{
	return time - time % tiers[tier].step;
}

static bool
is_sound(enum history_tier tier, int64_t slot, const struct point *p)
{
	return p->time > 0 && p->check == checksum(p)
	    && p->time % tiers[tier].step == 0
	    && slot_of(tier, p->time) == slot;
}

struct history *
history_open(const char *dir_name)
{
	struct history *h = calloc(1, sizeof(*h));
	int dir;
	int r;

	if (h == NULL) {
		return NULL;
	}
	h->fd = -1;
	(void)pthread_mutex_init(&h->lock, NULL);
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		atomic_init(&h->error, -errno);
		return h;
	}
	r = open_file(dir, &h->fd);
	atomic_init(&h->error, r);
	(void)close(dir);
	return h;
}

/* Writes a growing point to its slot; the first failure ends the file's use. */
static void
write_point(struct history *h, enum history_tier tier)
{
	struct point *p = &h->growing[tier];
	ssize_t n;

	if (h->fd < 0 || p->time == 0 || atomic_load(&h->error) != 0) {
		return;
	}
	p->check = checksum(p);
	n = pwrite(h->fd, p, sizeof(*p),
	    offset_of(tier, slot_of(tier, p->time)));
	if (n != (ssize_t)sizeof(*p)) {
		atomic_store(&h->error, n < 0 ? -errno : -EIO);
	}
}

static void
write_growing(struct history *h)
{
	for (int t = TIER_10S; t < TIER_COUNT; t++) {
		write_point(h, (enum history_tier)t);
	}
}

void
history_close(struct history *h)
{
	if (h == NULL) {
		return;
	}
	write_growing(h);
	if (h->fd >= 0) {
		(void)close(h->fd);
	}
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

int
history_error(const struct history *h)
{
	return atomic_load(&h->error);
}

/* Goes on with the point of that time if the file has one. */
static void
begin_growing(struct history *h, enum history_tier tier, int64_t time)
{
	struct point *p = &h->growing[tier];
	int64_t slot = slot_of(tier, time);

	if (h->fd >= 0
	    && pread(h->fd, p, sizeof(*p), offset_of(tier, slot))
		== (ssize_t)sizeof(*p)
	    && is_sound(tier, slot, p) && p->time == time) {
		return;
	}
	*p = (struct point){ .time = time };
}

void
history_add(struct history *h, const struct point *p)
{
	if (p->time <= 0) {
		return;
	}
	for (int t = TIER_10S; t < TIER_COUNT; t++) {
		enum history_tier tier = (enum history_tier)t;
		int64_t time = start_of(tier, p->time);

		if (h->growing[t].time != time) {
			begin_growing(h, tier, time);
		}
		point_merge(&h->growing[t], p);
	}
	/* So that a writer killed again and again loses a moment each time. */
	write_growing(h);
	(void)pthread_mutex_lock(&h->lock);
	h->live[h->live_at] = *p;
	h->live_at = (h->live_at + 1) % ARRAY_LEN(h->live);
	(void)pthread_mutex_unlock(&h->lock);
}

static void
read_live(struct history *h, int64_t from, int64_t to,
    void (*fn)(void *ctx, const struct point *p), void *ctx)
{
	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < ARRAY_LEN(h->live); i++) {
		const struct point *p =
		    &h->live[(h->live_at + i) % ARRAY_LEN(h->live)];

		if (p->time != 0 && p->time >= from && p->time < to) {
			fn(ctx, p);
		}
	}
	(void)pthread_mutex_unlock(&h->lock);
}

/* Calls `fn` for the sound points among slots first..last of one page. */
static void
read_page(const struct history *h, enum history_tier tier, int64_t time,
    int64_t n, void (*fn)(void *ctx, const struct point *p), void *ctx)
{
	struct point page[RECORDS_PER_PAGE];
	int64_t slot = slot_of(tier, time);
	size_t size = (size_t)n * sizeof(page[0]);

	if (pread(h->fd, page, size, offset_of(tier, slot)) != (ssize_t)size) {
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		/* A slot may hold what was there one round before. */
		if (is_sound(tier, slot + i, &page[i])
		    && page[i].time == time + i * tiers[tier].step) {
			fn(ctx, &page[i]);
		}
	}
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
history_read(struct history *h, enum history_tier tier, int64_t from,
    int64_t to, void (*fn)(void *ctx, const struct point *p), void *ctx)
{
	int64_t per = (int64_t)RECORDS_PER_PAGE;
	int64_t step = tiers[tier].step;
	int64_t slots = tiers[tier].slots;
	int64_t time;

	if (tier == TIER_LIVE) {
		read_live(h, from, to, fn, ctx);
		return;
	}
	if (h->fd < 0 || to <= 0) {
		return;
	}
	/* One round of the ring at most. */
	if (from < to - slots * step) {
		from = to - slots * step;
	}
	time = from <= 0 ? 0 : (from + step - 1) / step * step;
	while (time < to) {
		int64_t slot = slot_of(tier, time);
		int64_t n = least(per - slot % per, slots - slot);

		n = least(n, (to - time + step - 1) / step);
		read_page(h, tier, time, n, fn, ctx);
		time += n * step;
	}
}

struct sum {
	int64_t after;
	struct point point;
};

static void
add_to_sum(void *ctx, const struct point *p)
{
	struct sum *sum = ctx;

	if (p->time > sum->after) {
		point_merge(&sum->point, p);
		sum->point.time = p->time;
	}
}

void
history_sum(struct history *h, int64_t after, struct point *ret)
{
	struct sum sum = { .after = after };

	history_read(h, TIER_LIVE, after, INT64_MAX, add_to_sum, &sum);
	*ret = sum.point;
}
