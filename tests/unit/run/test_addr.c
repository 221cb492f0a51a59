/* Addresses: one form for each peer, and which are gateways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "run/addr.h"

static struct in6_addr
six(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static void
one_form_for_each_peer(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	struct in6_addr a, b = six("::ffff:192.0.2.1");
	char text[NET_ADDR_TEXT];

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.1", &four.sin_addr), 1);
	memcpy(&ss, &four, sizeof(four));
	a = addr_of(&ss);
	assert_true(addr_eq(&a, &b));
	assert_true(addr_is_four(&a));
	addr_text(&a, text);
	assert_string_equal(text, "192.0.2.1");
	a = addr_party(&a);
	assert_true(addr_eq(&a, &b));
	a = six("2001:db8:1:2:3:4:5:6");
	a = addr_party(&a);
	b = six("2001:db8:1:2::");
	assert_true(addr_eq(&a, &b));
}

static void
gateways(void **state)
{
	static const char route[] =
	    "Iface\tDestination\tGateway \tFlags\n"
	    "eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	    "eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
	static const char route6[] =
	    "00000000000000000000000000000000 00 "
	    "00000000000000000000000000000000 00 "
	    "fd000000000000000000000000000001 00000400 00000001 eth0\n"
	    "fd000000000000000000000000000000 40 "
	    "00000000000000000000000000000000 00 "
	    "00000000000000000000000000000000 00000100 00000001 eth0\n";
	static const char junk[] = "x\n\n \t\n00000000\nzz zz zz\n";
	struct addr_gateways g = { .n = 0 };
	struct in6_addr a = six("::ffff:172.18.0.1"), b = six("fd00::1"),
			c = six("::ffff:172.18.0.0");

	(void)state;
	addr_parse_route(view_str(junk), &g);
	addr_parse_route6(view_str(junk), &g);
	addr_parse_route((struct view){ NULL, 0 }, &g);
	assert_int_equal(g.n, 0);
	addr_parse_route(view_str(route), &g);
	addr_parse_route6(view_str(route6), &g);
	assert_int_equal(g.n, 2);
	assert_true(addr_is_gateway(&g, &a));
	assert_true(addr_is_gateway(&g, &b));
	assert_false(addr_is_gateway(&g, &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_form_for_each_peer),
		cmocka_unit_test(gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
