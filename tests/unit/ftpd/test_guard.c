/*
 * Who may come in: addresses, gateways, the throttle, bans, room for sessions,
 * the password; and when files have changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ftpd/auth.h"
#include "ftpd/children.h"
#include "ftpd/pasvnets.h"
#include "ftpd/stats.h"
#include "login/bans.h"
#include "login/throttle.h"
#include "run/addr.h"
#include "run/watch.h"

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

static void
miss(struct throttle *t, const struct in6_addr *party, int n, int64_t now)
{
	for (int i = 0; i < n; i++) {
		throttle_failed(t, party, 7, now);
	}
}

static void
guessing_gets_slow(void **state)
{
	static struct throttle t, mild = { .longest = 3000 };
	struct in6_addr a = six("2001:db8::1"), b = six("2001:db8::2");
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < THROTTLE_FREE; i++) {
		assert_true(throttle_allows(&t, &a, now));
		miss(&t, &a, 1, now);
	}
	assert_true(throttle_allows(&t, &a, now));
	miss(&t, &a, 1, now);
	assert_false(throttle_allows(&t, &a, now + 999));
	assert_true(throttle_allows(&t, &a, now + 1000));
	assert_true(throttle_allows(&t, &b, now));
	miss(&t, &a, 40, now);
	assert_false(throttle_allows(&t, &a, now + THROTTLE_LONGEST_MS - 1));
	assert_true(throttle_allows(&t, &a, now + THROTTLE_LONGEST_MS));
	/* Quiet for long: it begins anew. */
	now += THROTTLE_FORGET_MS;
	miss(&t, &a, 1, now);
	assert_true(throttle_allows(&t, &a, now));
	miss(&mild, &a, 40, now);
	assert_false(throttle_allows(&mild, &a, now + 2999));
	assert_true(throttle_allows(&mild, &a, now + 3000));
}

/* A success is worth something for its own account only. */
static void
success_takes_back_its_own(void **state)
{
	static struct throttle t;
	struct in6_addr a = six("2001:db8::1");

	(void)state;
	/* Somebody who mistypes, and then does not. */
	miss(&t, &a, 8, 1);
	throttle_succeeded(&t, &a, 7);
	assert_true(throttle_allows(&t, &a, 2));
	miss(&t, &a, 5, 2);
	assert_true(throttle_allows(&t, &a, 2));
	/* Somebody with an account, who guesses another one's. */
	throttle_succeeded(&t, &a, 8);
	miss(&t, &a, 1, 2);
	assert_false(throttle_allows(&t, &a, 3));
	for (int i = 0; i < 20; i++) {
		throttle_failed(&t, &a, 8, 2);
		throttle_succeeded(&t, &a, 8);
	}
	assert_false(throttle_allows(&t, &a, 3));
	/* Twice is once. */
	throttle_succeeded(&t, &a, 8);
	throttle_succeeded(&t, &a, 7);
	assert_false(throttle_allows(&t, &a, 3));
}

static void
strikes(void **state)
{
	static struct throttle t;
	struct in6_addr a = six("2001:db8::1"), b = six("2001:db8::2");

	(void)state;
	assert_false(throttle_struck_out(&t, &a, 3));
	miss(&t, &a, 2, 1);
	assert_false(throttle_struck_out(&t, &a, 3));
	throttle_refused(&t, &a);
	throttle_refused(&t, &b);
	assert_false(throttle_struck_out(&t, &a, 0));
	assert_false(throttle_struck_out(&t, &b, 1));
	assert_true(throttle_struck_out(&t, &a, 3));
	/* Counted anew. */
	assert_false(throttle_struck_out(&t, &a, 3));
	miss(&t, &a, 3, 1);
	assert_true(throttle_struck_out(&t, &a, 3));
}

static void
a_full_table_forgets_the_oldest(void **state)
{
	static struct throttle t;
	struct in6_addr first = six("2001:db8::1");

	(void)state;
	miss(&t, &first, 30, 1);
	for (unsigned i = 0; i < THROTTLE_SIZE; i++) {
		struct in6_addr a = six("2001:db8:1::");

		a.s6_addr[15] = (uint8_t)i;
		a.s6_addr[14] = (uint8_t)(i >> 8);
		miss(&t, &a, 1, 10 + i);
	}
	assert_true(throttle_allows(&t, &first, 2));
}

static void
bans(void **state)
{
	static struct bans b;
	struct in6_addr a = six("2001:db8::1"), other = six("2001:db8::2");

	(void)state;
	assert_false(bans_hold(&b, &a, 0));
	bans_add(&b, &a, 100);
	assert_true(bans_hold(&b, &a, 99));
	assert_false(bans_hold(&b, &a, 100));
	assert_false(bans_hold(&b, &other, 0));
	bans_add(&b, &a, 200);
	assert_int_equal(bans_count(&b, 100), 1);
	assert_int_equal(bans_count(&b, 200), 0);
	/* A full table gives up the one that ends first. */
	for (unsigned i = 0; i < BANS_SIZE; i++) {
		other.s6_addr[10] = (uint8_t)i;
		bans_add(&b, &other, 300 + i);
	}
	assert_int_equal(bans_count(&b, 150), BANS_SIZE);
	assert_false(bans_hold(&b, &a, 150));
}

/* --- room for sessions --------------------------------------------------- */

static struct child
child_of(int number, unsigned char party, int64_t opened)
{
	struct child child = { .pid = 1000 + number,
		.number = (uint32_t)number,
		.opened = opened };

	child.party.s6_addr[0] = party;
	return child;
}

static struct children c8;

/* Puts one in that there is room for; its number, or minus the refusal. */
static int
come(unsigned char party, int64_t now)
{
	static int number;
	struct child child = child_of(++number, party, now), *old, gone;
	enum children_room room = children_room(&c8, &child.party, 4, now,
	    &old);

	if (room != CHILDREN_ROOM) {
		return -(int)room;
	}
	if (old != NULL) {
		old->evicted = true;
		assert_true(children_remove(&c8, old->pid, &gone));
	}
	children_add(&c8, &child);
	return number;
}

static bool
is_there(int number)
{
	for (size_t i = 0; i < c8.n; i++) {
		if (c8.each[i].number == (uint32_t)number) {
			return true;
		}
	}
	return false;
}

static void
room_for_sessions(void **state)
{
	int first[3], late;
	struct child gone;

	(void)state;
	assert_int_equal(children_init(&c8, 8), 0);
	/* One address may have four, and three quarters may wait. */
	for (int i = 0; i < 3; i++) {
		first[i] = come(1, i);
		assert_true(first[i] > 0);
	}
	assert_true(come(1, 5) > 0);
	assert_int_equal(come(1, 6), -CHILDREN_PER_PARTY);
	assert_true(come(2, 7) > 0);
	assert_true(come(2, 8) > 0);
	/* From here on the greatest has to give. */
	assert_true(come(3, 9) > 0);
	assert_false(is_there(first[0]));
	assert_true(is_there(first[1]));
	assert_true(come(3, 10) > 0);
	assert_false(is_there(first[1]));
	/* Two each: nobody has to, before its time. */
	assert_int_equal(come(3, 11), -CHILDREN_FULL);
	late = come(3, first[2] + CHILDREN_PATIENCE_MS);
	assert_true(late > 0);
	assert_false(is_there(first[2]));
	/* Who has logged in never has to, and two of eight are theirs. */
	for (size_t i = 0; i < c8.n; i++) {
		children_logged_in(&c8, c8.each[i].number);
	}
	assert_true(come(4, 20000) > 0);
	assert_true(come(6, 20000) > 0);
	assert_int_equal(come(5, 20001), -CHILDREN_FULL);
	assert_true(come(5, 40000) > 0);
	assert_int_equal(c8.n, 8);
	assert_null(children_late(&c8, 20000));
	assert_non_null(children_late(&c8, 20001));
	assert_false(children_remove(&c8, 1, &gone));
	assert_true(children_remove(&c8, 1000 + late, &gone));
	assert_int_equal(gone.number, late);
	assert_true(gone.logged_in);
	children_done(&c8);
}

/* An address that is full may get in by what it left lying about. */
static void
own_old_ones_end(void **state)
{
	int first;

	(void)state;
	assert_int_equal(children_init(&c8, 8), 0);
	first = come(1, 0);
	for (int i = 1; i < 4; i++) {
		assert_true(come(1, i) > 0);
	}
	assert_int_equal(come(1, CHILDREN_PATIENCE_MS - 1),
	    -CHILDREN_PER_PARTY);
	assert_true(come(1, CHILDREN_PATIENCE_MS) > 0);
	assert_false(is_there(first));
	children_done(&c8);
}

/* --- PASV's answers ------------------------------------------------------- */

static const char *
answer_to(const struct pasvnets *nets, const char *client)
{
	static char text[INET_ADDRSTRLEN];
	struct in6_addr a = six(client);
	struct in_addr answer;

	return pasvnets_find(nets, &a, &answer)
	    ? inet_ntop(AF_INET, &answer, text, sizeof(text))
	    : "none";
}

static void
answers_by_network(void **state)
{
	struct pasvnets nets;
	struct buf faults;

	(void)state;
	buf_init(&faults, 4096);
	assert_int_equal(pasvnets_parse(VIEW(""), &nets, &faults), 0);
	assert_string_equal(answer_to(&nets, "::ffff:192.168.1.2"), "none");
	assert_int_equal(pasvnets_parse(VIEW(" 192.168.0.0/16=192.168.1.10 \t"
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
	assert_int_equal(pasvnets_parse(VIEW("0.0.0.0/0=1.2.3.4"), &nets,
			     &faults),
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
	struct pasvnets nets = { .n = 77 };
	struct buf faults, many;

	(void)state;
	buf_init(&faults, 4096);
	buf_init(&many, 4096);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&faults);
		assert_true(
		    pasvnets_parse(view_str(bad[i]), &nets, &faults) < 0);
		assert_non_null(
		    strstr(buf_cstr(&faults), "FTPD_PASV_NETWORKS: "));
	}
	/* All faults at once. */
	buf_clear(&faults);
	assert_true(
	    pasvnets_parse(VIEW("x 1.1.1.1=2.2.2.2 y"), &nets, &faults) < 0);
	assert_non_null(strstr(buf_cstr(&faults), ": x "));
	assert_non_null(strstr(buf_cstr(&faults), ": y "));
	for (int i = 0; i <= PASVNETS_MOST; i++) {
		buf_addf(&many, "10.0.0.%d=1.2.3.4 ", i);
	}
	assert_true(pasvnets_parse(buf_view(&many), &nets, &faults) < 0);
	assert_int_equal(nets.n, 77);
	buf_done(&faults);
	buf_done(&many);
}

/* --- counters ------------------------------------------------------------- */

static void
the_page(void **state)
{
	int fd, other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stats *s = stats_new(&fd);
	const struct stats *same;
	struct volume volume = { .size = 30, .free = 20, .avail = 10 };
	struct buf out;

	(void)state;
	assert_non_null(s);
	same = stats_open(fd);
	assert_non_null(same);
	assert_null(stats_open(other));
	/* Whoever is given the descriptor cannot change what is there. */
	assert_int_equal(write(fd, "1", 1), -1);
	assert_ptr_equal(mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0),
	    MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(close(fd) + close(other), 0);
	stats_transfer(s, STATS_UPLOAD, STATS_OK, 100, 10);
	stats_transfer(s, STATS_UPLOAD, STATS_OK, 100, 11);
	stats_transfer(s, STATS_UPLOAD, STATS_ABORTED, 7, 9999999);
	buf_init(&out, 65536);
	stats_write(same, &volume, "/var/www/html", &out);
	assert_int_equal(buf_error(&out), 0);
#define HAS(text) assert_non_null(strstr(buf_cstr(&out), text "\n"))
#define BUCKET "ftpd_transfer_duration_seconds_bucket{direction=\"upload\","
	HAS("ftpd_transfers_total{direction=\"upload\",result=\"ok\"} 2");
	HAS("ftpd_transfer_bytes_total{direction=\"upload\",result=\"ok\"} "
	    "200");
	HAS("ftpd_transfer_bytes_total{direction=\"upload\","
	    "result=\"aborted\"} 7");
	HAS(BUCKET "le=\"0.01\"} 1");
	HAS(BUCKET "le=\"0.05\"} 2");
	HAS(BUCKET "le=\"300\"} 2");
	HAS(BUCKET "le=\"+Inf\"} 3");
	HAS("ftpd_transfer_duration_seconds_count{direction=\"upload\"} 3");
	HAS("ftpd_transfer_duration_seconds_count{direction=\"listing\"} 0");
	HAS("ftpd_transfer_duration_seconds_sum{direction=\"upload\"} "
	    "10000.02");
#define VOLUME(name, value) \
	HAS("node_filesystem_" name \
	    "_bytes{mountpoint=\"/var/www/html\"} " value)
	VOLUME("size", "30");
	VOLUME("free", "20");
	VOLUME("avail", "10");
	buf_clear(&out);
	volume.size = 0;
	stats_write(same, &volume, "/var/www/html", &out);
	assert_null(strstr(buf_cstr(&out), "node_filesystem"));
	buf_done(&out);
}

/* --- changed files ----------------------------------------------------------
 */

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
changed_files(void **state)
{
	char path[] = "/tmp/watch-XXXXXX", other[32];
	struct watch w = { .path = path }, none = { .path = "" };

	(void)state;
	assert_true(close(mkstemp(path)) == 0);
	(void)snprintf(other, sizeof(other), "%s.new", path);
	watch_reset(&w);
	watch_reset(&none);
	assert_false(watch_changed(&w));
	assert_false(watch_changed(&none));
	write_file(path, "longer");
	/* It may still be written. */
	assert_false(watch_changed(&w));
	write_file(path, "longer still");
	assert_false(watch_changed(&w));
	assert_true(watch_changed(&w));
	assert_false(watch_changed(&w));
	/* The same size and perhaps time: another file. */
	write_file(other, "longer still");
	assert_int_equal(rename(other, path), 0);
	assert_false(watch_changed(&w));
	assert_true(watch_changed(&w));
	/* Gone is no change, but coming back is. */
	assert_int_equal(unlink(path), 0);
	assert_false(watch_changed(&w));
	assert_false(watch_changed(&w));
	write_file(path, "back again");
	assert_false(watch_changed(&w));
	assert_true(watch_changed(&w));
	assert_int_equal(unlink(path), 0);
}

static void
passwords(void **state)
{
	char user[] = "bob", password[] = "sesame";
	const struct settings s = { .user = user, .password = password };

	(void)state;
	assert_true(auth_matches(&s, VIEW("bob"), VIEW("sesame")));
	assert_false(auth_matches(&s, VIEW("bob"), VIEW("sesam")));
	assert_false(auth_matches(&s, VIEW("bob"), VIEW("sesamee")));
	assert_false(auth_matches(&s, VIEW("bob"), VIEW("sesame\0")));
	assert_false(auth_matches(&s, VIEW("Bob"), VIEW("sesame")));
	assert_false(auth_matches(&s, VIEW(""), VIEW("")));
	assert_false(auth_matches(&s, VIEW("bob"), VIEW("")));
	assert_false(auth_matches(&s, VIEW(""), VIEW("sesame")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_form_for_each_peer),
		cmocka_unit_test(gateways),
		cmocka_unit_test(guessing_gets_slow),
		cmocka_unit_test(success_takes_back_its_own),
		cmocka_unit_test(strikes),
		cmocka_unit_test(a_full_table_forgets_the_oldest),
		cmocka_unit_test(bans),
		cmocka_unit_test(room_for_sessions),
		cmocka_unit_test(own_old_ones_end),
		cmocka_unit_test(answers_by_network),
		cmocka_unit_test(networks_that_are_none),
		cmocka_unit_test(the_page),
		cmocka_unit_test(changed_files),
		cmocka_unit_test(passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
