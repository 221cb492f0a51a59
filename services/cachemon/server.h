/*
 * What is known of the Redis server beside INFO: who is connected (CLIENT
 * LIST), where its memory goes (MEMORY STATS), what made it wait (LATENCY).
 * Pure: answers in, a struct and JSON out.
 */
#ifndef CACHEMON_SERVER_H
#define CACHEMON_SERVER_H

#include <stdint.h>

#include <hiredis/hiredis.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"

#define SERVER_CLIENTS 40 /* rows that are shown */
#define SERVER_LATENCIES 16
#define SERVER_TEXT 63

struct server_client {
	char address[SERVER_TEXT + 1];
	char name[SERVER_TEXT + 1];
	char user[SERVER_TEXT + 1];
	char command[SERVER_TEXT + 1]; /* its last one */
	uint64_t age_s;
	uint64_t idle_s;
	uint64_t memory; /* bytes; 0: not told */
};

struct server_latency {
	char event[SERVER_TEXT + 1];
	int64_t time; /* Unix seconds */
	int64_t last_ms;
	int64_t highest_ms;
};

/* Bytes unless the name says something else. */
struct server_memory {
	uint64_t peak;
	uint64_t total;
	uint64_t startup;
	uint64_t clients;
	uint64_t overhead;
	uint64_t dataset;
	uint64_t bytes_per_key;
	double fragmentation;
};

struct server {
	size_t clients_all; /* without cachemon's own */
	size_t clients_n;
	struct server_client clients[SERVER_CLIENTS];
	size_t latency_n;
	struct server_latency latency[SERVER_LATENCIES];
	struct server_memory memory;
};

/* Reads CLIENT LIST's text; clients named cachemon are passed over. */
void server_clients(struct view list, struct server *ret);

/* Reads LATENCY LATEST.  0, or -EPROTO with *ret untouched. */
NODISCARD int server_latency(const redisReply *reply, struct server *ret);

/* Reads MEMORY STATS.  0, or -EPROTO with *ret untouched. */
NODISCARD int server_memory(const redisReply *reply, struct server *ret);

/* The "server" object of the API; see web.h. */
void server_json(const struct server *server, struct buf *out);

#endif
