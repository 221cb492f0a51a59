/* INFO of whoever answers on Redis' port: what is made of it is valid. */
#include <stddef.h>
#include <stdint.h>

#include "exporter/redis_names.h"
#include "exporter/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out;
	struct metrics m;
	struct view text;

	buf_init(&out, 16 * 1024 * 1024);
	metrics_init(&m, &out);
	redis_names_write(&m, (struct view){ (const char *)data, size }, 16,
	    1700000000);
	text = buf_view(&out);
	while (text.n > 0) {
		struct view line = view_cut(&text, '\n');
		struct sample sample;

		/* Labels may be longer than what a scraper takes. */
		if (line.n == 0
		    || (line.p[0] != '#' && line.n <= SAMPLE_LINE_MAX
			&& sample_parse(line, &sample) < 0)) {
			__builtin_trap();
		}
	}
	buf_done(&out);
	return 0;
}
