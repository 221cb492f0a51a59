/* Hashes that PHP and WordPress 6.8 made, and what is remembered of logins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <crypt.h>
#include <string.h>

#include "base/macros.h"
#include "cpu.h"
#include "login/recent.h"
#include "login/wphash.h"

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
	static char over[PWHASH_PASSWORD_MAX + 1];

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

static void
right_ones_are_remembered(void **state)
{
	static struct recent r, other;

	(void)state;
	assert_int_equal(recent_init(&r), 0);
	assert_int_equal(recent_init(&other), 0);
	assert_memory_not_equal(r.key, other.key, sizeof(r.key));
	assert_false(recent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), 1));
	recent_add(&r, VIEW("a"), VIEW("b"), VIEW("c"), 1);
	assert_true(recent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), 1));
	assert_true(
	    recent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), RECENT_MS));
	assert_false(
	    recent_knows(&r, VIEW("a"), VIEW("b"), VIEW("c"), RECENT_MS + 1));
	assert_false(recent_knows(&r, VIEW("A"), VIEW("b"), VIEW("c"), 1));
	assert_false(recent_knows(&r, VIEW("a"), VIEW("x"), VIEW("c"), 1));
	assert_false(recent_knows(&r, VIEW("a"), VIEW("b"), VIEW("x"), 1));
	/* The same bytes, cut elsewhere. */
	assert_false(recent_knows(&r, VIEW("ab"), VIEW(""), VIEW("c"), 1));
	assert_false(recent_knows(&r, VIEW("a"), VIEW("bc"), VIEW(""), 1));
	assert_false(recent_knows(&r, VIEW(""), VIEW(""), VIEW(""), 1));
}

static void
the_oldest_is_given_up(void **state)
{
	static struct recent r;

	(void)state;
	assert_int_equal(recent_init(&r), 0);
	recent_add(&r, VIEW("first"), VIEW("b"), VIEW("c"), 1);
	for (int i = 0; i < RECENT_SIZE; i++) {
		char name[1] = { (char)i };

		recent_add(&r, (struct view){ name, 1 }, VIEW("b"), VIEW("c"),
		    2 + i);
	}
	assert_false(
	    recent_knows(&r, VIEW("first"), VIEW("b"), VIEW("c"), 100));
	assert_true(recent_knows(&r, VIEW("\0"), VIEW("b"), VIEW("c"), 100));
}

/* Nobody can tell from the time who there is. */
static void
a_miss_costs_as_much(void **state)
{
	char dummy[WPHASH_MAX + 1];
	int64_t began, known, unknown;

	(void)state;
	began = cpu_us();
	(void)wphash_check(VIEW("$wp$2y$10$Xv7hUk.IZXRFwYdvIdolvO"
				"hTfotuE.WNYCfhl6YTTRi3omBR4atay"),
	    VIEW("wrong"));
	known = cpu_us() - began;
	wphash_dummy(10, dummy);
	assert_int_equal(wphash_kind(view_str(dummy)), WPHASH_WP);
	began = cpu_us();
	assert_false(wphash_check(view_str(dummy), VIEW("wrong")));
	unknown = cpu_us() - began;
	assert_true(unknown > known / 4);
	assert_true(known > unknown / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_of_wordpress),
		cmocka_unit_test(all_of_a_long_password_counts),
		cmocka_unit_test(other_hashes_are_none),
		cmocka_unit_test(no_answer_of_crypt_is_a_login),
		cmocka_unit_test(right_ones_are_remembered),
		cmocka_unit_test(the_oldest_is_given_up),
		cmocka_unit_test(a_miss_costs_as_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
