#include "ftpd/stats.h"

#include <stddef.h>
#include <sys/mman.h>

#include "metrics/metrics.h"

static const char *const login_names[] = { "ok", "failed", "throttled",
	"refused" };
static const char *const direction_names[] = { "upload", "download",
	"listing" };
static const char *const result_names[] = { "ok", "aborted", "failed" };
static const char *const version_names[] = { "1.2", "1.3" };
static const char *const refusal_names[] = { "full", "per_address",
	"foreign_protocol" };
static const char *const data_names[] = { "peer", "tls_session", "timeout",
	"no_port" };
static const char *const layer_names[] = { "landlock_files",
	"landlock_ports", "landlock_scope", "seccomp" };

struct stats *
stats_new(void)
{
	void *p = mmap(NULL, sizeof(struct stats), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A counter family with one label. */
static void
write_family(struct metrics *m, const char *name, const char *help,
    const char *label, const char *const *values, const stats_counter *counts,
    size_t n)
{
	metrics_family(m, name, METRICS_COUNTER, help);
	for (size_t i = 0; i < n; i++) {
		metrics_label(m, label, view_str(values[i]));
		metrics_u64(m, stats_get(&counts[i]));
	}
}

static void
write_one(struct metrics *m, const char *name, enum metrics_type type,
    const char *help, uint64_t value)
{
	metrics_family(m, name, type, help);
	metrics_u64(m, value);
}

static void
write_sessions(const struct stats *s, struct metrics *m, uint64_t most)
{
	write_one(m, "ftpd_up", METRICS_GAUGE, "Whether ftpd runs.", 1);
	write_one(m, "ftpd_sessions_active", METRICS_GAUGE,
	    "Control connections open now.", stats_get(&s->sessions_active));
	write_one(m, "ftpd_sessions_max", METRICS_GAUGE,
	    "Control connections that are allowed at one time.", most);
	write_one(m, "ftpd_sessions_total", METRICS_COUNTER,
	    "Control connections accepted.", stats_get(&s->sessions_total));
	write_one(m, "ftpd_sessions_crashed_total", METRICS_COUNTER,
	    "Session processes that a signal ended.",
	    stats_get(&s->sessions_crashed));
	write_family(m, "ftpd_sessions_refused_total",
	    "Control connections refused, by reason.", "reason",
	    refusal_names, s->refusals, STATS_REFUSAL_COUNT);
	write_family(m, "ftpd_logins_total", "Logins, by result.", "result",
	    login_names, s->logins, STATS_LOGIN_COUNT);
	write_one(m, "ftpd_commands_total", METRICS_COUNTER,
	    "Command lines received.", stats_get(&s->commands));
}

static void
write_transfers(const struct stats *s, struct metrics *m)
{
	metrics_family(m, "ftpd_transfers_total", METRICS_COUNTER,
	    "Transfers ended, by direction and result.");
	for (size_t d = 0; d < STATS_DIRECTION_COUNT; d++) {
		for (size_t r = 0; r < STATS_RESULT_COUNT; r++) {
			metrics_label(m, "direction",
			    view_str(direction_names[d]));
			metrics_label(m, "result", view_str(result_names[r]));
			metrics_u64(m, stats_get(&s->transfers[d][r]));
		}
	}
	write_family(m, "ftpd_transfer_bytes_total",
	    "Bytes of file content and listings moved.", "direction",
	    direction_names, s->bytes, STATS_DIRECTION_COUNT);
	write_family(m, "ftpd_data_refused_total",
	    "Data connections refused, by reason.", "reason", data_names,
	    s->data_refused, STATS_DATA_COUNT);
	write_one(m, "ftpd_data_resumed_total", METRICS_COUNTER,
	    "Data connections that resumed their control connection's TLS "
	    "session.", stats_get(&s->data_resumed));
}

static void
write_security(const struct stats *s, struct metrics *m)
{
	write_family(m, "ftpd_tls_sessions_total",
	    "TLS handshakes of control connections, by version.", "version",
	    version_names, s->tls_sessions, STATS_VERSION_COUNT);
	write_one(m, "ftpd_tls_failures_total", METRICS_COUNTER,
	    "TLS handshakes of control connections that failed.",
	    stats_get(&s->tls_failures));
	write_one(m, "ftpd_certificate_loaded_timestamp_seconds",
	    METRICS_GAUGE, "When the certificate in use was loaded.",
	    stats_get(&s->certificate_loaded));
	metrics_family(m, "ftpd_confinement", METRICS_GAUGE,
	    "Whether the kernel confines sessions by this layer.");
	for (size_t i = 0; i < STATS_LAYER_COUNT; i++) {
		metrics_label(m, "layer", view_str(layer_names[i]));
		metrics_u64(m, stats_get(&s->layers[i]));
	}
	write_one(m, "ftpd_landlock_abi", METRICS_GAUGE,
	    "Version of Landlock in use, 0 for none.",
	    stats_get(&s->landlock_abi));
}

void
stats_write(const struct stats *s, const struct stats_volume *volume,
    uint64_t sessions_max, struct buf *out)
{
	struct metrics m;

	metrics_init(&m, out);
	write_sessions(s, &m, sessions_max);
	write_transfers(s, &m);
	write_security(s, &m);
	if (volume->known) {
		write_one(&m, "ftpd_volume_size_bytes", METRICS_GAUGE,
		    "Size of the volume.", volume->size);
		write_one(&m, "ftpd_volume_avail_bytes", METRICS_GAUGE,
		    "Room on the volume.", volume->avail);
	}
}
