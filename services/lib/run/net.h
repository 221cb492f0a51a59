/*
 * TCP helpers.  Every descriptor is close-on-exec and non-blocking.
 */
#ifndef RUN_NET_H
#define RUN_NET_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/macros.h"

/* Room for the text of any address. */
#define NET_ADDR_TEXT INET6_ADDRSTRLEN

/*
 * Listens on all addresses, IPv6 and IPv4 on one socket where the machine has
 * IPv6, else IPv4 only.  Returns 0 with *ret_fd, or -errno.
 */
NODISCARD int net_listen(uint16_t port, int backlog, int *ret_fd);

/* Listens on one address.  Returns 0 with *ret_fd, or -errno. */
NODISCARD int net_listen_on(const struct sockaddr *addr, socklen_t n,
    int backlog, int *ret_fd);

/*
 * The same on the first free port of a range (least <= most), from a random one
 * on; 64 ports at most are tried.  The port is set in *addr.  -EADDRINUSE
 * when none of them is free, -EAFNOSUPPORT for a family that is no Internet.
 */
NODISCARD int net_listen_range(struct sockaddr_storage *addr, uint16_t least,
    uint16_t most, int backlog, int *ret_fd);

/* The port of an address, 0 for a family that is no Internet. */
uint16_t net_port(const struct sockaddr_storage *addr);

/*
 * Connects to `host` (name or address) before `deadline` (clock_ms() value),
 * trying each of its addresses.  Returns 0 with *ret_fd, or -errno; a name that
 * does not resolve is -EHOSTUNREACH.  The name look-up itself is bounded by
 * the resolver's own time-outs (resolv.conf), not by the deadline.
 */
NODISCARD int net_connect(const char *host, uint16_t port, int64_t deadline,
    int *ret_fd);

/*
 * Wait until `fd` is readable or writable.  0, or -ETIMEDOUT / -errno.
 */
NODISCARD int net_wait_read(int fd, int64_t deadline);
NODISCARD int net_wait_write(int fd, int64_t deadline);

/* Writes all `n` bytes before the deadline.  0, or -errno. */
NODISCARD int net_write_all(int fd, const void *bytes, size_t n,
    int64_t deadline);

/*
 * The address as text without its port; IPv4 inside IPv6 is written as IPv4.
 * "?" for a family that is neither.
 */
void net_addr_text(const struct sockaddr *addr, char out[NET_ADDR_TEXT]);

#endif
