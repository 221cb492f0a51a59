/*
 * An IPv4 address for clients of certain networks, as a setting lists them:
 *
 *	192.168.0.0/16=192.168.1.10 10.0.0.0/8=10.1.2.3
 *
 * Pure.  Where several networks hold a client, the smallest counts; of equal
 * ones, the first.  (A server behind a router has one address at home and
 * another one outside.)
 */
#ifndef RUN_NETMAP_H
#define RUN_NETMAP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define NETMAP_MOST 16

struct netmap {
	struct netmap_entry {
		struct in6_addr network; /* IPv4 as in addr.h */
		unsigned bits; /* of these 128 that count */
		struct in_addr answer;
	} each[NETMAP_MOST];
	size_t n;
};

/*
 * 0 with *ret, or -EINVAL with a line in `faults` for each fault of `setting`,
 * as it is called.  Empty is no network.
 */
NODISCARD int netmap_parse(const char *setting, struct view text,
    struct netmap *ret, struct buf *faults);

/* Is there an answer for that client? */
bool netmap_find(const struct netmap *nets, const struct in6_addr *client,
    struct in_addr *ret);

#endif
