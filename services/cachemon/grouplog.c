#include "cachemon/grouplog.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "cachemon/json.h"

#define FILE_NAME "groups.ring"
#define MAGIC UINT64_C(0x316e6f6d65686361)
#define NAME_SIZE 128
#define HEADER (GROUPLOG_SLOTS * NAME_SIZE)
#define POINT_SIZE ((int64_t)sizeof(struct group_point))
#define FILE_SIZE (HEADER + GROUPLOG_SLOTS * GROUPLOG_POINTS * POINT_SIZE)

/* Who has a slot; as it stands in the file. */
struct name_record {
	uint64_t magic;
	uint64_t check;
	uint32_t seen; /* Unix seconds, of its last point */
	uint8_t kind; /* enum group_kind */
	uint8_t name_n;
	char name[GROUP_NAME_MAX + 1];
	char pad[NAME_SIZE - 8 - 8 - 4 - 2 - (GROUP_NAME_MAX + 1)];
};

_Static_assert(sizeof(struct name_record) == NAME_SIZE, "no padding");

struct slot {
	struct name_record name; /* magic 0: free */
	struct group_point now; /* the growing point; time 0: none */
	struct tally before; /* the activity's sums when last looked at */
	bool compared; /* `before` is set */
};

struct grouplog {
	pthread_mutex_t lock; /* guards the slots' names against readers */
	int fd; /* -1: nothing is kept */
	struct slot slots[GROUPLOG_SLOTS];
};

static uint64_t
name_check(const struct name_record *r)
{
	struct name_record copy = *r;

	copy.check = 0;
	copy.seen = 0;
	return hash_of((struct view){ (const char *)&copy, sizeof(copy) });
}

static uint32_t
point_check(const struct name_record *owner, const struct group_point *p)
{
	struct group_point copy = *p;
	uint64_t h;

	copy.check = 0;
	h = hash_more(owner->check,
	    (struct view){ (const char *)&copy, sizeof(copy) });
	return (uint32_t)(h ^ (h >> 32));
}

static off_t
point_offset(size_t slot, int64_t time)
{
	int64_t at = time / GROUPLOG_STEP % GROUPLOG_POINTS;

	return (off_t)(HEADER
	    + ((int64_t)slot * GROUPLOG_POINTS + at) * POINT_SIZE);
}

static void
read_names(struct grouplog *log)
{
	for (size_t i = 0; i < GROUPLOG_SLOTS; i++) {
		struct name_record r;

		if (pread(log->fd, &r, sizeof(r), (off_t)(i * NAME_SIZE))
			== (ssize_t)sizeof(r)
		    && r.magic == MAGIC && r.check == name_check(&r)
		    && r.name_n <= GROUP_NAME_MAX) {
			log->slots[i].name = r;
		}
	}
}

/* The file, locked and of its full size; -1 when it cannot be had. */
static int
open_file(const char *dir_name)
{
	int dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int fd;

	if (dir < 0) {
		return -1;
	}
	fd = openat(dir, FILE_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	(void)close(dir);
	if (fd < 0) {
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0
	    || !S_ISREG(st.st_mode)
	    || (st.st_size != FILE_SIZE
		&& (ftruncate(fd, 0) < 0
		    || posix_fallocate(fd, 0, FILE_SIZE) != 0))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

struct grouplog *
grouplog_open(const char *dir)
{
	struct grouplog *log = calloc(1, sizeof(*log));

	if (log == NULL) {
		return NULL;
	}
	(void)pthread_mutex_init(&log->lock, NULL);
	log->fd = open_file(dir);
	if (log->fd >= 0) {
		read_names(log);
	}
	return log;
}

void
grouplog_close(struct grouplog *log)
{
	if (log != NULL) {
		if (log->fd >= 0) {
			(void)close(log->fd);
		}
		(void)pthread_mutex_destroy(&log->lock);
		free(log);
	}
}

static bool
slot_is(const struct slot *slot, const struct group *group)
{
	return slot->name.magic == MAGIC
	    && slot->name.kind == (uint8_t)group->kind
	    && view_eq((struct view){ slot->name.name, slot->name.name_n },
		(struct view){ group->name, group->name_n });
}

static void
write_name(struct grouplog *log, size_t slot)
{
	(void)!pwrite(log->fd, &log->slots[slot].name, NAME_SIZE,
	    (off_t)(slot * NAME_SIZE));
}

/*
 * The group's slot; a free one or the one that was gone longest is taken, but
 * none that is in use now.  GROUPLOG_SLOTS when there is none.
 */
static size_t
slot_for(struct grouplog *log, const struct group *group, uint32_t time)
{
	size_t oldest = 0;
	struct slot *slot;

	for (size_t i = 0; i < GROUPLOG_SLOTS; i++) {
		if (slot_is(&log->slots[i], group)) {
			return i;
		}
		if (log->slots[i].name.seen < log->slots[oldest].name.seen) {
			oldest = i;
		}
	}
	slot = &log->slots[oldest];
	if (slot->name.seen >= time) {
		return GROUPLOG_SLOTS;
	}
	(void)pthread_mutex_lock(&log->lock);
	memset(slot, 0, sizeof(*slot));
	slot->name.magic = MAGIC;
	slot->name.kind = (uint8_t)group->kind;
	slot->name.name_n = group->name_n;
	memcpy(slot->name.name, group->name, group->name_n);
	slot->name.check = name_check(&slot->name);
	(void)pthread_mutex_unlock(&log->lock);
	write_name(log, oldest);
	return oldest;
}

/* 0, or -ENOENT when the file has no such point. */
static int
read_point(const struct grouplog *log, size_t slot, int64_t time,
    struct group_point *ret)
{
	struct group_point p;

	if (pread(log->fd, &p, sizeof(p), point_offset(slot, time))
		!= (ssize_t)sizeof(p)
	    || p.time != time
	    || p.check != point_check(&log->slots[slot].name, &p)) {
		return -ENOENT;
	}
	*ret = p;
	return 0;
}

static uint32_t
more(uint32_t sum, uint64_t before, uint64_t now)
{
	uint64_t all = sum + (now > before ? now - before : 0);

	return all > UINT32_MAX ? UINT32_MAX : (uint32_t)all;
}

/* Adds what was looked up and written since the last time. */
static void
add_tally(struct slot *slot, const struct activity_row *row)
{
	struct tally *b = &slot->before;
	struct group_point *p = &slot->now;

	if (row == NULL) {
		return;
	}
	if (slot->compared) {
		p->hits = more(p->hits, b->hits + b->memory_hits,
		    row->total.hits + row->total.memory_hits);
		p->misses = more(p->misses, b->misses, row->total.misses);
		p->writes = more(p->writes, b->writes, row->total.writes);
	}
	*b = row->total;
	slot->compared = true;
}

static void
add_group(struct grouplog *log, const struct group *group,
    const struct activity *activity, int64_t now_s)
{
	uint32_t time = (uint32_t)(now_s - now_s % GROUPLOG_STEP);
	size_t at = slot_for(log, group, time);
	uint64_t keys = activity_keys(activity, group);
	struct group_point *p;
	struct slot *slot;

	if (at == GROUPLOG_SLOTS) {
		return;
	}
	slot = &log->slots[at];
	p = &slot->now;
	if (p->time != time && read_point(log, at, (int64_t)time, p) < 0) {
		*p = (struct group_point){ .time = time };
	}
	p->keys = keys > UINT32_MAX ? UINT32_MAX : (uint32_t)keys;
	p->bytes = (uint64_t)group_bytes(group);
	add_tally(slot, activity_find(activity, group));
	p->check = point_check(&slot->name, p);
	(void)!pwrite(log->fd, p, sizeof(*p), point_offset(at, (int64_t)time));
	if (slot->name.seen != time) {
		slot->name.seen = time;
		write_name(log, at);
	}
}

void
grouplog_add(struct grouplog *log, const struct groups *groups,
    const struct activity *activity, int64_t now_s)
{
	if (log->fd < 0 || now_s <= 0) {
		return;
	}
	for (size_t i = 0; i < groups->n; i++) {
		add_group(log, &groups->rows[i], activity, now_s);
	}
}

/* What a row shows of one group. */
struct stretch {
	const struct grouplog *log;
	size_t slot;
	int64_t from;
	int64_t count;
};

static double
value_of(const struct group_point *p, size_t what)
{
	switch (what) {
	case 0:
		return p->keys;
	case 1:
		return (double)p->bytes;
	case 2:
		return p->hits;
	case 3:
		return p->misses;
	default:
		return p->writes;
	}
}

static void
stretch_json(const struct stretch *s, const struct group_point *points,
    struct buf *out)
{
	static const char *const names[] = { "keys", "bytes", "hits", "misses",
		"writes" };

	for (size_t what = 0; what < ARRAY_LEN(names); what++) {
		json_open(out, names[what], '[');
		for (int64_t i = 0; i < s->count; i++) {
			json_num(out, NULL,
			    points[i].time == 0 ? (double)NAN
						: value_of(&points[i], what),
			    0);
		}
		json_close(out, ']');
	}
}

static void
row_json(const struct stretch *s, struct group_point *points, struct buf *out)
{
	const struct name_record *r = &s->log->slots[s->slot].name;
	struct group same = { .kind = (enum group_kind)r->kind,
		.name_n = r->name_n };
	bool any = false;

	for (int64_t i = 0; i < s->count; i++) {
		points[i] = (struct group_point){ .time = 0 };
		any |= read_point(s->log, s->slot, s->from + i * GROUPLOG_STEP,
			   &points[i])
		    == 0;
	}
	if (!any) {
		return;
	}
	memcpy(same.name, r->name, sizeof(same.name));
	json_open(out, NULL, '{');
	json_str(out, "name", group_label(&same));
	json_str(out, "kind", group_kind_name(same.kind));
	stretch_json(s, points, out);
	json_close(out, '}');
}

void
grouplog_json(struct grouplog *log, struct view name, int64_t count,
    int64_t now_s, struct buf *out)
{
	struct group_point points[GROUPLOG_POINTS];
	struct stretch s = { .log = log,
		.count = count < GROUPLOG_POINTS ? count : GROUPLOG_POINTS };

	s.from = (now_s / GROUPLOG_STEP + 1 - s.count) * GROUPLOG_STEP;
	json_open(out, NULL, '{');
	json_u64(out, "api", 1);
	json_u64(out, "step_s", GROUPLOG_STEP);
	json_i64(out, "from", s.from);
	json_open(out, "rows", '[');
	(void)pthread_mutex_lock(&log->lock);
	for (size_t i = 0; log->fd >= 0 && i < GROUPLOG_SLOTS; i++) {
		const struct name_record *r = &log->slots[i].name;

		s.slot = i;
		if (r->magic == MAGIC
		    && (name.p == NULL
			|| view_eq(name,
			    (struct view){ r->name, r->name_n }))) {
			row_json(&s, points, out);
		}
	}
	(void)pthread_mutex_unlock(&log->lock);
	json_close(out, ']');
	json_close(out, '}');
}
