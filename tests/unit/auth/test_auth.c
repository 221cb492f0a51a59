/*
 * The authenticator's process: this test is its listener, its sessions, its
 * database and its hasher.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/wplogin.h"
#include "login/hasher.h"
#include "run/clock.h"
#include "run/log.h"

#define SESSIONS 80
#define BCRYPT "$2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW"
#define WP4 "$wp$2y$04$ECGAyIVPcwYefCXf1Rya2u6h8TvY63PVUIFV/aWV98OYPR4mJnVNC"

static char user[] = "bob", password[] = "sesame";
static const struct auth_conf settings = { .user = user,
	.password = password,
	.max_sessions = 64,
	.ban_failures = 12 };

static struct {
	pid_t pid;
	int listener;
	int life;
	int lookup;
	int hasher;
	int sessions[SESSIONS];
	size_t n;
} t;

static void
begin(bool lookup, bool hasher)
{
	int intro[2], life[2], names[2], hashes[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, intro), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, names), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, hashes), 0);
	assert_int_equal(pipe(life), 0);
	t.pid = fork();
	if (t.pid == 0) {
		(void)close(intro[0]);
		(void)close(life[1]);
		(void)close(names[0]);
		(void)close(hashes[0]);
		_exit(auth_run(&settings, intro[1], life[0],
		    lookup ? names[1] : -1, hasher ? hashes[1] : -1));
	}
	(void)close(intro[1]);
	(void)close(life[0]);
	(void)close(names[1]);
	(void)close(hashes[1]);
	t.listener = intro[0];
	t.life = life[1];
	t.lookup = names[0];
	t.hasher = hashes[0];
	t.n = 0;
}

/* With all there is, and Ann in the users file. */
static int
start(void **state)
{
	char path[] = "/tmp/auth-XXXXXX";
	static const char text[] = "ann:" BCRYPT ":read,write:/in box\n";
	int fd = mkstemp(path);

	(void)state;
	begin(true, true);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(auth_give_users(t.listener, fd), 0);
	(void)close(fd);
	return unlink(path);
}

static int
finish(void **state)
{
	int status = 0;

	(void)state;
	for (size_t i = 0; i < t.n; i++) {
		(void)close(t.sessions[i]);
	}
	(void)close(t.life);
	(void)close(t.listener);
	(void)close(t.lookup);
	(void)close(t.hasher);
	return waitpid(t.pid, &status, 0) != t.pid || !WIFEXITED(status);
}

/* A new session's number; `gateway`: behind the same address as many others. */
static size_t
open_session(unsigned char party, bool gateway)
{
	struct auth_intro intro = { .session = (uint32_t)t.n + 100,
		.exempt = gateway };
	int pair[2];

	assert_true(t.n < SESSIONS);
	intro.party.s6_addr[0] = party;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(auth_introduce(t.listener, pair[1], &intro), 0);
	(void)close(pair[1]);
	t.sessions[t.n] = pair[0];
	return t.n++;
}

/* Asks without waiting. */
static void
ask(size_t i, const char *name, const char *word)
{
	struct auth_request q = { .user_n = (uint16_t)strlen(name),
		.password_n = (uint16_t)strlen(word) };

	memcpy(q.text, name, q.user_n);
	memcpy(q.text + q.user_n, word, q.password_n);
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

	assert_true(ready(t.sessions[i], 9500));
	assert_int_equal(recv(t.sessions[i], &a, sizeof(a), 0),
	    (ssize_t)sizeof(a));
	return a;
}

static enum auth_result
result(size_t i)
{
	return (enum auth_result)answer(i).result;
}

/* --- as the others ------------------------------------------------------- */

/* Takes a name, and says who that is: NULL: nobody. */
static void
look_up(const char *name, const char *hash, enum wproles_access access)
{
	struct wplogin_request q;
	struct wplogin_answer a = { .result = hash == NULL ? -ENOENT : 0 };

	assert_true(ready(t.lookup, 5000));
	assert_int_equal(recv(t.lookup, &q, sizeof(q), 0), (ssize_t)sizeof(q));
	assert_int_equal(q.name_n, strlen(name));
	assert_memory_equal(q.name, name, q.name_n);
	a.id = q.id;
	if (hash != NULL) {
		a.user.hash_n = strlen(hash);
		memcpy(a.user.hash, hash, a.user.hash_n);
		a.user.access = access;
	}
	assert_int_equal(send(t.lookup, &a, sizeof(a), MSG_NOSIGNAL),
	    (ssize_t)sizeof(a));
}

static struct hash_request
take_hash(void)
{
	struct hash_request q;

	assert_true(ready(t.hasher, 5000));
	assert_int_equal(recv(t.hasher, &q, sizeof(q), 0), (ssize_t)sizeof(q));
	return q;
}

static void
give_hash(const struct hash_request *q, bool right)
{
	struct hash_answer a = { .id = q->id, .right = right };

	assert_int_equal(send(t.hasher, &a, sizeof(a), MSG_NOSIGNAL),
	    (ssize_t)sizeof(a));
}

/* One whole answer of the hasher. */
static void
hash(bool right)
{
	struct hash_request q = take_hash();

	give_hash(&q, right);
}

static bool
is_password(const struct hash_request *q, const char *word)
{
	return q->password_n == strlen(word)
	    && memcmp(q->password, word, q->password_n) == 0;
}

/* The next piece of news, or none for a while. */
static bool
news(struct auth_news *ret)
{
	return ready(t.listener, 500) && auth_news(t.listener, ret);
}

/* --- what is known -------------------------------------------------------- */

static void
own_user_does_not_wait(void **state)
{
	struct auth_news n;
	struct auth_answer a;
	size_t s = open_session(1, false);

	(void)state;
	assert_int_equal(auth_ask(t.sessions[s], VIEW("bob"), VIEW("sesame"),
			     clock_ms() + 5000, &a),
	    0);
	assert_int_equal(a.result, AUTH_OK);
	assert_int_equal(a.source, AUTH_SETTINGS);
	assert_int_equal(a.rights, USERS_ALL);
	assert_string_equal(a.folder, "");
	assert_true(news(&n));
	assert_int_equal(n.kind, AUTH_LOGGED_IN);
	assert_int_equal(n.session, 100);
	/* Wrong, its name takes as long as any. */
	s = open_session(1, false);
	ask(s, "bob", "wrong");
	hash(true);
	assert_int_equal(result(s), AUTH_WRONG);
	assert_false(ready(t.lookup, 0));
}

static void
user_of_the_file(void **state)
{
	struct hash_request q;
	struct auth_answer a;
	size_t s = open_session(1, false);

	(void)state;
	ask(s, "ann", "word");
	q = take_hash();
	assert_int_equal(q.wordpress, 0);
	assert_int_equal(q.hash_n, strlen(BCRYPT));
	assert_memory_equal(q.hash, BCRYPT, q.hash_n);
	assert_true(is_password(&q, "word"));
	give_hash(&q, false);
	assert_int_equal(result(s), AUTH_WRONG);
	ask(s, "ann", "word");
	hash(true);
	a = answer(s);
	assert_int_equal(a.result, AUTH_OK);
	assert_int_equal(a.source, AUTH_FILE);
	assert_int_equal(a.rights, USERS_READ | USERS_WRITE);
	assert_string_equal(a.folder, "in box");
	assert_int_equal(a.makes_folder, 0);
	/* It is remembered; another password is not. */
	s = open_session(1, false);
	ask(s, "ann", "word");
	assert_int_equal(result(s), AUTH_OK);
	s = open_session(1, false);
	ask(s, "ann", "words");
	hash(false);
	assert_int_equal(result(s), AUTH_WRONG);
	assert_false(ready(t.lookup, 0));
}

static void
a_new_file(void **state)
{
	char path[] = "/tmp/auth-XXXXXX";
	int fd = mkstemp(path);
	size_t s = open_session(1, false);

	(void)state;
	ask(s, "ann", "word");
	hash(true);
	assert_int_equal(result(s), AUTH_OK);
	/* With faults: all stays as it was. */
	assert_int_equal(write(fd, "ann\n", 4), 4);
	assert_int_equal(auth_give_users(t.listener, fd), 0);
	s = open_session(1, false);
	ask(s, "ann", "word");
	assert_int_equal(result(s), AUTH_OK);
	/* Without Ann: WordPress may know her. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(auth_give_users(t.listener, fd), 0);
	s = open_session(1, false);
	ask(s, "ann", "word");
	look_up("ann", NULL, WPROLES_NOTHING);
	hash(true);
	assert_int_equal(result(s), AUTH_WRONG);
	(void)close(fd);
	(void)unlink(path);
}

static void
users_of_wordpress(void **state)
{
	struct hash_request q;
	struct auth_answer a;
	size_t s = open_session(1, false);

	(void)state;
	ask(s, "eve", "word");
	look_up("eve", WP4, WPROLES_UPLOADS);
	q = take_hash();
	assert_int_equal(q.wordpress, 1);
	give_hash(&q, true);
	a = answer(s);
	assert_int_equal(a.result, AUTH_OK);
	assert_int_equal(a.source, AUTH_WORDPRESS);
	assert_int_equal(a.rights, USERS_ALL);
	assert_int_equal(a.makes_folder, 1);
	assert_string_equal(a.folder, "wp-content/uploads");
	/* What is remembered is the password, not the rights. */
	s = open_session(1, false);
	ask(s, "eve", "word");
	look_up("eve", WP4, WPROLES_SITE);
	a = answer(s);
	assert_int_equal(a.result, AUTH_OK);
	assert_string_equal(a.folder, "");
	s = open_session(1, false);
	ask(s, "eve", "word");
	look_up("eve", WP4, WPROLES_NOTHING);
	hash(true);
	assert_int_equal(result(s), AUTH_WRONG);
	/* Another hash, no such user, one of an unknown kind: all are hashed.
	 */
	ask(s, "eve", "word");
	look_up("eve", BCRYPT, WPROLES_SITE);
	hash(false);
	assert_int_equal(result(s), AUTH_WRONG);
	ask(s, "eve", "word");
	look_up("eve", NULL, WPROLES_SITE);
	hash(true);
	assert_int_equal(result(s), AUTH_WRONG);
	/* No database. */
	s = open_session(2, false);
	ask(s, "eve", "word");
	{
		struct wplogin_request name;
		struct wplogin_answer none = { .result = -ECONNREFUSED };

		assert_int_equal(recv(t.lookup, &name, sizeof(name), 0),
		    (ssize_t)sizeof(name));
		none.id = name.id;
		assert_int_equal(send(t.lookup, &none, sizeof(none), 0),
		    (ssize_t)sizeof(none));
	}
	assert_int_equal(result(s), AUTH_UNAVAILABLE);
}

/* Nothing but the user of the settings: nothing is ever hashed. */
static void
one_user_only(void **state)
{
	size_t s;

	(void)state;
	begin(false, false);
	s = open_session(1, false);
	ask(s, "ann", "word");
	assert_int_equal(result(s), AUTH_WRONG);
	ask(s, "bob", "");
	assert_int_equal(result(s), AUTH_WRONG);
	ask(s, "bob", "sesame");
	assert_int_equal(result(s), AUTH_OK);
	assert_int_equal(finish(NULL), 0);
}

/* --- guessing
 * ----------------------------------------------------------------- */

/* One try by a new session of that party, with a wrong password. */
static enum auth_result
guess(unsigned char party, bool gateway, const char *name)
{
	size_t s = open_session(party, gateway);
	struct auth_answer a;
	int64_t deadline = clock_ms() + 9000;

	ask(s, name, "wrong");
	while (!ready(t.sessions[s], 0) && clock_ms() < deadline) {
		if (ready(t.lookup, 1)) {
			look_up(name, NULL, WPROLES_NOTHING);
		}
		if (ready(t.hasher, 1)) {
			hash(false);
		}
	}
	a = answer(s);
	(void)close(t.sessions[s]);
	t.n--;
	return (enum auth_result)a.result;
}

static void
guessing_ends_in_a_ban(void **state)
{
	struct auth_news n;
	size_t s;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(guess(1, false, "ann"), AUTH_WRONG);
	}
	/* Not looked at, whatever it is. */
	assert_int_equal(guess(1, false, "ann"), AUTH_THROTTLED);
	s = open_session(1, false);
	ask(s, "bob", "sesame");
	assert_int_equal(result(s), AUTH_THROTTLED);
	/* Somebody else is none of this. */
	s = open_session(2, false);
	ask(s, "bob", "sesame");
	assert_int_equal(result(s), AUTH_OK);
	assert_true(news(&n));
	assert_int_equal(n.kind, AUTH_LOGGED_IN);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(guess(1, false, "eve"), AUTH_THROTTLED);
	}
	assert_true(news(&n));
	assert_int_equal(n.kind, AUTH_BANNED);
	assert_int_equal(n.party.s6_addr[0], 1);
	assert_false(news(&n));
}

/* Behind the gateway there are others: accounts are counted instead. */
static void
guessing_behind_the_gateway(void **state)
{
	struct auth_news n;
	size_t s;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(guess(9, true, "ann"), AUTH_WRONG);
	}
	for (int i = 0; i < 9; i++) {
		assert_int_equal(guess(9, true, "ann"), AUTH_THROTTLED);
	}
	/* Each further one costs twice as much. */
	for (int i = 0; i < 2; i++) {
		(void)poll(NULL, 0, 1050 << i);
		assert_int_equal(guess(9, true, "ann"), AUTH_WRONG);
	}
	/* Names that do not exist push nobody out and are all looked at. */
	for (int i = 0; i < 520; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "x%d", i);
		assert_int_equal(guess(9, true, name), AUTH_WRONG);
	}
	assert_int_equal(guess(9, true, "ann"), AUTH_THROTTLED);
	/* Other accounts, and hers from elsewhere. */
	s = open_session(9, true);
	ask(s, "bob", "sesame");
	assert_int_equal(result(s), AUTH_OK);
	s = open_session(8, false);
	ask(s, "ann", "word");
	hash(true);
	assert_int_equal(result(s), AUTH_OK);
	/* And nobody is ever banned there. */
	while (news(&n)) {
		assert_int_equal(n.kind, AUTH_LOGGED_IN);
	}
}

/* What is refused for its account's sake takes as long as any other. */
static void
refused_accounts_are_hashed(void **state)
{
	static const char *const names[] = { "ann", "bob" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t s;

		for (int j = 0; j < 6; j++) {
			assert_int_equal(guess(9, true, names[i]), AUTH_WRONG);
		}
		s = open_session(9, true);
		ask(s, names[i], i == 0 ? "word" : "sesame");
		hash(true);
		assert_int_equal(result(s), AUTH_THROTTLED);
		/* From elsewhere the password is right. */
		s = open_session((unsigned char)(i + 1), false);
		ask(s, names[i], i == 0 ? "word" : "sesame");
		if (i == 0) {
			hash(true);
		}
		assert_int_equal(result(s), AUTH_OK);
	}
}

/* A hundred guesses at one account, whatever number of addresses they are
 * from. */
static void
guessing_from_many_addresses(void **state)
{
	size_t s = open_session(200, false);

	(void)state;
	ask(s, "ann", "word");
	hash(true);
	assert_int_equal(result(s), AUTH_OK);
	for (unsigned char i = 1; i <= 101; i++) {
		assert_int_equal(guess(i, false, "ann"), AUTH_WRONG);
	}
	s = open_session(201, false);
	ask(s, "ann", "word");
	hash(true);
	assert_int_equal(result(s), AUTH_THROTTLED);
	/* Her own address is known; other accounts are not touched. */
	s = open_session(200, false);
	ask(s, "ann", "word");
	assert_int_equal(result(s), AUTH_OK);
	s = open_session(201, false);
	ask(s, "bob", "sesame");
	assert_int_equal(result(s), AUTH_OK);
}

/* --- the queue
 * ----------------------------------------------------------------- */

/* All that hashes is busy; the first of them is returned. */
static struct hash_request
keep_busy(void)
{
	struct hash_request first = take_hash();

	for (unsigned i = 1; i < hasher_threads(); i++) {
		(void)take_hash();
	}
	return first;
}

/* The word that is hashed next; it is right, and so `s` logs in. */
static void
the_next_is(const char *word, size_t s)
{
	struct hash_request q = take_hash();

	assert_true(is_password(&q, word));
	give_hash(&q, true);
	assert_int_equal(result(s), AUTH_OK);
}

static void
nobody_fills_the_queue(void **state)
{
	struct hash_request busy;
	size_t first, other;

	(void)state;
	first = open_session(1, false);
	for (int i = 1; i < 50; i++) {
		(void)open_session(1, false);
	}
	other = open_session(2, false);
	for (size_t i = 0; i < 50; i++) {
		ask(first + i, "ann", "guess");
	}
	/* 48 wait, all others are told at once. */
	for (size_t i = 48; i < 50; i++) {
		assert_int_equal(result(first + i), AUTH_UNAVAILABLE);
	}
	busy = keep_busy();
	assert_false(ready(t.hasher, 50));
	/* Who comes last is the next. */
	ask(other, "ann", "word");
	(void)poll(NULL, 0, 100);
	give_hash(&busy, false);
	the_next_is("word", other);
}

/* Many names from one address are one party; within it accounts take turns. */
static void
invented_names_are_one_party(void **state)
{
	struct hash_request busy;
	size_t other, ann;

	(void)state;
	for (int i = 0; i < 40; i++) {
		ask(open_session(9, true), "bob", "guess");
	}
	busy = keep_busy();
	ann = open_session(9, true);
	ask(ann, "ann", "mine");
	(void)poll(NULL, 0, 100);
	other = open_session(1, false);
	ask(other, "ann", "word");
	(void)poll(NULL, 0, 100);
	/* The other address first, then the other account of this one. */
	give_hash(&busy, false);
	the_next_is("word", other);
	the_next_is("mine", ann);
}

/* Nor do they keep out whom it remembers. */
static void
the_remembered_need_no_place(void **state)
{
	size_t s = open_session(9, true);
	char name[] = "nobody-00";
	struct auth_answer a;

	(void)state;
	ask(s, "ann", "word");
	hash(true);
	assert_int_equal(result(s), AUTH_OK);
	for (int i = 0; i < 60; i++) {
		name[7] = (char)('0' + i / 10);
		name[8] = (char)('0' + i % 10);
		ask(open_session(9, true), name, "guess");
	}
	(void)poll(NULL, 0, 100);
	s = open_session(9, true);
	ask(s, "ann", "word");
	a = answer(s);
	assert_int_equal(a.result, AUTH_OK);
	assert_int_equal(a.source, AUTH_FILE);
	assert_string_equal(a.folder, "in box");
}

/* Where hashing is slow, the queue is short: who is in it gets his answer. */
static void
a_slow_queue_is_short(void **state)
{
	size_t first, told = 0;

	(void)state;
	for (unsigned char i = 0; i < 2; i++) {
		size_t s = open_session(i + 1, false);
		struct hash_request q;

		ask(s, "ann", "guess");
		q = take_hash();
		(void)poll(NULL, 0, 1500);
		give_hash(&q, false);
		assert_int_equal(result(s), AUTH_WRONG);
	}
	first = t.n;
	for (size_t i = 0; i < 48; i++) {
		ask(open_session(9, true), "ann", "guess");
	}
	(void)poll(NULL, 0, 200);
	for (size_t i = 0; i < 48; i++) {
		told += ready(t.sessions[first + i], 0)
		    && result(first + i) == AUTH_UNAVAILABLE;
	}
	assert_in_range(told, 20, 47);
}

static void
a_full_queue_has_room_for_others(void **state)
{
	size_t told = 0, newcomer;

	(void)state;
	/* Eight parties with eight each. */
	for (unsigned char i = 0; i < 64; i++) {
		ask(open_session(i / 8 + 1, false), "ann", "guess");
	}
	newcomer = open_session(100, false);
	ask(newcomer, "ann", "word");
	/* One of these is told to come again. */
	for (size_t i = 0; i < 64; i++) {
		if (ready(t.sessions[i], i == 0 ? 500 : 0)) {
			assert_int_equal(result(i), AUTH_UNAVAILABLE);
			told++;
		}
	}
	assert_int_equal(told, 1);
	assert_false(ready(t.sessions[newcomer], 0));
}

static void
who_is_gone_is_forgotten(void **state)
{
	unsigned threads = hasher_threads();
	size_t s[8];

	(void)state;
	for (unsigned char i = 0; i < 8; i++) {
		char word[] = { (char)('a' + i), '\0' };

		s[i] = open_session(i + 1, false);
		ask(s[i], "ann", word);
	}
	(void)poll(NULL, 0, 200);
	for (unsigned i = 0; i < threads; i++) {
		(void)close(t.sessions[s[i]]);
		t.sessions[s[i]] = -1;
	}
	(void)close(t.sessions[s[7]]);
	t.sessions[s[7]] = -1;
	/* What is being hashed is, all the same, and nobody gets the answer. */
	for (unsigned i = 0; i < threads; i++) {
		hash(true);
	}
	for (unsigned i = threads; i < 7; i++) {
		hash(false);
		assert_int_equal(result(s[i]), AUTH_WRONG);
	}
	assert_false(ready(t.hasher, 50));
}

static void
silent_helpers(void **state)
{
	int64_t began = clock_ms();
	struct hash_request late;
	size_t s = open_session(1, false), w = open_session(2, false);

	(void)state;
	ask(s, "ann", "word");
	ask(w, "eve", "word");
	late = take_hash();
	/* A session waits 10 s: the answer comes before. */
	assert_int_equal(result(s), AUTH_UNAVAILABLE);
	assert_int_equal(result(w), AUTH_UNAVAILABLE);
	assert_true(clock_ms() - began > 5000);
	/* A late answer is nobody's. */
	ask(s, "ann", "other");
	give_hash(&late, true);
	hash(false);
	assert_int_equal(result(s), AUTH_WRONG);
	/* Two requests at once are not allowed. */
	ask(s, "ann", "third");
	ask(s, "ann", "third");
	assert_true(ready(t.sessions[s], 5000));
	assert_int_equal(recv(t.sessions[s], &(char){ 0 }, 1, 0), 0);
}

static void
without_its_hasher_it_ends(void **state)
{
	int status = 0;

	(void)state;
	begin(true, true);
	(void)close(t.hasher);
	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	(void)close(t.life);
	(void)close(t.listener);
	(void)close(t.lookup);
}

static int
set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_ERROR);
	return 0;
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, start, finish)

static void
passwords(void **state)
{
	(void)state;
	assert_true(auth_matches(&settings, VIEW("bob"), VIEW("sesame")));
	assert_false(auth_matches(&settings, VIEW("bob"), VIEW("sesam")));
	assert_false(auth_matches(&settings, VIEW("bob"), VIEW("sesamee")));
	assert_false(auth_matches(&settings, VIEW("bob"), VIEW("sesame\0")));
	assert_false(auth_matches(&settings, VIEW("Bob"), VIEW("sesame")));
	assert_false(auth_matches(&settings, VIEW(""), VIEW("")));
	assert_false(auth_matches(&settings, VIEW("bob"), VIEW("")));
	assert_false(auth_matches(&settings, VIEW(""), VIEW("sesame")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(own_user_does_not_wait),
		WITH(user_of_the_file),
		WITH(a_new_file),
		WITH(users_of_wordpress),
		cmocka_unit_test(one_user_only),
		cmocka_unit_test(passwords),
		WITH(guessing_ends_in_a_ban),
		WITH(guessing_behind_the_gateway),
		WITH(refused_accounts_are_hashed),
		WITH(guessing_from_many_addresses),
		WITH(nobody_fills_the_queue),
		WITH(invented_names_are_one_party),
		WITH(the_remembered_need_no_place),
		WITH(a_slow_queue_is_short),
		WITH(a_full_queue_has_room_for_others),
		WITH(who_is_gone_is_forgotten),
		WITH(silent_helpers),
		cmocka_unit_test(without_its_hasher_it_ends),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
