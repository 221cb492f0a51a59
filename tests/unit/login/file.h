/* A file for the while of a test.  To be included by it. */
#ifndef TEST_FILE_H
#define TEST_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A new one with that text, open behind it; its name is in `path`. */
static int
file_with(const char *text, char path[32])
{
	int fd;

	(void)snprintf(path, 32, "/tmp/users-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

#endif
