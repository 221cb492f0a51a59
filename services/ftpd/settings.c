#include "ftpd/settings.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/path.h"
#include "login/pwhash.h"
#include "login/users.h"
#include "run/netmap.h"

#define PASV_PORTS_MAX 1024

uint16_t
settings_health_port(const void *settings)
{
	return (uint16_t)((const struct settings *)settings)->http_port;
}

/* Three or four octal digits; -1 when it is something else. */
static int
parse_octal(const char *text)
{
	int value = 0;
	size_t n = strlen(text);

	if (n < 3 || n > 4) {
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '7') {
			return -1;
		}
		value = value * 8 + (text[i] - '0');
	}
	return value > 0777 ? -1 : value;
}

mode_t
settings_umask(const struct settings *s)
{
	return (mode_t)parse_octal(s->umask);
}

static void
check_ports(const struct settings *s, struct buf *faults)
{
	if (s->pasv_min > s->pasv_max
	    || s->pasv_max - s->pasv_min >= PASV_PORTS_MAX) {
		buf_addf(faults,
		    "FTPD_PASV_MIN and FTPD_PASV_MAX: %llu to %llu "
		    "is no range of 1 to %d ports\n",
		    (unsigned long long)s->pasv_min,
		    (unsigned long long)s->pasv_max, PASV_PORTS_MAX);
	}
	if ((s->port >= s->pasv_min && s->port <= s->pasv_max)
	    || (s->http_port >= s->pasv_min && s->http_port <= s->pasv_max)
	    || s->port == s->http_port) {
		buf_add_str(faults,
		    "FTPD_PORT, FTPD_HTTP_PORT and the passive "
		    "range have to be apart\n");
	}
}

/* A file that has to be there; what is in it is seen when it is loaded. */
static void
check_readable(const char *name, const char *path, struct buf *faults)
{
	if (access(path, R_OK) < 0) {
		buf_addf(faults, "%s: cannot read ", name);
		escape_log(faults, view_str(path));
		buf_addf(faults, ": %s\n", strerror(errno));
	}
}

static void
check_root(const struct settings *s, struct buf *faults)
{
	struct stat st;

	if (stat(s->root, &st) < 0 || !S_ISDIR(st.st_mode)) {
		buf_add_str(faults, "FTPD_ROOT: ");
		escape_log(faults, view_str(s->root));
		buf_add_str(faults,
		    " is not a folder; mount the volume there\n");
	}
}

/* An address or a host name: letters, digits, dots and hyphens. */
static bool
is_host(const char *text)
{
	for (; *text != '\0'; text++) {
		char c = *text;

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
			|| (c >= '0' && c <= '9') || c == '.' || c == '-')) {
			return false;
		}
	}
	return true;
}

void
settings_check(const void *settings, struct buf *faults)
{
	const struct settings *s = settings;
	struct netmap nets;

	check_ports(s, faults);
	check_root(s, faults);
	check_readable("FTPD_CERT", s->cert, faults);
	check_readable("FTPD_KEY", s->key, faults);
	if (parse_octal(s->umask) < 0) {
		buf_add_str(faults, "FTPD_UMASK: ");
		escape_log(faults, view_str(s->umask));
		buf_add_str(faults, " is not an octal number such as 022\n");
	}
	if (!is_host(s->pasv_address)) {
		buf_add_str(faults, "FTPD_PASV_ADDRESS: ");
		escape_log(faults, view_str(s->pasv_address));
		buf_add_str(faults,
		    " is neither an IPv4 address nor a host "
		    "name\n");
	}
	(void)!netmap_parse("FTPD_PASV_NETWORKS", view_str(s->pasv_networks),
	    &nets, faults);
	if (path_has_control(view_str(s->user))
	    || strlen(s->user) > USERS_NAME_MAX) {
		buf_addf(faults,
		    "FTPD_USER: has control characters or more "
		    "than %d bytes\n",
		    USERS_NAME_MAX);
	}
	if (path_has_control(view_str(s->password))
	    || strlen(s->password) > PWHASH_PASSWORD_MAX) {
		buf_addf(faults,
		    "FTPD_PASSWORD_FILE: the secret has control "
		    "characters or more than %d bytes; make it one line\n",
		    PWHASH_PASSWORD_MAX);
	}
	if (s->users_file[0] != '\0') {
		users_check("FTPD_USERS_FILE", s->users_file, view_str(s->user),
		    faults);
	}
	if (s->wordpress_login && s->db_password[0] == '\0') {
		buf_add_str(faults,
		    "DB_PASSWORD_FILE: FTPD_WORDPRESS_LOGIN needs it; "
		    "without WordPress logins set that to off\n");
	}
}
