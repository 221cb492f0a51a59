#include "run/netmap.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/escape.h"
#include "run/addr.h"

#define FOUR_BITS 96 /* before those of an IPv4 address */

/* Where faults go: `setting: piece why`. */
struct told {
	const char *setting;
	struct buf *faults;
};

static int
fault(const struct told *told, struct view piece, const char *why)
{
	buf_addf(told->faults, "%s: ", told->setting);
	escape_log(told->faults, piece);
	buf_addf(told->faults, " %s\n", why);
	return -EINVAL;
}

static bool
take_four(struct view v, struct in_addr *ret)
{
	char text[INET_ADDRSTRLEN];

	return view_to_cstr(v, text, sizeof(text)) == 0
	    && inet_pton(AF_INET, text, ret) == 1;
}

static bool
take_any(struct view v, struct in6_addr *ret, bool *ret_four)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr four;

	*ret_four = take_four(v, &four);
	if (*ret_four) {
		*ret = addr_of_four(four);
		return true;
	}
	return view_to_cstr(v, text, sizeof(text)) == 0
	    && inet_pton(AF_INET6, text, ret) == 1;
}

/* Are the first `bits` of both the same? */
static bool
begins_alike(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		unsigned mask = 0x80U >> i % 8;

		if (((a->s6_addr[i / 8] ^ b->s6_addr[i / 8]) & mask) != 0) {
			return false;
		}
	}
	return true;
}

/* No bits behind those that count: else a typing error goes unnoticed. */
static bool
is_network(const struct netmap_entry *net)
{
	for (unsigned i = net->bits; i < 128; i++) {
		if ((net->network.s6_addr[i / 8] & 0x80U >> i % 8) != 0) {
			return false;
		}
	}
	return true;
}

static int
take_net(struct view piece, struct netmap_entry *ret, const struct told *told)
{
	struct view answer = piece;
	struct view bits = view_cut(&answer, '=');
	struct view network = view_cut(&bits, '/');
	struct netmap_entry net = { .bits = 128 };
	uint64_t n = 0;
	bool four = false;

	if (!take_any(network, &net.network, &four)) {
		return fault(told, piece,
		    "does not begin with an address, such as "
		    "192.168.0.0/16=192.168.1.10");
	}
	if (bits.p != NULL) {
		if (view_u64(bits, &n) < 0 || n > (four ? 32 : 128)) {
			return fault(told, piece,
			    "has no number of bits behind /");
		}
		net.bits = (unsigned)n + (four ? FOUR_BITS : 0);
	}
	if (!is_network(&net)) {
		return fault(told, piece,
		    "has an address with bits set behind its network's");
	}
	if (!take_four(answer, &net.answer)) {
		return fault(told, piece, "has no IPv4 address behind =");
	}
	*ret = net;
	return 0;
}

int
netmap_parse(const char *setting, struct view text, struct netmap *ret,
    struct buf *faults)
{
	const struct told told = { .setting = setting, .faults = faults };
	struct netmap nets = { .n = 0 };
	struct view piece = view_word(&text);
	int r = 0;

	for (; piece.n > 0; piece = view_word(&text)) {
		if (nets.n == NETMAP_MOST) {
			r = fault(&told, piece, "is one network too many");
			break;
		}
		if (take_net(piece, &nets.each[nets.n], &told) < 0) {
			r = -EINVAL;
			continue;
		}
		nets.n++;
	}
	if (r == 0) {
		*ret = nets;
	}
	return r;
}

bool
netmap_find(const struct netmap *nets, const struct in6_addr *client,
    struct in_addr *ret)
{
	const struct netmap_entry *best = NULL;

	for (size_t i = 0; i < nets->n; i++) {
		const struct netmap_entry *net = &nets->each[i];

		if (begins_alike(&net->network, client, net->bits)
		    && (best == NULL || net->bits > best->bits)) {
			best = net;
		}
	}
	if (best != NULL) {
		*ret = best->answer;
	}
	return best != NULL;
}
