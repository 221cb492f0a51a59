/*
 * What PASV answers to clients of certain networks: the setting
 * FTPD_PASV_NETWORKS, as in
 *
 *	192.168.0.0/16=192.168.1.10 10.0.0.0/8=10.1.2.3
 *
 * Pure.  Where several networks hold a client, the smallest counts; of equal
 * ones, the first.  (A server behind a router has one address at home and
 * another one outside; EPSV needs none of this.)
 */
#ifndef FTPD_PASVNETS_H
#define FTPD_PASVNETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define PASVNETS_MOST 16

struct pasvnets {
	struct pasvnet {
		struct in6_addr network; /* IPv4 as in addr.h */
		unsigned bits; /* of these 128 that count */
		struct in_addr answer;
	} each[PASVNETS_MOST];
	size_t n;
};

/*
 * 0 with *ret, or -EINVAL with a line in `faults` for each fault.  Empty is no
 * network.
 */
NODISCARD int pasvnets_parse(struct view text, struct pasvnets *ret,
    struct buf *faults);

/* Is there an answer for that client? */
bool pasvnets_find(const struct pasvnets *nets, const struct in6_addr *client,
    struct in_addr *ret);

#endif
