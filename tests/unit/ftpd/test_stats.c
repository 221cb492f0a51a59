/* Counters in shared memory, and the page that shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ftpd/stats.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
