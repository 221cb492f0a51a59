#include "run/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface is written down here once more, because the headers
 * of Debian 12 end before the rules for ports.
 */
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

#define LL_VERSION_FLAG 1U
#define LL_RULE_PATH 1
#define LL_RULE_PORT 2
#define LL_FS_WRITE_FILE (1ULL << 1)
#define LL_FS_READ_FILE (1ULL << 2)
#define LL_FS_READ_DIR (1ULL << 3)
#define LL_FS_REMOVE_DIR (1ULL << 4)
#define LL_FS_REMOVE_FILE (1ULL << 5)
#define LL_FS_MAKE_DIR (1ULL << 7)
#define LL_FS_MAKE_REG (1ULL << 8)
#define LL_FS_REFER (1ULL << 13)
#define LL_FS_TRUNCATE (1ULL << 14)
#define LL_NET_BIND (1ULL << 0)
#define LL_NET_CONNECT (1ULL << 1)
#define LL_NET_ALL 3ULL
#define LL_SCOPE_ALL 3ULL
#define LL_ABI_LEAST 2
#define LL_ABI_TRUNCATE 3
#define LL_ABI_NET 4
#define LL_ABI_IOCTL 5
#define LL_ABI_SCOPE 6

struct ll_ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct ll_path {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct ll_port {
	uint64_t allowed;
	uint64_t port;
};

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_ARCH AUDIT_ARCH_RISCV64
#else
#define THIS_ARCH 0 /* seccomp is left out */
#endif

static int
landlock_abi(void)
{
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0,
	    LL_VERSION_FLAG);

	return abi < LL_ABI_LEAST ? 0 : (int)abi;
}

static bool
seccomp_known(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return THIS_ARCH != 0
	    && syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

void
confine_probe(struct confine_support *ret)
{
	int abi = landlock_abi();

	*ret = (struct confine_support){ .landlock_abi = abi,
		.files = abi >= LL_ABI_LEAST,
		.ports = abi >= LL_ABI_NET,
		.scope = abi >= LL_ABI_SCOPE,
		.seccomp = seccomp_known() };
}

int
confine_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* All rights on files that this ABI knows. */
static uint64_t
all_file_rights(int abi)
{
	int bits = abi >= LL_ABI_IOCTL ? 16 : abi >= LL_ABI_TRUNCATE ? 15 : 14;

	return (1ULL << bits) - 1;
}

static int
allow_path(int ruleset, const struct confine_path *path, uint64_t known)
{
	struct ll_path rule = { .fd = path->fd };

	if ((path->rights & CONFINE_READ) != 0) {
		rule.allowed |= LL_FS_READ_FILE | LL_FS_READ_DIR;
	}
	if ((path->rights & CONFINE_WRITE) != 0) {
		rule.allowed |= LL_FS_WRITE_FILE | LL_FS_REMOVE_DIR
		    | LL_FS_REMOVE_FILE | LL_FS_MAKE_DIR | LL_FS_MAKE_REG
		    | LL_FS_REFER | LL_FS_TRUNCATE;
	}
	rule.allowed &= known;
	return syscall(__NR_landlock_add_rule, ruleset, LL_RULE_PATH, &rule, 0)
		< 0
	    ? -errno
	    : 0;
}

static int
allow_port(int ruleset, uint16_t port, uint64_t access)
{
	struct ll_port rule = { .allowed = access, .port = port };

	return syscall(__NR_landlock_add_rule, ruleset, LL_RULE_PORT, &rule, 0)
		< 0
	    ? -errno
	    : 0;
}

static int
allow_ports(int ruleset, const struct confine_rules *rules)
{
	int r = 0;

	if (rules->connect != 0) {
		r = allow_port(ruleset, rules->connect, LL_NET_CONNECT);
	}
	if (r == 0 && rules->bind != 0) {
		r = allow_port(ruleset, rules->bind, LL_NET_BIND);
	}
	return r;
}

int
confine_ruleset(const struct confine_rules *rules, int *ret_fd)
{
	int abi = landlock_abi();
	struct ll_ruleset all = { .fs = all_file_rights(abi),
		.net = abi >= LL_ABI_NET ? LL_NET_ALL : 0,
		.scoped = abi >= LL_ABI_SCOPE ? LL_SCOPE_ALL : 0 };
	/* An older kernel takes a longer structure if its end is zero. */
	int fd, r = 0;

	if (abi == 0) {
		return -ENOSYS;
	}
	fd = (int)syscall(__NR_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd < 0) {
		return -errno;
	}
	for (size_t i = 0; r == 0 && i < rules->path_count; i++) {
		r = allow_path(fd, &rules->paths[i], all.fs);
	}
	if (r == 0 && all.net != 0) {
		r = allow_ports(fd, rules);
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int
confine_enter(int ruleset_fd)
{
	return syscall(__NR_landlock_restrict_self, ruleset_fd, 0) < 0 ? -errno
								       : 0;
}

/* --- seccomp: a list of blocks, each for one entry ------------------------ */

#define HEAD_LENGTH 6 /* instructions before the blocks */
#define BLOCK_MAX 12 /* instructions of one entry with three checks */

static struct sock_filter
statement(uint16_t code, uint32_t k)
{
	return (struct sock_filter){ .code = code, .k = k };
}

static struct sock_filter
jump(uint32_t k, uint8_t yes, uint8_t no)
{
	return (struct sock_filter){ .code = BPF_JMP | BPF_JEQ | BPF_K,
		.jt = yes,
		.jf = no,
		.k = k };
}

/* The low half of an argument; all architectures above are little-endian. */
static uint32_t
arg_offset(uint8_t arg)
{
	return (uint32_t)(offsetof(struct seccomp_data, args)
	    + sizeof(uint64_t) * arg);
}

/* Writes the block of one entry; returns its length. */
static size_t
write_block(struct sock_filter *out, const struct confine_call *call)
{
	size_t n = 0;
	uint8_t length = (uint8_t)(1 + 3 * call->checks + 1);

	/* The number is in the accumulator at the start of each block. */
	out[n++] = jump((uint32_t)call->nr, 0,
	    (uint8_t)(length - 1 + (call->checks > 0)));
	for (uint8_t i = 0; i < call->checks; i++) {
		const struct confine_check *c = &call->check[i];

		out[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
		    arg_offset(c->arg));
		out[n++] = statement(BPF_ALU | BPF_AND | BPF_K, c->mask);
		out[n] = jump(c->value, 0, (uint8_t)(length - n - 1));
		n++;
	}
	out[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (call->checks > 0) {
		out[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr));
	}
	return n;
}

static size_t
write_filter(struct sock_filter *out, const struct confine_call *calls,
    size_t count)
{
	size_t n = 0;

	out[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, arch));
	out[n++] = jump(THIS_ARCH, 1, 0);
	out[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	out[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	out[n++] = jump(__NR_clone3, 0, 1);
	out[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < count; i++) {
		n += write_block(out + n, &calls[i]);
	}
	out[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	return n;
}

/* A filter that forbids these and allows all others. */
static size_t
write_exceptions(struct sock_filter *out, const struct confine_call *calls,
    size_t count)
{
	size_t n = 0;

	out[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		out[n++] = jump((uint32_t)calls[i].nr, 0, 1);
		out[n++] = statement(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | EPERM);
	}
	out[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return n;
}

/* Installs the filter that `write` makes of a list. */
static int
install(size_t (*write)(struct sock_filter *out,
	    const struct confine_call *calls, size_t count),
    const struct confine_call *calls, size_t n)
{
	struct sock_filter *filter = calloc(HEAD_LENGTH + n * BLOCK_MAX + 1,
	    sizeof(*filter));
	struct sock_fprog program = { .filter = filter };
	int r = 0;

	if (filter == NULL) {
		return -ENOMEM;
	}
	program.len = (unsigned short)write(filter, calls, n);
	if (THIS_ARCH == 0) {
		r = -ENOSYS;
	} else if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
	    < 0) {
		r = errno == EINVAL ? -ENOSYS : -errno;
	}
	free(filter);
	return r;
}

int
confine_seccomp(const struct confine_call *calls, size_t n)
{
	return install(write_filter, calls, n);
}

int
confine_seccomp_less(const struct confine_call *calls, size_t n)
{
	return install(write_exceptions, calls, n);
}

int
confine_by(int ruleset_fd, const struct confine_call *calls, size_t n)
{
	int r = ruleset_fd < 0 ? 0 : confine_enter(ruleset_fd);

	if (r == 0) {
		r = confine_seccomp(calls, n);
		r = r == -ENOSYS ? 0 : r;
	}
	return r;
}

int
confine_wholly(const struct confine_rules *rules,
    const struct confine_call *calls, size_t n)
{
	int fd = -1;
	int r = confine_ruleset(rules, &fd);

	if (r == 0 || r == -ENOSYS) {
		r = confine_by(fd, calls, n);
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return r;
}

static int
limit(int what, uint64_t value)
{
	struct rlimit now;

	if (getrlimit(what, &now) < 0) {
		return -errno;
	}
	if (value < now.rlim_max) {
		now.rlim_max = value;
	}
	now.rlim_cur = now.rlim_max;
	return setrlimit(what, &now) < 0 ? -errno : 0;
}

int
confine_limit(const struct confine_limits *limits)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r == 0 && limits->files != 0) {
		r = limit(RLIMIT_NOFILE, limits->files);
	}
	if (r == 0 && limits->data != 0) {
		r = limit(RLIMIT_DATA, limits->data);
	}
	return r;
}
