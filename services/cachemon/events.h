/*
 * Live updates: server-sent events (HTML standard, section 9.2) over
 * libmicrohttpd.
 *
 * A connection with nothing to send is suspended and costs no thread; a
 * publication on the board resumes all.  Each reader gets the newest text of
 * each part and never a backlog: a slow one skips what is outdated.
 */
#ifndef CACHEMON_EVENTS_H
#define CACHEMON_EVENTS_H

#include "cachemon/board.h"
#include "http/http.h"

/* A quiet connection gets a comment after this time, which finds dead peers. */
#define EVENTS_HEARTBEAT_MS 15000

struct events;

/* At most `most` streams at a time.  NULL when memory is short. */
struct events *events_new(struct board *board, unsigned most);
/* After the HTTP server has ended.  NULL is fine. */
void events_free(struct events *events);

/* Answers a request by a stream; 503 when there are too many. */
enum MHD_Result events_serve(struct events *events, struct http_request *rq);

/* Something new is on the board. */
void events_wake(struct events *events);
/* To be called about every second: heartbeats. */
void events_tick(struct events *events);
/*
 * Ends all streams and refuses new ones; call it before http_stop(), as the
 * library must not be stopped while a connection is suspended.
 */
void events_stop(struct events *events);

/* Streams open now. */
unsigned events_count(struct events *events);

#endif
