#include "run/shmem.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *
map(int fd, size_t n, int rights)
{
	void *p = mmap(NULL, n, rights, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *
shmem_new(const char *name, size_t n, int *ret_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *p = NULL;

	if (fd >= 0 && ftruncate(fd, (off_t)n) == 0) {
		p = map(fd, n, PROT_READ | PROT_WRITE);
	}
	/* By the descriptor it can only be read from here on (Linux 5.1). */
	if (p != NULL
	    && fcntl(fd, F_ADD_SEALS,
		   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE
		       | F_SEAL_SEAL)
		< 0) {
		(void)munmap(p, n);
		p = NULL;
	}
	if (p == NULL) {
		if (fd >= 0) {
			(void)close(fd);
		}
		return NULL;
	}
	*ret_fd = fd;
	return p;
}

const void *
shmem_open(int fd, size_t n)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size != (off_t)n) {
		return NULL;
	}
	return map(fd, n, PROT_READ);
}
