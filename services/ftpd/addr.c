#include "ftpd/addr.h"

#include <string.h>

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
	if (v.n != 2 * n) {
		return false;
	}
	memset(out, 0, n);
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		int digit = c >= '0' && c <= '9' ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0) {
			return false;
		}
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | digit);
	}
	return true;
}

static bool
all_zero(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

/* The next word of a line with any white space between. */
static struct view
next_word(struct view *line)
{
	while (line->n > 0 && (line->p[0] == ' ' || line->p[0] == '\t')) {
		*line = view_drop(*line, 1);
	}
	for (size_t i = 0; i < line->n; i++) {
		if (line->p[i] == ' ' || line->p[i] == '\t') {
			struct view word = { line->p, i };

			*line = view_drop(*line, i);
			return word;
		}
	}
	struct view word = *line;

	*line = (struct view){ NULL, 0 };
	return word;
}

/* Columns: interface, destination, gateway, ... as the machine's integers. */
void
addr_parse_route(struct view text, struct addr_gateways *g)
{
	while (text.p != NULL) {
		struct view line = view_cut(&text, '\n');
		unsigned char to[4], via[4];
		uint32_t number;
		struct in_addr four;

		(void)next_word(&line);
		if (!from_hex(next_word(&line), to, sizeof(to))
		    || !from_hex(next_word(&line), via, sizeof(via))
		    || !all_zero(to, sizeof(to))
		    || all_zero(via, sizeof(via))) {
			continue;
		}
		number = (uint32_t)via[0] << 24 | (uint32_t)via[1] << 16
		    | (uint32_t)via[2] << 8 | via[3];
		memcpy(&four, &number, sizeof(four));

		struct in6_addr a = addr_of_four(four);

		add(g, &a);
	}
}

/* Columns: destination, its prefix length, source, its length, next hop. */
void
addr_parse_route6(struct view text, struct addr_gateways *g)
{
	while (text.p != NULL) {
		struct view line = view_cut(&text, '\n');
		unsigned char to[16], from[16], bits[1], via[16];
		struct in6_addr a;

		if (!from_hex(next_word(&line), to, sizeof(to))
		    || !from_hex(next_word(&line), bits, sizeof(bits))
		    || bits[0] != 0
		    || !from_hex(next_word(&line), from, sizeof(from))
		    || !from_hex(next_word(&line), bits, sizeof(bits))
		    || !from_hex(next_word(&line), via, sizeof(via))
		    || !all_zero(to, sizeof(to))
		    || all_zero(via, sizeof(via))) {
			continue;
		}
		memcpy(&a, via, sizeof(a));
		add(g, &a);
	}
}
