/* Addresses by the network of who asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "run/netmap.h"

static struct in6_addr
six(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

static const char *
answer_to(const struct netmap *nets, const char *client)
{
	static char text[INET_ADDRSTRLEN];
	struct in6_addr a = six(client);
	struct in_addr answer;

	return netmap_find(nets, &a, &answer)
	    ? inet_ntop(AF_INET, &answer, text, sizeof(text))
	    : "none";
}

static void
answers_by_network(void **state)
{
	struct netmap nets;
	struct buf faults;

	(void)state;
	buf_init(&faults, 4096);
	assert_int_equal(netmap_parse("SETTING", VIEW(""), &nets, &faults), 0);
	assert_string_equal(answer_to(&nets, "::ffff:192.168.1.2"), "none");
	assert_int_equal(netmap_parse("SETTING",
			     VIEW(" 192.168.0.0/16=192.168.1.10 \t"
				  "192.168.7.0/25=10.0.0.1  "
				  "10.1.2.3=10.1.2.4 "
				  "fd00::/8=10.0.0.9"),
			     &nets, &faults),
	    0);
	assert_string_equal(answer_to(&nets, "::ffff:192.168.255.2"),
	    "192.168.1.10");
	/* The smallest network counts. */
	assert_string_equal(answer_to(&nets, "::ffff:192.168.7.127"),
	    "10.0.0.1");
	assert_string_equal(answer_to(&nets, "::ffff:192.168.7.128"),
	    "192.168.1.10");
	assert_string_equal(answer_to(&nets, "::ffff:192.169.0.0"), "none");
	assert_string_equal(answer_to(&nets, "::ffff:10.1.2.3"), "10.1.2.4");
	assert_string_equal(answer_to(&nets, "::ffff:10.1.2.2"), "none");
	assert_string_equal(answer_to(&nets, "fd12::1"), "10.0.0.9");
	assert_string_equal(answer_to(&nets, "fe80::1"), "none");
	assert_int_equal(netmap_parse("SETTING", VIEW("0.0.0.0/0=1.2.3.4"),
			     &nets, &faults),
	    0);
	assert_string_equal(answer_to(&nets, "::ffff:8.8.8.8"), "1.2.3.4");
	assert_string_equal(answer_to(&nets, "2001:db8::1"), "none");
	assert_int_equal(buf_size(&faults), 0);
}

static void
networks_that_are_none(void **state)
{
	static const char *const bad[] = { "x", "192.168.0.0/16", "=1.2.3.4",
		"192.168.0.0/16=", "192.168.0.0/16=host",
		"192.168.0.0/33=1.2.3.4", "192.168.0.0/-1=1.2.3.4",
		"192.168.0.0/=1.2.3.4", "192.168.1.0/16=1.2.3.4",
		"fd00::/129=1.2.3.4", "fd00::/8=fd00::1", "1.2.3=1.2.3.4",
		"1.2.3.4=1.2.3.4=1.2.3.4" };
	struct netmap nets = { .n = 77 };
	struct buf faults, many;

	(void)state;
	buf_init(&faults, 4096);
	buf_init(&many, 4096);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&faults);
		assert_true(
		    netmap_parse("SETTING", view_str(bad[i]), &nets, &faults)
		    < 0);
		assert_non_null(strstr(buf_cstr(&faults), "SETTING: "));
	}
	/* All faults at once. */
	buf_clear(&faults);
	assert_true(
	    netmap_parse("SETTING", VIEW("x 1.1.1.1=2.2.2.2 y"), &nets, &faults)
	    < 0);
	assert_non_null(strstr(buf_cstr(&faults), ": x "));
	assert_non_null(strstr(buf_cstr(&faults), ": y "));
	for (int i = 0; i <= NETMAP_MOST; i++) {
		buf_addf(&many, "10.0.0.%d=1.2.3.4 ", i);
	}
	assert_true(
	    netmap_parse("SETTING", buf_view(&many), &nets, &faults) < 0);
	assert_int_equal(nets.n, 77);
	buf_done(&faults);
	buf_done(&many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_by_network),
		cmocka_unit_test(networks_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
