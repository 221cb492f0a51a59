/*
 * Text files that others leave in the exporter's volume (the age of a backup
 * and the like), shown as node_exporter's textfile collector does: every
 * *.prom of the folder, no sub-folders, no links.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporter/collector.h"

#define FILES_MAX 64
#define FILE_MAX_BYTES (256 * 1024)

/* Reads a plain file of bounded size.  0 with *ret_mtime, or -errno. */
static int
read_file(int dir, const char *name, struct buf *out, double *ret_mtime)
{
	int fd = openat(dir, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *room;
	ssize_t n = 0;
	int r = -EINVAL;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
	    && st.st_size <= FILE_MAX_BYTES) {
		room = buf_room(out, (size_t)st.st_size + 1);
		if (room != NULL) {
			n = read(fd, room, (size_t)st.st_size);
		}
		if (room != NULL && n >= 0) {
			room[n] = '\n';
			buf_grown(out, (size_t)n + 1);
			*ret_mtime = (double)st.st_mtim.tv_sec
			    + (double)st.st_mtim.tv_nsec / 1e9;
			r = 0;
		}
	}
	(void)close(fd);
	return r;
}

static void
read_folder(DIR *dir, struct collection *c, struct metrics *m, bool *ret_error)
{
	const struct dirent *entry = readdir(dir);
	size_t files = 0;

	while (entry != NULL && files < FILES_MAX) {
		struct view name = view_str(entry->d_name);
		double mtime = 0;

		if (view_ends(name, VIEW(".prom")) && name.p[0] != '.') {
			files++;
			if (read_file(dirfd(dir), entry->d_name, c->foreign,
				&mtime)
			    == 0) {
				metrics_family(m, "node_textfile_mtime_seconds",
				    METRICS_GAUGE,
				    "Unixtime mtime of "
				    "textfiles successfully read.");
				metrics_label(m, "file", name);
				metrics_double(m, mtime);
			} else {
				*ret_error = true;
				(void)collection_fail(c, 0,
				    "%s is no readable file of at most %d "
				    "bytes",
				    entry->d_name, FILE_MAX_BYTES);
			}
		}
		entry = readdir(dir);
	}
}

static void
write_error(struct metrics *m, bool error)
{
	metrics_one_u64(m, "node_textfile_scrape_error", METRICS_GAUGE,
	    "1 if there was an error opening or reading a file, 0 otherwise",
	    error);
}

static int
collect(void *self, struct collection *c)
{
	const struct exporter_conf *conf = self;
	bool error = false;
	struct metrics m;
	DIR *dir = opendir(conf->dir);

	if (dir == NULL) {
		return collection_fail(c, -errno, "%s: %s", conf->dir,
		    strerror(errno));
	}
	metrics_init(&m, c->out);
	read_folder(dir, c, &m, &error);
	(void)closedir(dir);
	write_error(&m, error);
	return 0;
}

static void
down(void *self, struct metrics *m)
{
	(void)self;
	write_error(m, true);
}

static const struct collector_class textfile_class = { .collect = collect,
	.down = down };

int
textfile_collector(const struct exporter_conf *conf, struct collector *ret)
{
	collector_init(ret, &textfile_class, conf, "textfile", NULL);
	ret->source.foreign = true;
	return 0;
}
