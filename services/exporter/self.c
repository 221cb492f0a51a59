/*
 * The exporter's own process, its container (cgroup version 1 or 2) and its
 * volume.  Only one's own cgroup can be seen from inside, so the container
 * families, which have cAdvisor's names, have one series each.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "exporter/collector.h"
#include "exporter/procfs.h"
#include "metrics/volume.h"

#define FILE_MAX_BYTES (256 * 1024)
#define CGROUP "/sys/fs/cgroup/"

/* What does not change while the process lives, and is costly to read. */
struct self {
	const struct exporter_conf *conf;
	uint64_t boot; /* Unix time; 0: not known */
	/* The volume's mount; point is empty when it is not known. */
	char point[256];
	char type[64];
	char device[256];
};

/* --- process ------------------------------------------------------------- */

static uint64_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (dir == NULL) {
		return 0;
	}
	while (readdir(dir) != NULL) {
		n++;
	}
	(void)closedir(dir);
	/* Without "." and ".." and the folder itself. */
	return n > 3 ? n - 3 : 0;
}

static void
write_stat(struct metrics *m, const struct procfs_stat *s, uint64_t boot)
{
	double hz = (double)sysconf(_SC_CLK_TCK);

	metrics_one(m, "process_cpu_seconds_total", METRICS_COUNTER,
	    "Total user and system CPU time spent in seconds.",
	    (double)(s->user_ticks + s->system_ticks) / hz);
	metrics_one_u64(m, "process_virtual_memory_bytes", METRICS_GAUGE,
	    "Virtual memory size in bytes.", s->virtual_bytes);
	metrics_one_u64(m, "process_resident_memory_bytes", METRICS_GAUGE,
	    "Resident memory size in bytes.",
	    s->resident_pages * (uint64_t)sysconf(_SC_PAGESIZE));
	metrics_one_u64(m, "process_threads", METRICS_GAUGE,
	    "Number of threads.", s->threads);
	if (boot > 0) {
		metrics_one(m, "process_start_time_seconds", METRICS_GAUGE,
		    "Start time of the process since unix epoch in seconds.",
		    (double)boot + (double)s->start_ticks / hz);
	}
}

static void
write_limits(struct metrics *m)
{
	struct rlimit limit;

	metrics_one_u64(m, "process_open_fds", METRICS_GAUGE,
	    "Number of open file descriptors.", count_descriptors());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		metrics_one_u64(m, "process_max_fds", METRICS_GAUGE,
		    "Maximum number of open file descriptors.",
		    (uint64_t)limit.rlim_cur);
	}
	if (getrlimit(RLIMIT_AS, &limit) == 0) {
		/* Without a limit 2^64, as other exporters say it. */
		metrics_one(m, "process_virtual_memory_max_bytes",
		    METRICS_GAUGE,
		    "Maximum amount of virtual memory available in bytes.",
		    limit.rlim_cur == RLIM_INFINITY ? 0x1p64
						    : (double)limit.rlim_cur);
	}
}

static void
write_process(struct metrics *m, uint64_t boot, struct buf *text)
{
	struct procfs_stat stat;
	uint64_t kilobytes;

	buf_clear(text);
	if (procfs_read("/proc/self/stat", text) == 0
	    && procfs_stat_parse(buf_view(text), &stat) == 0) {
		write_stat(m, &stat, boot);
	}
	buf_clear(text);
	if (procfs_read("/proc/self/status", text) == 0
	    && procfs_field(buf_view(text), "RssAnon", &kilobytes) == 0) {
		metrics_one_u64(m, "process_anonymous_memory_bytes",
		    METRICS_GAUGE, "Resident memory that is no file's.",
		    kilobytes * 1024);
	}
	write_limits(m);
}

/* --- cgroup -------------------------------------------------------------- */

#define NAME_LABEL "name", VIEW("exporter")

static void
write_container(struct metrics *m, const char *name, enum metrics_type type,
    const char *help, double value)
{
	metrics_family(m, name, type, help);
	metrics_label(m, NAME_LABEL);
	metrics_double(m, value);
}

/* A file of one number, as it differs between the versions of cgroups. */
static void
write_file(struct metrics *m, const char *const paths[2], const char *name,
    enum metrics_type type, const char *help)
{
	uint64_t value;

	for (size_t i = 0; i < 2; i++) {
		if (procfs_u64(paths[i], &value) == 0) {
			/* Version 1 writes "no limit" as a huge number. */
			if (value < UINT64_C(1) << 60) {
				write_container(m, name, type, help,
				    (double)value);
			}
			return;
		}
	}
}

static void
write_files(struct metrics *m)
{
	static const char *const usage[2] = { CGROUP "memory.current",
		CGROUP "memory/memory.usage_in_bytes" };
	static const char *const limit[2] = { CGROUP "memory.max",
		CGROUP "memory/memory.limit_in_bytes" };
	static const char *const threads[2] = { CGROUP "pids.current",
		CGROUP "pids/pids.current" };
	static const char *const most[2] = { CGROUP "pids.max",
		CGROUP "pids/pids.max" };

	write_file(m, usage, "container_memory_usage_bytes", METRICS_GAUGE,
	    "Current memory usage in bytes, including all memory regardless "
	    "of when it was accessed");
	write_file(m, limit, "container_spec_memory_limit_bytes", METRICS_GAUGE,
	    "Memory limit for the container.");
	write_file(m, threads, "container_threads", METRICS_GAUGE,
	    "Number of threads running inside the container");
	write_file(m, most, "container_threads_max", METRICS_GAUGE,
	    "Maximum number of threads allowed inside the container, infinity "
	    "if value is zero");
}

/* memory.stat: the same words in both versions, or nearly. */
static void
write_memory_stat(struct metrics *m, struct view text)
{
	uint64_t value;

	if (procfs_field(text, "anon", &value) == 0
	    || procfs_field(text, "rss", &value) == 0) {
		write_container(m, "container_memory_rss", METRICS_GAUGE,
		    "Size of RSS in bytes.", (double)value);
	}
	if (procfs_field(text, "file", &value) == 0
	    || procfs_field(text, "cache", &value) == 0) {
		write_container(m, "container_memory_cache", METRICS_GAUGE,
		    "Number of bytes of page cache memory.", (double)value);
	}
}

/* cpu.stat of version 2. */
static void
write_cpu_stat(struct metrics *m, struct view text)
{
	static const struct {
		const char *key;
		const char *name;
		const char *help;
		double scale;
	} fields[] = {
		{ "usage_usec", "container_cpu_usage_seconds_total",
		    "Cumulative cpu time consumed in seconds.", 1e-6 },
		{ "user_usec", "container_cpu_user_seconds_total",
		    "Cumulative user cpu time consumed in seconds.", 1e-6 },
		{ "system_usec", "container_cpu_system_seconds_total",
		    "Cumulative system cpu time consumed in seconds.", 1e-6 },
		{ "nr_periods", "container_cpu_cfs_periods_total",
		    "Number of elapsed enforcement period intervals.", 1 },
		{ "nr_throttled", "container_cpu_cfs_throttled_periods_total",
		    "Number of throttled period intervals.", 1 },
		{ "throttled_usec", "container_cpu_cfs_throttled_seconds_total",
		    "Total time duration the container has been throttled.",
		    1e-6 },
	};
	uint64_t value;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (procfs_field(text, fields[i].key, &value) == 0) {
			write_container(m, fields[i].name, METRICS_COUNTER,
			    fields[i].help, (double)value * fields[i].scale);
		}
	}
}

static void
write_cgroup(struct metrics *m, struct buf *text)
{
	uint64_t value;

	write_files(m);
	buf_clear(text);
	if (procfs_read(CGROUP "memory.stat", text) == 0
	    || procfs_read(CGROUP "memory/memory.stat", text) == 0) {
		write_memory_stat(m, buf_view(text));
	}
	buf_clear(text);
	if (procfs_read(CGROUP "memory.events", text) == 0
	    && procfs_field(buf_view(text), "oom_kill", &value) == 0) {
		write_container(m, "container_oom_events_total",
		    METRICS_COUNTER,
		    "Count of out of memory events observed for the container",
		    (double)value);
	}
	buf_clear(text);
	if (procfs_read(CGROUP "cpu.stat", text) == 0) {
		write_cpu_stat(m, buf_view(text));
	} else if (procfs_u64(CGROUP "cpuacct/cpuacct.usage", &value) == 0) {
		write_container(m, "container_cpu_usage_seconds_total",
		    METRICS_COUNTER,
		    "Cumulative cpu time consumed in "
		    "seconds.",
		    (double)value * 1e-9);
	}
}

/* --- volume -------------------------------------------------------------- */

static void
write_volume_one(struct metrics *m, const struct self *self, const char *name,
    const char *help, double value)
{
	metrics_family(m, name, METRICS_GAUGE, help);
	metrics_label(m, "device", view_str(self->device));
	metrics_label(m, "fstype", view_str(self->type));
	metrics_label(m, "mountpoint", view_str(self->point));
	metrics_double(m, value);
}

static void
write_volume(struct metrics *m, const struct self *self)
{
	const char *dir = self->conf->dir;
	struct volume volume;
	struct statvfs fs;

	if (self->point[0] == '\0' || volume_measure(dir, &volume) < 0
	    || statvfs(dir, &fs) < 0) {
		return;
	}
	volume_write(m, &volume, self->point, self->device, self->type);
	write_volume_one(m, self, "node_filesystem_files",
	    "Filesystem total file nodes.", (double)fs.f_files);
	write_volume_one(m, self, "node_filesystem_files_free",
	    "Filesystem total free file nodes.", (double)fs.f_ffree);
	write_volume_one(m, self, "node_filesystem_readonly",
	    "Filesystem read-only status.", (fs.f_flag & ST_RDONLY) != 0);
}

/* --- the whole ----------------------------------------------------------- */

static int
collect(void *self, struct collection *c)
{
	const struct self *me = self;
	struct metrics m;
	struct buf text;

	buf_init(&text, FILE_MAX_BYTES);
	metrics_init(&m, c->out);
	write_process(&m, me->boot, &text);
	write_cgroup(&m, &text);
	write_volume(&m, me);
	buf_done(&text);
	return 0;
}

static const struct collector_class self_class = { .collect = collect,
	.done = free };

/* Which mount the volume is; without a name when that is not to be found. */
static void
find_mount(struct self *self, struct buf *text)
{
	struct procfs_mount mount;

	buf_clear(text);
	if (procfs_read("/proc/self/mountinfo", text) < 0
	    || procfs_mount_find(buf_view(text), view_str(self->conf->dir),
		   &mount)
		< 0
	    || view_to_cstr(mount.type, self->type, sizeof(self->type)) < 0
	    || view_to_cstr(mount.device, self->device, sizeof(self->device))
		< 0
	    || view_to_cstr(mount.point, self->point, sizeof(self->point))
		< 0) {
		self->point[0] = '\0';
	}
}

int
self_collector(const struct exporter_conf *conf, struct collector *ret)
{
	struct self *self = calloc(1, sizeof(*self));
	struct buf text;

	if (self == NULL) {
		return -ENOMEM;
	}
	self->conf = conf;
	buf_init(&text, FILE_MAX_BYTES);
	if (procfs_read("/proc/stat", &text) < 0
	    || procfs_field(buf_view(&text), "btime", &self->boot) < 0) {
		self->boot = 0;
	}
	find_mount(self, &text);
	buf_done(&text);
	collector_init(ret, &self_class, self, "self", NULL);
	return 0;
}
