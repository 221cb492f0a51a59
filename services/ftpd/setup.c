/* What has to be there before the first connection (see daemon.h). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/secret.h"
#include "base/trim.h"
#include "ftpd/daemon.h"
#include "ftpd/sandbox.h"
#include "ftpd/tls.h"
#include "run/confine.h"
#include "run/gateways.h"
#include "run/log.h"
#include "run/sig.h"

#define BACKLOG 128

static const char *
root_advice(int err)
{
	switch (err) {
	case -ENOSYS:
		return "this kernel cannot keep paths beneath a folder "
		       "(openat2, Linux 5.6)";
	case -EPERM:
		return "a seccomp profile forbids openat2; use Docker 20.10 or "
		       "later, or allow it in the profile";
	case -EACCES:
		return "the folder is not readable for this user";
	default:
		return strerror(-err);
	}
}

static int
open_volume(struct listener *l)
{
	const char *path = l->settings->root;
	int r = fsroot_open(&l->root, path);

	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "FTPD_ROOT '%s': %s", path,
		    root_advice(r));
		return r;
	}
	r = stage_open(&l->stage, &l->root, SETTINGS_STAGE);
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start",
		    "FTPD_ROOT '%s': cannot "
		    "make or open '%s' in it as user %d: %s; the volume has "
		    "to belong to this user",
		    path, SETTINGS_STAGE, (int)geteuid(), strerror(-r));
		return r;
	}
	return 0;
}

int
setup_tls(struct listener *l)
{
	const struct settings *set = l->settings;
	struct log_line line;
	struct buf why;
	SSL_CTX *ctx;
	int r;

	buf_init(&why, 2048);
	watch_reset(&l->cert);
	watch_reset(&l->key);
	r = tls_load(set->cert, set->key, &why, &ctx);
	log_open(&line, r < 0 ? LOG_ERROR : LOG_INFO,
	    r < 0 ? "bad_certificate" : "certificate_loaded");
	log_str(&line, "cert", set->cert);
	if (r < 0) {
		log_view(&line, "fault", buf_view(&why));
	} else {
		SSL_CTX_free(l->tls);
		l->tls = ctx;
		stats_set(&l->stats->certificate_loaded, (uint64_t)time(NULL));
	}
	log_close(&line);
	buf_done(&why);
	return r;
}

void
setup_users(struct listener *l)
{
	const char *path = l->settings->users_file;
	struct log_line line;
	int fd, r;

	if (path[0] == '\0') {
		return;
	}
	watch_reset(&l->users);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : auth_give_users(l->auth_fd, fd);
	if (r < 0) {
		log_open(&line, LOG_ERROR, "bad_users_file");
		log_str(&line, "file", path);
		log_err(&line, r);
		log_close(&line);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
}

void
setup_gateways(struct listener *l)
{
	struct log_line line;

	gateways_read(&l->gateways);
	log_open(&line, LOG_INFO, "gateways");
	for (unsigned i = 0; i < l->gateways.n; i++) {
		char text[NET_ADDR_TEXT];

		addr_text(&l->gateways.each[i], text);
		log_str(&line, "addr", text);
	}
	log_close(&line);
}

/* Tells once what the kernel gives, in the log and in the counters. */
static void
report_confinement(struct listener *l)
{
	static const char *const names[] = { "files", "ports", "scope",
		"seccomp" };
	struct confine_support has;
	struct log_line line;
	bool whole;

	confine_probe(&has);
	const bool layers[STATS_LAYER_COUNT] = { has.files, has.ports,
		has.scope, has.seccomp };

	whole = has.files && has.ports && has.scope && has.seccomp;
	stats_set(&l->stats->landlock_abi, (uint64_t)has.landlock_abi);
	log_open(&line, whole ? LOG_INFO : LOG_WARN, "confinement");
	log_num(&line, "landlock_abi", has.landlock_abi);
	for (size_t i = 0; i < STATS_LAYER_COUNT; i++) {
		stats_set(&l->stats->layers[i], layers[i]);
		log_str(&line, names[i], layers[i] ? "yes" : "no");
	}
	log_close(&line);
}

/* The settings have been checked. */
static int
take_networks(struct listener *l)
{
	struct buf faults;
	int r;

	buf_init(&faults, 0);
	r = netmap_parse("FTPD_PASV_NETWORKS",
	    view_str(l->settings->pasv_networks), &l->nets, &faults);
	buf_done(&faults);
	return r;
}

int
setup_processes(struct listener *l)
{
	int pipes[2];
	int r;

	/* It was to be seen that it is there: the look-up reads it itself. */
	secret_wipe(l->settings->db_password, strlen(l->settings->db_password));
	(void)umask(settings_umask(l->settings));
	r = open_volume(l);
	if (r < 0) {
		return r;
	}
	l->stats = stats_new(&l->stats_fd);
	if (l->stats == NULL || pipe2(pipes, O_CLOEXEC) < 0
	    || children_init(&l->children, l->settings->max_sessions) < 0) {
		log_say(LOG_ERROR, "cannot_start", "out of memory");
		return -ENOMEM;
	}
	l->life_in = pipes[0];
	l->life_out = pipes[1];
	stats_set(&l->stats->sessions_max, l->settings->max_sessions);
	report_confinement(l);
	sandbox_opaque();
	l->sig_fd = sig_open();
	r = l->sig_fd < 0 ? l->sig_fd : confine_no_new_privs();
	if (r == 0) {
		r = lend_init(&l->lender, (uint16_t)l->settings->pasv_min,
		    (uint16_t)l->settings->pasv_max,
		    (size_t)l->settings->max_sessions);
	}
	if (r == -EMFILE) {
		log_say(LOG_ERROR, "cannot_start",
		    "FTPD_MAX_SESSIONS is %u: the limit of open files "
		    "(nofile) is too low for that",
		    (unsigned)l->settings->max_sessions);
		return r;
	}
	if (r == 0) {
		r = take_networks(l);
	}
	if (r == 0) {
		r = roles_start(l);
	}
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "%s", strerror(-r));
	}
	return r;
}

int
setup_door(struct listener *l)
{
	int r = setup_tls(l);

	if (r < 0) {
		return r;
	}
	r = sandbox_session_rules(l->root.fd, &l->rules_fd);
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "Landlock: %s",
		    strerror(-r));
		return r;
	}
	r = net_listen((uint16_t)l->settings->port, BACKLOG, &l->fd);
	if (r < 0) {
		log_say(LOG_ERROR, "cannot_start", "port %u: %s",
		    (unsigned)l->settings->port, strerror(-r));
		return r;
	}
	setup_gateways(l);
	/* Each session begins with what is left here. */
	trim_memory();
	log_say(LOG_INFO, "listening", "port %u, data %u to %u, metrics %u",
	    (unsigned)l->settings->port, (unsigned)l->settings->pasv_min,
	    (unsigned)l->settings->pasv_max, (unsigned)l->settings->http_port);
	return 0;
}
