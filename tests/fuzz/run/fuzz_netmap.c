/* A list of networks and addresses, as a person writes it. */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "run/netmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { .p = (const char *)data, .n = size };
	struct netmap nets = { .n = 0 };
	struct in_addr answer;
	struct buf faults;
	int r;

	buf_init(&faults, 1U << 24);
	r = netmap_parse("SETTING", text, &nets, &faults);
	if ((r == 0) != (buf_size(&faults) == 0) || nets.n > NETMAP_MOST
	    || (r != 0 && nets.n != 0)) {
		__builtin_trap();
	}
	for (size_t i = 0; i < nets.n; i++) {
		const struct netmap_entry *net = &nets.each[i];

		/* Each network's own address lies in it, or a smaller one. */
		if (net->bits > 128
		    || !netmap_find(&nets, &net->network, &answer)) {
			__builtin_trap();
		}
	}
	buf_done(&faults);
	return 0;
}
