#include "exporter/fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "exporter/http_reply.h"
#include "run/net.h"

#define PIECE (16 * 1024)

static int
ask(int fd, const struct target *target, int64_t deadline)
{
	struct buf request;
	int r;

	buf_init(&request, 4096);
	buf_addf(&request,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: exporter/" VERSION
	    "\r\nAccept: text/plain;version=0.0.4, */*;q=0.1\r\n"
	    "Connection: close\r\n\r\n",
	    target->path, target->name);
	r = buf_error(&request);
	if (r == 0) {
		r = net_write_all(fd, buf_cstr(&request), buf_size(&request),
		    deadline);
	}
	buf_done(&request);
	return r;
}

static int
receive(int fd, struct http_reply *reply, int64_t deadline)
{
	char piece[PIECE];

	while (!http_reply_finished(reply)) {
		int r = net_wait_read(fd, deadline);
		ssize_t n;

		if (r < 0) {
			return r;
		}
		n = read(fd, piece, sizeof(piece));
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			continue;
		}
		if (n <= 0) {
			return n < 0 ? -errno : http_reply_close(reply);
		}
		r = http_reply_feed(reply, (struct view){ piece, (size_t)n });
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int
explain(struct collection *c, const struct target *target, int r)
{
	switch (r) {
	case -EHOSTUNREACH:
		return collection_fail(c, r, "no host %s", target->host);
	case -EPROTO:
		return collection_fail(c, r, "%s did not answer in HTTP",
		    target->name);
	case -EMSGSIZE:
		return collection_fail(c, r, "the answer of %s is too large",
		    target->name);
	default:
		return collection_fail(c, r, "%s: %s", target->name,
		    strerror(-r));
	}
}

int
fetch(struct collection *c, const struct target *target, size_t most,
    struct buf *body)
{
	struct http_reply reply;
	int fd;
	int r = net_connect(target->host, target->port, c->deadline, &fd);

	if (r < 0) {
		return explain(c, target, r);
	}
	http_reply_init(&reply, most);
	cutoff_set(c->cutoff, fd);
	r = ask(fd, target, c->deadline);
	if (r == 0) {
		r = receive(fd, &reply, c->deadline);
	}
	cutoff_clear(c->cutoff);
	(void)close(fd);
	if (r < 0) {
		r = explain(c, target, r);
	} else if (reply.status != 200) {
		r = collection_fail(c, -EREMOTEIO, "%s answered with status %u",
		    target->name, reply.status);
	} else {
		buf_add_view(body, buf_view(&reply.body));
		r = buf_error(body);
	}
	http_reply_done(&reply);
	return r;
}

int
fetch_page(struct collection *c, const struct target *target,
    fetch_page_fn read, const char *what)
{
	struct metrics m;
	struct buf page;
	int r;

	buf_init(&page, FETCH_PAGE_MAX);
	r = fetch(c, target, FETCH_PAGE_MAX, &page);
	if (r == 0) {
		metrics_init(&m, c->out);
		r = read(buf_view(&page), &m);
		if (r < 0) {
			r = collection_fail(c, r, "the answer is no %s", what);
		}
	}
	buf_done(&page);
	return r;
}
