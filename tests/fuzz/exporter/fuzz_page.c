/*
 * Other daemons' metrics and text files, merged.  What comes out has to be
 * valid line by line, and read again it gives the very same page.
 */
#include <stddef.h>
#include <stdint.h>

#include "exporter/page.h"
#include "exporter/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (4 * 1024 * 1024)

static void
check_lines(struct view text)
{
	struct sample sample;

	while (text.n > 0) {
		struct view line = view_cut(&text, '\n');

		if (line.n == 0
		    || (line.p[0] != '#' && sample_parse(line, &sample) < 0)) {
			__builtin_trap();
		}
	}
}

static void
write(struct page *page, enum page_format format, struct buf *out)
{
	buf_init(out, TEXT_MAX);
	page_write(page, format, out);
	if (buf_error(out) < 0) {
		__builtin_trap();
	}
	check_lines(buf_view(out));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Up to a NUL it is a daemon's, behind it a text file's. */
	static const struct page_source daemon = { .foreign = true,
		.prefix = { "ftpd_", 5 },
		.target = { "ftpd:8021", 9 } };
	static const struct page_source file = { .foreign = true };
	static const struct page_source own = { .foreign = false };
	struct view rest = { (const char *)data, size };
	struct view first = view_cut(&rest, '\0');
	struct page *page = page_new(), *again = page_new();
	struct buf text, open, twice;

	if (page == NULL || again == NULL) {
		__builtin_trap();
	}
	(void)page_add(page, first, &daemon);
	(void)page_add(page, rest, &file);
	write(page, PAGE_TEXT, &text);
	write(page, PAGE_OPENMETRICS, &open);
	if (page_add(again, buf_view(&text), &own) != 0
	    || page_samples(again) != page_samples(page)) {
		__builtin_trap();
	}
	write(again, PAGE_TEXT, &twice);
	if (!view_eq(buf_view(&text), buf_view(&twice))) {
		__builtin_trap();
	}
	page_free(page);
	page_free(again);
	buf_done(&text);
	buf_done(&open);
	buf_done(&twice);
	return 0;
}
