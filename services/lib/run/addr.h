/*
 * Addresses without ports, IPv4 as ::ffff:a.b.c.d, so that each peer has one
 * form only.  Pure.
 */
#ifndef RUN_ADDR_H
#define RUN_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/view.h"
#include "run/net.h"

/* All zero bytes for a family that is no Internet. */
struct in6_addr addr_of(const struct sockaddr_storage *ss);
struct in6_addr addr_of_four(struct in_addr four);
bool addr_eq(const struct in6_addr *a, const struct in6_addr *b);
bool addr_is_four(const struct in6_addr *a);
void addr_text(const struct in6_addr *a, char out[NET_ADDR_TEXT]);

/*
 * Who a throttle or a limit counts: an IPv4 address, or the /64 network of an
 * IPv6 address, as one customer has at least that much.
 */
struct in6_addr addr_party(const struct in6_addr *a);

/*
 * Addresses behind which many clients hide: the default gateways, from which
 * a container sees everybody who comes through the host's own port forwarding.
 */
struct addr_gateways {
	struct in6_addr each[4];
	unsigned n;
};

bool addr_is_gateway(const struct addr_gateways *g, const struct in6_addr *a);

/* Adds those of /proc/net/route's and /proc/net/ipv6_route's text. */
void addr_parse_route(struct view text, struct addr_gateways *g);
void addr_parse_route6(struct view text, struct addr_gateways *g);

#endif
