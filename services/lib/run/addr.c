#include "run/addr.h"

#include <string.h>

static const unsigned char zero[17];

struct in6_addr
addr_of_four(struct in_addr four)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(&a.s6_addr[12], &four, sizeof(four));
	return a;
}

struct in6_addr
addr_of(const struct sockaddr_storage *ss)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (ss->ss_family == AF_INET) {
		memcpy(&four, ss, sizeof(four));
		return addr_of_four(four.sin_addr);
	}
	if (ss->ss_family == AF_INET6) {
		memcpy(&six, ss, sizeof(six));
		return six.sin6_addr;
	}
	return (struct in6_addr)IN6ADDR_ANY_INIT;
}

bool
addr_eq(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool
addr_is_four(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

void
addr_text(const struct in6_addr *a, char out[NET_ADDR_TEXT])
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = *a };

	net_addr_text((const struct sockaddr *)&six, out);
}

struct in6_addr
addr_party(const struct in6_addr *a)
{
	struct in6_addr party = *a;

	if (!addr_is_four(a)) {
		memset(&party.s6_addr[8], 0, 8);
	}
	return party;
}

bool
addr_is_gateway(const struct addr_gateways *g, const struct in6_addr *a)
{
	for (unsigned i = 0; i < g->n; i++) {
		if (addr_eq(&g->each[i], a)) {
			return true;
		}
	}
	return false;
}

static void
add(struct addr_gateways *g, const struct in6_addr *a)
{
	if (g->n < ARRAY_LEN(g->each) && !addr_is_gateway(g, a)) {
		g->each[g->n++] = *a;
	}
}

/* Hexadecimal digits to bytes; false unless there are exactly 2 * n. */
static bool
from_hex(struct view v, unsigned char *out, size_t n)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	if (v.n != 2 * n || !view_only(v, digits)) {
		return false;
	}
	memset(out, 0, n);
	for (size_t i = 0; i < v.n; i++) {
		size_t digit = (size_t)(strchr(digits, v.p[i]) - digits);

		out[i / 2] = (unsigned char)(out[i / 2] << 4
		    | (digit < 16 ? digit : digit - 6));
	}
	return true;
}

/* Columns: interface, destination, gateway, ... as the machine's integers. */
void
addr_parse_route(struct view text, struct addr_gateways *g)
{
	while (text.p != NULL) {
		struct view line = view_cut(&text, '\n');
		unsigned char to[4], via[4];
		uint32_t number;
		struct in6_addr a;

		(void)view_word(&line);
		if (!from_hex(view_word(&line), to, sizeof(to))
		    || !from_hex(view_word(&line), via, sizeof(via))
		    || memcmp(to, zero, sizeof(to)) != 0) {
			continue;
		}
		number = (uint32_t)via[0] << 24 | (uint32_t)via[1] << 16
		    | (uint32_t)via[2] << 8 | via[3];
		if (number != 0) {
			a = addr_of_four((struct in_addr){ number });
			add(g, &a);
		}
	}
}

/* Columns: destination, its prefix length, source, its length, next hop. */
void
addr_parse_route6(struct view text, struct addr_gateways *g)
{
	while (text.p != NULL) {
		struct view line = view_cut(&text, '\n');
		unsigned char to[17], from[17];
		struct in6_addr via;

		if (from_hex(view_word(&line), to, 16)
		    && from_hex(view_word(&line), to + 16, 1)
		    && from_hex(view_word(&line), from, 16)
		    && from_hex(view_word(&line), from + 16, 1)
		    && from_hex(view_word(&line), via.s6_addr, 16)
		    && memcmp(to, zero, sizeof(to)) == 0
		    && memcmp(&via, zero, sizeof(via)) != 0) {
			add(g, &via);
		}
	}
}
