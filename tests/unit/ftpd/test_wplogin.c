/*
 * WordPress logins: hashes that PHP and WordPress 6.8 made, roles, what is
 * remembered, and the queue before the helper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <crypt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "ftpd/wphash.h"
#include "ftpd/wplogin.h"
#include "ftpd/wprecent.h"
#include "ftpd/wproles.h"
#include "run/clock.h"
#include "run/log.h"

#define LONG_TEXT "longer than bcrypt reads, "
#define LONG5 LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT
#define UNICODE \
	"Gr\xc3\xbc\xc3\x9f" \
	"e \xf0\x9f\x94\x91"
#define QUOTED "it's \"me\""

#define WP4 "$wp$2y$04$ECGAyIVPcwYefCXf1Rya2u6h8TvY63PVUIFV/aWV98OYPR4mJnVNC"
#define BCRYPT4 "$2y$04$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m"
#define PHPASS "$P$B9CMYtApUfapRbgsuGAsNYpXfF173h."

static const struct {
	const char *hash;
	const char *password;
	enum wphash_kind kind;
} made[] = {
	{ WP4, "sesame", WPHASH_WP },
	{ "$wp$2y$10$Xv7hUk.IZXRFwYdvIdolvOhTfotuE.WNYCfhl6YTTRi3omBR4atay",
	    "sesame", WPHASH_WP },
	{ "$wp$2y$04$v08xHO45qhnLspfyHJKE4ebx3iSmWwcyOr3kAv6/Fe3y2Vcn06KxO",
	    UNICODE, WPHASH_WP },
	/* Set in WordPress's own form, and by a program. */
	{ "$wp$2y$04$wT3.sVB9VyvIESyw6vfnmOSzkxxqJ6gmJJJm1ON1EL4U6OxsQ5BIC",
	    QUOTED, WPHASH_WP },
	{ "$wp$2y$04$nmGl8kL4x/SNISy2zbq/VeephnfjGMpJkXhXMq8zPGPX1XT6350OC",
	    QUOTED, WPHASH_WP },
	{ BCRYPT4, "sesame", WPHASH_BCRYPT },
	{ "$2y$05$sUPgNOD4zk398cTpuwtdb.NHvXrYBweNBYtX7UlI.10uTBb7lvk2q",
	    UNICODE, WPHASH_BCRYPT },
	{ PHPASS, "sesame", WPHASH_PHPASS },
	{ "$P$B9FpXj4qSWYuMU2ckP3dksngzVOVpk1", UNICODE, WPHASH_PHPASS },
	{ "$H$B9CMYtApUfapRbgsuGAsNYpXfF173h.", "sesame", WPHASH_PHPASS },
};

static void
hashes_of_wordpress(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		struct view hash = view_str(made[i].hash);

		assert_int_equal(wphash_kind(hash), made[i].kind);
		assert_true(wphash_check(hash, view_str(made[i].password)));
		assert_false(wphash_check(hash, VIEW("sesamE")));
		assert_false(wphash_check(hash, VIEW("sesame ")));
		assert_false(wphash_check(hash, VIEW("sesame\0")));
		assert_false(wphash_check(hash, VIEW("")));
		assert_false(wphash_check(hash, hash));
	}
}

static void
all_of_a_long_password_counts(void **state)
{
	static const char hash[] =
	    "$wp$2y$04$awwH6QdDMG8R5X2QgSocG.y5uncxjGtx.5vHAgjtVNb8y0pq2YtZG";
	static char over[SETTINGS_PASSWORD_MAX + 1];

	(void)state;
	/* trim() took its last space. */
	assert_false(wphash_check(view_str(hash), VIEW(LONG5 LONG5)));
	assert_true(wphash_check(view_str(hash),
	    (struct view){ LONG5 LONG5, sizeof(LONG5 LONG5) - 2 }));
	memset(over, 'x', sizeof(over));
	assert_false(
	    wphash_check(view_str(hash), (struct view){ over, sizeof(over) }));
}

static void
other_hashes_are_none(void **state)
{
	static const char *const others[] = { "", "$", "$wp", "$P$", "$2y$",
		"sesame", "c8dae1c50e092f3d877192fc555b1dcf",
		"$argon2id$v=19$m=65536,t=4,p=1$a3VZb3dTdHdDaWNsWllFSg$Y37i",
		/* Schemes that a C library may know, or take for DES. */
		"$1$abcdefgh$0123456789012345678901",
		"$2a$04$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m",
		"$y$04$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7mm",
		"abJnggxhB/yWI",
		/* One letter too few, too many, a foreign one. */
		"$2y$04$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7",
		"$2y$04$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7mm",
		"$2y$04$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7=",
		"$wp" PHPASS, "$wp" WP4, "$P$B9CMYtApUfapRbgsuGAsNYpXfF173h",
		"$P$B9CMYtApUfapRbgsuGAsNYpXfF173h..",
		"$P$B9CMYtApUfapRbgsuGAsNYpXfF173h$",
		/* Costs: no number, none at all, seconds or years of work. */
		"$2y$4$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m0",
		"$2y$00$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m",
		"$2y$03$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m",
		"$2y$15$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m",
		"$2y$31$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m",
		"$2y$-4$CJM5MXNgyD0Ug2S0//F5l.bhWSfjdWAePYM4PT7fP4SnbAB.oKS7m",
		"$P$49CMYtApUfapRbgsuGAsNYpXfF173h.",
		"$P$z9CMYtApUfapRbgsuGAsNYpXfF173h." };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct view hash = view_str(others[i]);

		assert_int_equal(wphash_kind(hash), WPHASH_UNKNOWN);
		assert_int_equal(wphash_cost(hash), 0);
		assert_false(wphash_check(hash, VIEW("sesame")));
		assert_false(wphash_check(hash, VIEW("")));
	}
	assert_int_equal(wphash_cost(VIEW(WP4)), 4);
	assert_int_equal(wphash_cost(VIEW(BCRYPT4)), 4);
	assert_int_equal(wphash_cost(VIEW(PHPASS)), 0);
}

/*
 * musl answers a setting that it does not know with a hash by DES, where glibc
 * refuses: whatever a C library answers, it is nobody's hash, and the setting
 * itself neither.
 */
static void
no_answer_of_crypt_is_a_login(void **state)
{
	static const char *const settings[] = { "$y$j9T$F5Jx5fExrKuPp53xLKQ1X0",
		"$7$CU..../....2Q9obwLhin8qvQl6sisAO", "$gy$j9T$abcdefgh$",
		"$argon2id$v=19$m=65536,t=4,p=1$a3VZb3dTdHdDaWNs",
		"$apr1$abcdefgh$", "$sha1$40000$jtNX3nZ2$", "$3$", "$wp$y$",
		"$6$saltsalt$", "$5$saltsalt$", "$1$saltsalt$",
		"$2b$04$CJM5MXNgyD0Ug2S0//F5l.", "_J9..rasm", "$y", "ab" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const char *hash = crypt("sesame", settings[i]);

		assert_false(
		    wphash_check(view_str(settings[i]), VIEW("sesame")));
		assert_false(wphash_check(view_str(hash == NULL ? "*" : hash),
		    VIEW("sesame")));
	}
}

/* --- roles -------------------------------------------------------------------
 */

static enum auth_rights
rights_of(const char *text)
{
	enum auth_rights rights = AUTH_NOTHING;

	assert_int_equal(wproles_rights(view_str(text), &rights), 0);
	return rights;
}

static void
roles(void **state)
{
	(void)state;
	assert_int_equal(rights_of("a:1:{s:13:\"administrator\";b:1;}"),
	    AUTH_SITE);
	assert_int_equal(rights_of("a:1:{s:6:\"editor\";b:1;}"), AUTH_UPLOADS);
	assert_int_equal(rights_of("a:1:{s:6:\"author\";b:1;}"), AUTH_UPLOADS);
	assert_int_equal(rights_of("a:1:{s:11:\"contributor\";b:1;}"),
	    AUTH_NOTHING);
	assert_int_equal(rights_of("a:1:{s:10:\"subscriber\";b:1;}"),
	    AUTH_NOTHING);
	assert_int_equal(rights_of("a:0:{}"), AUTH_NOTHING);
	assert_int_equal(rights_of("a:2:{s:6:\"editor\";b:1;"
				   "s:13:\"administrator\";b:1;}"),
	    AUTH_SITE);
	/* Plugins write numbers; what is refused does not count. */
	assert_int_equal(rights_of("a:2:{s:13:\"administrator\";b:0;"
				   "s:6:\"author\";i:1;}"),
	    AUTH_UPLOADS);
	/* Names with the signs of the format in them. */
	assert_int_equal(rights_of(
			     "a:2:{s:27:\"x\";s:13:\"administrator\";b:1\";"
			     "b:1;s:6:\"author\";b:0;}"),
	    AUTH_NOTHING);
	assert_int_equal(rights_of("a:1:{s:13:\"Administrator\";b:1;}"),
	    AUTH_NOTHING);
}

static void
roles_that_are_not_understood(void **state)
{
	static const char *const texts[] = { "", "a", "a:", "a:1",
		"a:1:", "a:1:{", "a:1:{}", "a:0:{", "a:0:{}x", "b:1;",
		"s:13:\"administrator\";", "administrator",
		"a:2:{s:13:\"administrator\";b:1;}",
		"a:0:{s:13:\"administrator\";b:1;}",
		"a:1:{s:12:\"administrator\";b:1;}",
		"a:1:{s:14:\"administrator\";b:1;}",
		"a:1:{s:99999999999999999999:\"administrator\";b:1;}",
		"a:1:{s:-1:\"administrator\";b:1;}",
		"a:1:{s:13:\"administrator\";b:2;}",
		"a:1:{s:13:\"administrator\";b:;}",
		"a:1:{s:13:\"administrator\";b:1}",
		"a:1:{s:13:\"administrator\";i:-1;}",
		"a:1:{s:13:\"administrator\";s:1:\"1\";}", "a:1:{i:13;b:1;}",
		"a:1:{s:13:\"administrator\";N;}",
		"a:18446744073709551615:{s:13:\"administrator\";b:1;}",
		" a:1:{s:13:\"administrator\";b:1;}",
		"O:1:\"A\":1:{s:13:\"administrator\";b:1;}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		enum auth_rights rights = AUTH_UPLOADS;

		assert_int_not_equal(wproles_rights(view_str(texts[i]),
					 &rights),
		    0);
		assert_int_equal(rights, AUTH_UPLOADS);
	}
}

/* --- what is remembered ------------------------------------------------------
 */

static void
right_ones_are_remembered(void **state)
{
	static struct wprecent r, other;

	(void)state;
	assert_int_equal(wprecent_init(&r), 0);
	assert_int_equal(wprecent_init(&other), 0);
	assert_memory_not_equal(r.key, other.key, sizeof(r.key));
	assert_false(wprecent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), 1));
	wprecent_add(&r, VIEW("a"), VIEW("b"), VIEW("c"), 1);
	assert_true(wprecent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), 1));
	assert_true(
	    wprecent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), WPRECENT_MS));
	assert_false(wprecent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"),
	    WPRECENT_MS + 1));
	assert_false(wprecent_knows(&r, VIEW("A"), VIEW("b"), VIEW("c"), 1));
	assert_false(wprecent_knows(&r, VIEW("a"), VIEW("x"), VIEW("c"), 1));
	assert_false(wprecent_knows(&r, VIEW("a"), VIEW("b"), VIEW("x"), 1));
	/* The same bytes, cut elsewhere. */
	assert_false(wprecent_knows(&r, VIEW("ab"), VIEW(""), VIEW("c"), 1));
	assert_false(wprecent_knows(&r, VIEW("a"), VIEW("bc"), VIEW(""), 1));
	assert_false(wprecent_knows(&r, VIEW(""), VIEW(""), VIEW(""), 1));
}

static void
the_oldest_is_given_up(void **state)
{
	static struct wprecent r;

	(void)state;
	assert_int_equal(wprecent_init(&r), 0);
	wprecent_add(&r, VIEW("first"), VIEW("b"), VIEW("c"), 1);
	for (int i = 0; i < WPRECENT_SIZE; i++) {
		char name[1] = { (char)i };

		wprecent_add(&r, (struct view){ name, 1 }, VIEW("b"), VIEW("c"),
		    2 + i);
	}
	assert_false(
	    wprecent_knows(&r, VIEW("first"), VIEW("b"), VIEW("c"), 100));
	assert_true(wprecent_knows(&r, VIEW("\0"), VIEW("b"), VIEW("c"), 100));
}

static struct wpuser
user_with(struct view hash, enum auth_rights rights)
{
	struct wpuser user = { .hash_n = hash.n, .rights = rights };

	memcpy(user.hash, hash.p, hash.n);
	return user;
}

static void
judged(void **state)
{
	static struct wplogin w;
	struct wpuser editor = user_with(VIEW(WP4), AUTH_UPLOADS);
	struct wpuser reader = user_with(VIEW(WP4), AUTH_NOTHING);
	struct wpuser odd = user_with(VIEW("$1$x"), AUTH_SITE);
	struct auth_answer a;

	(void)state;
	assert_int_equal(wplogin_init(&w), 0);
	a = wplogin_judge(&w, &editor, VIEW("e"), VIEW("wrong"), 1);
	assert_int_equal(a.result, AUTH_WRONG);
	assert_int_equal(w.cost, 4);
	assert_false(
	    wprecent_knows(&w.recent, VIEW("e"), VIEW("wrong"), VIEW(WP4), 1));
	for (int i = 0; i < 2; i++) {
		a = wplogin_judge(&w, &editor, VIEW("e"), VIEW("sesame"), 1);
		assert_int_equal(a.result, AUTH_OK);
		assert_int_equal(a.rights, AUTH_UPLOADS);
		assert_true(wprecent_knows(&w.recent, VIEW("e"), VIEW("sesame"),
		    VIEW(WP4), 1));
	}
	/* What is remembered is the password, not the rights. */
	a = wplogin_judge(&w, &reader, VIEW("e"), VIEW("sesame"), 1);
	assert_int_equal(a.result, AUTH_WRONG);
	assert_int_equal(a.rights, AUTH_NOTHING);
	a = wplogin_judge(&w, NULL, VIEW("e"), VIEW("sesame"), 1);
	assert_int_equal(a.result, AUTH_WRONG);
	a = wplogin_judge(&w, &odd, VIEW("o"), VIEW("sesame"), 1);
	assert_int_equal(a.result, AUTH_WRONG);
}

static int64_t
cpu_us(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Nobody can tell from the time who there is. */
static void
a_miss_costs_as_much(void **state)
{
	static struct wplogin w;
	struct wpuser slow = user_with(VIEW("$wp$2y$10$Xv7hUk.IZXRFwYdvIdolvO"
					    "hTfotuE.WNYCfhl6YTTRi3omBR4atay"),
	    AUTH_SITE);
	int64_t began, known, unknown;

	(void)state;
	assert_int_equal(wplogin_init(&w), 0);
	began = cpu_us();
	(void)wplogin_judge(&w, &slow, VIEW("e"), VIEW("wrong"), 1);
	known = cpu_us() - began;
	began = cpu_us();
	(void)wplogin_judge(&w, NULL, VIEW("x"), VIEW("wrong"), 1);
	unknown = cpu_us() - began;
	assert_true(unknown > known / 4);
	assert_true(known > unknown / 4);
}

/* --- the queue ---------------------------------------------------------------
 */

#define SESSIONS 20

static char user[] = "bob", password[] = "sesame";
static const struct settings settings = { .user = user,
	.password = password,
	.max_sessions = 64 };

static struct {
	pid_t pid;
	int listener;
	int life;
	int helper;
	int sessions[SESSIONS];
} t;

static int
start(void **state)
{
	int intro[2], life[2], helper[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, intro), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, helper), 0);
	assert_int_equal(pipe(life), 0);
	t.pid = fork();
	if (t.pid == 0) {
		(void)close(intro[0]);
		(void)close(life[1]);
		(void)close(helper[0]);
		_exit(auth_run(&settings, intro[1], life[0], helper[1]));
	}
	(void)close(intro[1]);
	(void)close(life[0]);
	(void)close(helper[1]);
	t.listener = intro[0];
	t.life = life[1];
	t.helper = helper[0];
	return 0;
}

static void
end_with(int want)
{
	int status = 0;

	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
}

static int
finish(void **state)
{
	(void)state;
	(void)close(t.life);
	(void)close(t.listener);
	(void)close(t.helper);
	return 0;
}

/* New sessions, each of an address of its own, or all of the first one's. */
static void
open_sessions(size_t n, bool one_address)
{
	for (size_t i = 0; i < n; i++) {
		struct auth_intro intro = { .exempt = 0 };
		int pair[2];

		intro.party.s6_addr[0] = one_address ? 1 : (uint8_t)(i + 1);
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair),
		    0);
		assert_int_equal(auth_introduce(t.listener, pair[1], &intro),
		    0);
		(void)close(pair[1]);
		t.sessions[i] = pair[0];
	}
}

static void
close_sessions(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)close(t.sessions[i]);
	}
}

/* Asks without waiting; the name is "u". */
static void
ask(size_t i)
{
	struct auth_request q = { .user_n = 1, .password_n = 1 };

	q.text[0] = 'u';
	q.text[1] = 'p';
	assert_int_equal(send(t.sessions[i], &q, sizeof(q), 0),
	    (ssize_t)sizeof(q));
}

static bool
ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static struct auth_answer
answer(size_t i)
{
	struct auth_answer a = { .result = 99 };

	assert_true(ready(t.sessions[i], 5000));
	assert_int_equal(recv(t.sessions[i], &a, sizeof(a), 0),
	    (ssize_t)sizeof(a));
	return a;
}

/* Takes a request as the helper. */
static void
helper_takes(void)
{
	struct auth_request q;

	assert_true(ready(t.helper, 5000));
	assert_int_equal(recv(t.helper, &q, sizeof(q), 0), (ssize_t)sizeof(q));
	assert_int_equal(q.user_n, 1);
	assert_int_equal(q.text[0], 'u');
}

static void
helper_gives(enum auth_result result, enum auth_rights rights)
{
	struct auth_answer a = { .result = (uint8_t)result,
		.rights = (uint8_t)rights };

	assert_int_equal(send(t.helper, &a, sizeof(a), MSG_NOSIGNAL),
	    (ssize_t)sizeof(a));
}

static void
own_user_does_not_wait(void **state)
{
	struct auth_answer a;

	(void)state;
	open_sessions(SESSIONS, false);
	for (size_t i = 0; i < SESSIONS - 1; i++) {
		ask(i);
	}
	helper_takes();
	/* One at a time. */
	assert_false(ready(t.helper, 50));
	/* 16 wait; the others are told at once. */
	for (size_t i = 16; i < SESSIONS - 1; i++) {
		assert_int_equal(answer(i).result, AUTH_UNAVAILABLE);
	}
	assert_int_equal(auth_ask(t.sessions[SESSIONS - 1], VIEW("bob"),
			     VIEW("sesame"), clock_ms() + 1000, &a),
	    0);
	assert_int_equal(a.result, AUTH_OK);
	assert_int_equal(a.rights, AUTH_SITE);
	/* The order is that of asking, and each gets its own answer. */
	helper_gives(AUTH_OK, AUTH_UPLOADS);
	a = answer(0);
	assert_int_equal(a.result, AUTH_OK);
	assert_int_equal(a.rights, AUTH_UPLOADS);
	helper_takes();
	/* Who has gone is not looked at any more, and nobody gets its answer.
	 */
	(void)close(t.sessions[1]);
	(void)close(t.sessions[2]);
	t.sessions[1] = t.sessions[2] = -1;
	assert_false(ready(t.helper, 500));
	helper_gives(AUTH_OK, AUTH_SITE);
	helper_takes();
	helper_gives(AUTH_WRONG, AUTH_NOTHING);
	assert_int_equal(answer(3).result, AUTH_WRONG);
	/* It may try again, and stands at the end. */
	ask(3);
	for (int i = 0; i < 12; i++) {
		helper_takes();
		helper_gives(AUTH_UNAVAILABLE, AUTH_NOTHING);
	}
	helper_takes();
	helper_gives(AUTH_OK, AUTH_SITE);
	assert_int_equal(answer(3).rights, AUTH_SITE);
	close_sessions(SESSIONS);
	(void)close(t.life);
	t.life = -1;
	end_with(0);
}

static void
one_address_leaves_room(void **state)
{
	(void)state;
	open_sessions(12, true);
	for (size_t i = 0; i < 12; i++) {
		ask(i);
	}
	for (size_t i = 8; i < 12; i++) {
		assert_int_equal(answer(i).result, AUTH_UNAVAILABLE);
	}
	/* The sixth failure begins to cost: the others are not looked at. */
	for (int i = 0; i < 6; i++) {
		helper_takes();
		helper_gives(AUTH_WRONG, AUTH_NOTHING);
		assert_int_equal(answer((size_t)i).result, AUTH_WRONG);
	}
	assert_int_equal(answer(6).result, AUTH_THROTTLED);
	assert_int_equal(answer(7).result, AUTH_THROTTLED);
	assert_false(ready(t.helper, 50));
	close_sessions(12);
	(void)close(t.life);
	t.life = -1;
	end_with(0);
}

static void
a_silent_helper(void **state)
{
	int64_t began = clock_ms();

	(void)state;
	open_sessions(2, false);
	ask(0);
	ask(1);
	helper_takes();
	/* A session waits 10 s: the answer comes before. */
	assert_true(ready(t.sessions[0], 9500));
	assert_int_equal(answer(0).result, AUTH_UNAVAILABLE);
	assert_int_equal(answer(1).result, AUTH_UNAVAILABLE);
	assert_true(clock_ms() - began > 5000);
	/* Its late answer is nobody's. */
	ask(1);
	helper_gives(AUTH_OK, AUTH_SITE);
	helper_takes();
	assert_false(ready(t.sessions[1], 50));
	helper_gives(AUTH_WRONG, AUTH_NOTHING);
	assert_int_equal(answer(1).result, AUTH_WRONG);
	/* Two requests at once are not allowed. */
	ask(1);
	ask(1);
	assert_true(ready(t.sessions[1], 5000));
	assert_int_equal(recv(t.sessions[1], &(char){ 0 }, 1, 0), 0);
	close_sessions(2);
	/* Without a helper it is of no use. */
	(void)close(t.helper);
	t.helper = -1;
	end_with(1);
}

static int
set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_ERROR);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_of_wordpress),
		cmocka_unit_test(all_of_a_long_password_counts),
		cmocka_unit_test(other_hashes_are_none),
		cmocka_unit_test(no_answer_of_crypt_is_a_login),
		cmocka_unit_test(roles),
		cmocka_unit_test(roles_that_are_not_understood),
		cmocka_unit_test(right_ones_are_remembered),
		cmocka_unit_test(the_oldest_is_given_up),
		cmocka_unit_test(judged),
		cmocka_unit_test(a_miss_costs_as_much),
		cmocka_unit_test_setup_teardown(own_user_does_not_wait, start,
		    finish),
		cmocka_unit_test_setup_teardown(one_address_leaves_room, start,
		    finish),
		cmocka_unit_test_setup_teardown(a_silent_helper, start, finish),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
