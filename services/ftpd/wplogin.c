#include "ftpd/wplogin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/log.h"
#include "run/part.h"

int
wplogin_start(const struct settings *settings, int *ret_fd)
{
	char port[sizeof("65535")];
	pid_t pid;
	int fd, r;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)settings->db_port);
	pid = part_fork_pair(&fd);
	if (pid < 0) {
		return (int)pid;
	}
	if (pid == 0) {
		r = part_exec((const char *[]){ WPLOGIN_PROGRAM,
				  settings->db_host, port, settings->db_user,
				  NULL },
		    &fd, 1);
		log_say(LOG_ERROR, "role_failed", "%s: %s", WPLOGIN_PROGRAM,
		    strerror(-r));
		_exit(1);
	}
	*ret_fd = fd;
	return 0;
}
