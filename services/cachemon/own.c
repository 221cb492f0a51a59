#include "cachemon/own.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define FILE_NAME "own.use"

static uint64_t
checksum(const struct own_record *r)
{
	return hash_of((struct view){ (const char *)r,
	    offsetof(struct own_record, check) });
}

void
own_open(struct own *own, const char *dir_name)
{
	struct own_record r;
	int dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(own, 0, sizeof(*own));
	own->fd = -1;
	if (dir < 0) {
		return;
	}
	own->fd = openat(dir, FILE_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	(void)close(dir);
	if (own->fd >= 0
	    && pread(own->fd, &r, sizeof(r), 0) == (ssize_t)sizeof(r)
	    && r.check == checksum(&r)) {
		own->kept = r;
		own->start_hits = r.hits;
		own->start_misses = r.misses;
	}
}

void
own_close(struct own *own)
{
	if (own->fd >= 0) {
		(void)close(own->fd);
		own->fd = -1;
	}
}

static void
add_up(struct own *own, const struct own_use *used)
{
	own->kept.hits = own->start_hits + used->hits - own->base_hits;
	own->kept.misses = own->start_misses + used->misses - own->base_misses;
}

static uint64_t
less(uint64_t value, uint64_t part)
{
	return value > part ? value - part : 0;
}

void
own_correct(struct own *own, const struct own_use *used, struct sample *sample)
{
	bool other = strncmp(own->kept.run_id, sample->run_id,
			 sizeof(own->kept.run_id))
	    != 0;

	/* Another Redis, or CONFIG RESETSTAT: its counters began at zero. */
	if (other || sample->hits < own->raw_hits
	    || sample->misses < own->raw_misses) {
		own->start_hits = 0;
		own->start_misses = 0;
		own->base_hits = used->hits;
		own->base_misses = used->misses;
		memset(own->kept.run_id, 0, sizeof(own->kept.run_id));
		(void)snprintf(own->kept.run_id, sizeof(own->kept.run_id), "%s",
		    sample->run_id);
	}
	own->raw_hits = sample->hits;
	own->raw_misses = sample->misses;
	add_up(own, used);
	sample->hits = less(sample->hits, own->kept.hits);
	sample->misses = less(sample->misses, own->kept.misses);
}

void
own_save(struct own *own, const struct own_use *used)
{
	uint64_t check;

	/* Nothing was counted yet of which Redis is known. */
	if (own->kept.run_id[0] == '\0') {
		return;
	}
	add_up(own, used);
	check = checksum(&own->kept);
	if (own->fd >= 0 && check != own->kept.check) {
		struct own_record r;

		own->kept.check = check;
		r = own->kept;
		/* Not kept: the next one may be. */
		(void)!pwrite(own->fd, &r, sizeof(r), 0);
	}
}
