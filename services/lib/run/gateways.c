#include "run/gateways.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"

#define ROUTE_MAX 65536

static void
read_routes(const char *path, struct addr_gateways *g,
    void (*parse)(struct view text, struct addr_gateways *g))
{
	struct buf text;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0) {
		return;
	}
	buf_init(&text, ROUTE_MAX);
	while (n > 0) {
		char *room = buf_room(&text, 4096);

		n = room == NULL ? 0 : read(fd, room, 4096);
		if (n > 0) {
			buf_grown(&text, (size_t)n);
		}
	}
	parse(buf_view(&text), g);
	buf_done(&text);
	(void)close(fd);
}

void
gateways_read(struct addr_gateways *ret)
{
	ret->n = 0;
	read_routes("/proc/net/route", ret, addr_parse_route);
	read_routes("/proc/net/ipv6_route", ret, addr_parse_route6);
}
