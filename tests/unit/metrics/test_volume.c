/* metrics/volume.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "metrics/volume.h"

static void
measured(void **state)
{
	struct volume volume = { .size = 7 }, same;
	int fd;

	(void)state;
	assert_int_equal(volume_measure("/nowhere/at/all", &volume), -ENOENT);
	assert_int_equal(volume.size, 7);
	assert_int_equal(volume_measure("/", &volume), 0);
	assert_true(volume.size >= volume.free);
	assert_true(volume.free >= volume.avail);
	assert_int_equal(volume_measure_fd(-1, &volume), -EBADF);
	fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(volume_measure_fd(fd, &same), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(same.size, volume.size);
}

static void
written(void **state)
{
	struct volume volume = { .size = 30, .free = 20, .avail = 10 };
	struct metrics m;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	metrics_init(&m, &out);
	volume_write(&m, &volume, "/srv/a \"b\"", NULL, NULL);
	assert_string_equal(buf_cstr(&out),
	    "# HELP node_filesystem_size_bytes Filesystem size in bytes.\n"
	    "# TYPE node_filesystem_size_bytes gauge\n"
	    "node_filesystem_size_bytes{mountpoint=\"/srv/a \\\"b\\\"\"} 30\n"
	    "# HELP node_filesystem_free_bytes Filesystem free space in "
	    "bytes.\n"
	    "# TYPE node_filesystem_free_bytes gauge\n"
	    "node_filesystem_free_bytes{mountpoint=\"/srv/a \\\"b\\\"\"} 20\n"
	    "# HELP node_filesystem_avail_bytes Filesystem space available to "
	    "non-root users in bytes.\n"
	    "# TYPE node_filesystem_avail_bytes gauge\n"
	    "node_filesystem_avail_bytes{mountpoint=\"/srv/a \\\"b\\\"\"} "
	    "10\n");
	buf_clear(&out);
	volume_write(&m, &volume, "/srv", "/dev/vda", "ext4");
	assert_non_null(strstr(buf_cstr(&out),
	    "\nnode_filesystem_size_bytes{device=\"/dev/vda\",fstype=\"ext4\","
	    "mountpoint=\"/srv\"} 30\n"));
	buf_clear(&out);
	volume.size = 0;
	volume_write(&m, &volume, "/srv", NULL, NULL);
	assert_int_equal(buf_size(&out), 0);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measured),
		cmocka_unit_test(written),
	};

	return cmocka_run_group_tests_name("volume", tests, NULL, NULL);
}
