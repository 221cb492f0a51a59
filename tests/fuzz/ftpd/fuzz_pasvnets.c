/* The setting FTPD_PASV_NETWORKS. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "ftpd/pasvnets.h"
#include "run/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { .p = (const char *)data, .n = size };
	struct pasvnets nets = { .n = 0 };
	struct in_addr answer;
	struct buf faults;
	int r;

	buf_init(&faults, 1U << 24);
	r = pasvnets_parse(text, &nets, &faults);
	if ((r == 0) != (buf_size(&faults) == 0) || nets.n > PASVNETS_MOST
	    || (r != 0 && nets.n != 0)) {
		__builtin_trap();
	}
	for (size_t i = 0; i < nets.n; i++) {
		const struct pasvnet *net = &nets.each[i];

		/* Each network's own address lies in it, or a smaller one. */
		if (net->bits > 128
		    || !pasvnets_find(&nets, &net->network, &answer)) {
			__builtin_trap();
		}
	}
	buf_done(&faults);
	return 0;
}
