#include "exporter/conf.h"

#include <string.h>

#include "base/escape.h"
#include "exporter/target.h"

/* More targets of one kind are a mistake: each has a thread. */
#define TARGETS_MAX 16

struct view
exporter_conf_list(const char *value)
{
	struct view v = view_trim(view_str(value));

	return view_eq(v, VIEW("none")) ? VIEW("") : v;
}

static void
check_targets(struct buf *faults, const char *name, const char *value,
    size_t most, bool http)
{
	struct view rest = exporter_conf_list(value), word;
	size_t count = 0;

	while (target_next(&rest, &word)) {
		struct target target;

		count++;
		if (target_parse(word, &target) < 0
		    || (target.scheme == TARGET_HTTP) != http) {
			buf_addf(faults, "%s: ", name);
			escape_log(faults, word);
			buf_addf(faults, " is no %s (or write none)\n",
			    http ? "http://host:port/path"
				 : "https://host:port or ftp://host:port");
		}
	}
	if (count > most) {
		buf_addf(faults, "%s: at most %zu, not %zu\n", name, most,
		    count);
	}
}

static void
check_secret(struct buf *faults, const char *host, const char *secret,
    const char *host_name, const char *secret_name)
{
	if (host[0] != '\0' && secret[0] == '\0') {
		buf_addf(faults,
		    "%s_FILE: the file is empty or not set, but "
		    "%s is set: write the secret into the file, or leave %s "
		    "empty\n",
		    secret_name, host_name, host_name);
	}
}

void
exporter_conf_check(const void *data, struct buf *faults)
{
	const struct exporter_conf *conf = data;

	check_secret(faults, conf->db_host, conf->db_password, "DB_HOST",
	    "DB_PASSWORD");
	check_secret(faults, conf->redis_host, conf->redis_password,
	    "REDIS_HOST", "REDIS_PASSWORD");
	check_targets(faults, "NGINX_STATUS_URL", conf->nginx_url, 1, true);
	check_targets(faults, "PHPFPM_STATUS_URL", conf->phpfpm_url, 1, true);
	check_targets(faults, "ADMINER_PING_URL", conf->adminer_url, 1, true);
	check_targets(faults, "TLS_TARGETS", conf->tls_targets, TARGETS_MAX,
	    false);
	check_targets(faults, "MERGE_TARGETS", conf->merge_targets, TARGETS_MAX,
	    true);
	if (conf->tls_ca[0] != '\0'
	    && strstr(conf->tls_ca, "-----BEGIN CERTIFICATE-----") == NULL) {
		buf_add_str(faults,
		    "TLS_CA holds no certificate in PEM: name "
		    "a file with one in TLS_CA_FILE, or leave both out\n");
	}
}
