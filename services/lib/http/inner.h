/*
 * What the files of lib/http know of each other, and nobody else does.
 */
#ifndef HTTP_INNER_H
#define HTTP_INNER_H

#include <stdatomic.h>

#include "http/http.h"
#include "http/watchdog.h"

struct http_server {
	struct http_conf conf;
	/* Handlers may run before the start has returned it. */
	_Atomic(struct MHD_Daemon *) daemon;
	struct watchdog *watchdog;
	int listen_fd;
	size_t answer_memory; /* of each connection's: for an answer's head */
	atomic_uint_fast64_t requests[HTTP_CLASSES];
	atomic_uint_fast64_t refused;
	atomic_uint_fast64_t durations[HTTP_DURATIONS];
	atomic_uint_fast64_t duration_us; /* all together */
	atomic_int running; /* requests between handler and last byte */
};

/* One connection; served by one thread from first to last. */
struct http_peer {
	struct watched *watched;
	int64_t began_us; /* the request whose head came last */
	bool file; /* its answer is sent from a file */
};

struct http_request {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_peer *peer; /* NULL: out of memory when it came */
	struct view path;
	const char *method;
	const char *version;
	uint64_t bytes; /* of the body that will be sent */
	bool head;
	bool post;
	bool close; /* the connection ends with this answer */
	void *state; /* the handler's own, see http_state() */
};

/* The head of each answer to a method that is not answered. */
extern const struct http_header http_allow[];

/*
 * Refuses a request for whose answer the library has no memory left: writes
 * the answer itself and ends the connection.  MHD_NO, which is what the library
 * has to be told then.
 */
enum MHD_Result http_refuse_by_hand(struct http_request *rq, unsigned status);

/* A request has ended that took so long. */
void http_count_duration(struct http_server *server, int64_t us);

#endif
