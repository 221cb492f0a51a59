#include "run/health.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/view.h"
#include "run/clock.h"
#include "run/net.h"

#define ASK \
	VIEW("GET /healthz HTTP/1.1\r\nHost: localhost\r\n" \
	     "Connection: close\r\n\r\n")
#define GOOD VIEW("HTTP/1.1 200 ")

/* Reads until `n` bytes are there.  0, or -errno. */
static int
read_exactly(int fd, char *bytes, size_t n, int64_t deadline)
{
	size_t got = 0;

	while (got < n) {
		ssize_t more = read(fd, bytes + got, n - got);
		int r;

		if (more == 0) {
			return -EPROTO;
		}
		if (more > 0) {
			got += (size_t)more;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		r = net_wait_read(fd, deadline);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int
health_probe(uint16_t port, int timeout_ms)
{
	struct view ask = ASK, good = GOOD;
	int64_t deadline = clock_ms() + timeout_ms;
	char head[16];
	int fd;
	int r = net_connect("127.0.0.1", port, deadline, &fd);

	if (r < 0) {
		return r;
	}
	r = net_write_all(fd, ask.p, ask.n, deadline);
	if (r == 0) {
		r = read_exactly(fd, head, good.n, deadline);
	}
	if (r == 0 && !view_eq((struct view){ head, good.n }, good)) {
		r = -EPROTO;
	}
	(void)close(fd);
	return r;
}
