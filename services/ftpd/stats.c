#include "ftpd/stats.h"

#include <stddef.h>

#include "metrics/metrics.h"
#include "run/shmem.h"

static const char *const login_names[] = { "ok", "failed", "throttled",
	"refused", "unavailable" };
static const char *const direction_names[] = { "upload", "download",
	"listing" };
static const char *const result_names[] = { "ok", "aborted", "failed" };
static const char *const version_names[] = { "1.2", "1.3" };
static const char *const refusal_names[] = { "full", "per_address",
	"foreign_protocol", "banned", "evicted" };
static const char *const data_names[] = { "peer", "tls_session", "timeout",
	"no_port" };
static const char *const layer_names[] = { "landlock_files", "landlock_ports",
	"landlock_scope", "seccomp" };

struct stats *
stats_new(int *ret_fd)
{
	return shmem_new("stats", sizeof(struct stats), ret_fd);
}

const struct stats *
stats_open(int fd)
{
	return shmem_open(fd, sizeof(struct stats));
}

static const struct {
	int64_t ms;
	const char *le; /* the same in seconds */
} buckets[STATS_BUCKET_COUNT] = { { 10, "0.01" }, { 50, "0.05" },
	{ 250, "0.25" }, { 1000, "1" }, { 5000, "5" }, { 30000, "30" },
	{ 300000, "300" }, { INT64_MAX, "+Inf" } };

void
stats_transfer(struct stats *s, enum stats_direction direction,
    enum stats_result result, uint64_t bytes, int64_t ms)
{
	size_t i = 0;

	while (i < STATS_BUCKET_COUNT - 1 && ms > buckets[i].ms) {
		i++;
	}
	stats_add(&s->transfers[direction][result], 1);
	stats_add(&s->bytes[direction][result], bytes);
	stats_add(&s->durations[direction][i], 1);
	stats_add(&s->duration_ms[direction], (uint64_t)ms);
}

/* A metric, or several told apart by labels. */
struct family {
	const char *name;
	enum metrics_type type;
	const char *help;
	size_t at; /* of the first counter in struct stats */
	size_t n;
	const char *label;
	const char *const *values; /* of the label, one for each counter */
};

#define ONE(f, t, s, h) \
	{ \
		.name = "ftpd_" s, .type = METRICS_##t, .help = (h), \
		.at = offsetof(struct stats, f), .n = 1 \
	}
#define EACH(f, t, s, h, l, v) \
	{ \
		.name = "ftpd_" s, .type = METRICS_##t, .help = (h), \
		.at = offsetof(struct stats, f), .n = ARRAY_LEN(v), \
		.label = (l), .values = (v) \
	}

static const struct family families[] = {
	ONE(sessions_active, GAUGE, "sessions_active",
	    "Control connections open now."),
	ONE(sessions_max, GAUGE, "sessions_max",
	    "Control connections that are allowed at one time."),
	ONE(sessions_total, COUNTER, "sessions_total",
	    "Control connections accepted."),
	ONE(sessions_crashed, COUNTER, "sessions_crashed_total",
	    "Session processes that a signal ended."),
	EACH(refusals, COUNTER, "sessions_refused_total",
	    "Control connections refused, by reason.", "reason", refusal_names),
	ONE(bans_total, COUNTER, "bans_total",
	    "Addresses banned for wrong logins."),
	ONE(bans_active, GAUGE, "bans_active", "Addresses banned now."),
	EACH(logins, COUNTER, "logins_total", "Logins, by result.", "result",
	    login_names),
	ONE(commands, COUNTER, "commands_total", "Command lines received."),
	EACH(data_refused, COUNTER, "data_refused_total",
	    "Data connections refused, by reason.", "reason", data_names),
	ONE(data_resumed, COUNTER, "data_resumed_total",
	    "Data connections that resumed their control connection's TLS "
	    "session."),
	EACH(tls_sessions, COUNTER, "tls_sessions_total",
	    "TLS handshakes of control connections, by version.", "version",
	    version_names),
	ONE(tls_failures, COUNTER, "tls_failures_total",
	    "TLS handshakes of control connections that failed."),
	ONE(certificate_loaded, GAUGE, "certificate_loaded_timestamp_seconds",
	    "When the certificate in use was loaded."),
	EACH(layers, GAUGE, "confinement",
	    "Whether the kernel confines sessions by this layer.", "layer",
	    layer_names),
	ONE(landlock_abi, GAUGE, "landlock_abi",
	    "Version of Landlock in use, 0 for none."),
};

static void
write_family(struct metrics *m, const struct family *f, const struct stats *s)
{
	const stats_counter *counts = (const void *)((const char *)s + f->at);

	metrics_family(m, f->name, f->type, f->help);
	for (size_t i = 0; i < f->n; i++) {
		if (f->label != NULL) {
			metrics_label(m, f->label, view_str(f->values[i]));
		}
		metrics_u64(m, stats_get(&counts[i]));
	}
}

static void
write_by_result(struct metrics *m, const char *name, const char *help,
    const stats_counter counts[STATS_DIRECTION_COUNT][STATS_RESULT_COUNT])
{
	metrics_family(m, name, METRICS_COUNTER, help);
	for (size_t d = 0; d < STATS_DIRECTION_COUNT; d++) {
		for (size_t r = 0; r < STATS_RESULT_COUNT; r++) {
			metrics_label(m, "direction",
			    view_str(direction_names[d]));
			metrics_label(m, "result", view_str(result_names[r]));
			metrics_u64(m, stats_get(&counts[d][r]));
		}
	}
}

/* The histogram's samples for one direction: buckets hold all that is less. */
static void
write_durations_of(struct metrics *m, const struct stats *s, size_t d)
{
	struct view direction = view_str(direction_names[d]);
	uint64_t n = 0;

	for (size_t i = 0; i < STATS_BUCKET_COUNT; i++) {
		n += stats_get(&s->durations[d][i]);
		metrics_suffix(m, "_bucket");
		metrics_label(m, "direction", direction);
		metrics_label(m, "le", view_str(buckets[i].le));
		metrics_u64(m, n);
	}
	metrics_suffix(m, "_sum");
	metrics_label(m, "direction", direction);
	metrics_double(m, (double)stats_get(&s->duration_ms[d]) / 1000);
	metrics_suffix(m, "_count");
	metrics_label(m, "direction", direction);
	metrics_u64(m, n);
}

static void
write_transfers(const struct stats *s, struct metrics *m)
{
	write_by_result(m, "ftpd_transfers_total",
	    "Transfers ended, by direction and result.", s->transfers);
	write_by_result(m, "ftpd_transfer_bytes_total",
	    "Bytes of file content and listings moved by them.", s->bytes);
	metrics_family(m, "ftpd_transfer_duration_seconds", METRICS_HISTOGRAM,
	    "How long transfers took.");
	for (size_t d = 0; d < STATS_DIRECTION_COUNT; d++) {
		write_durations_of(m, s, d);
	}
}

void
stats_write(const struct stats *s, const struct volume *volume,
    const char *root, struct buf *out)
{
	struct metrics m;

	metrics_init(&m, out);
	metrics_one_u64(&m, "ftpd_up", METRICS_GAUGE, "Whether ftpd runs.", 1);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		write_family(&m, &families[i], s);
	}
	write_transfers(s, &m);
	volume_write(&m, volume, root, NULL, NULL);
}
