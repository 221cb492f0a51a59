/* CLIENT LIST, with names that clients gave themselves. */

#include <stddef.h>
#include <stdint.h>

#include "cachemon/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server server;
	struct buf out;

	server_clients((struct view){ (const char *)data, size }, &server);
	if (server.clients_n > SERVER_CLIENTS
	    || server.clients_all < server.clients_n) {
		__builtin_trap();
	}
	buf_init(&out, 256 * 1024);
	server_json(&server, &out);
	if (buf_error(&out) != 0) {
		__builtin_trap();
	}
	buf_done(&out);
	return 0;
}
