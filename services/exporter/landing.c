#include "exporter/landing.h"

#include "base/escape.h"

#define STYLE \
	"body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;" \
	"max-width:60rem;padding:0 1rem;color:#1b1b1b;background:#fff}" \
	"table{border-collapse:collapse;width:100%}" \
	"th,td{text-align:left;padding:.4rem .8rem;" \
	"border-bottom:1px solid #ccc;vertical-align:top}" \
	".up{color:#17632a}.down{color:#a11212;font-weight:bold}"

void
landing_open(struct buf *out)
{
	buf_add_str(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>exporter</title>\n<style>" STYLE "</style>\n</head>\n"
	    "<body>\n<h1>exporter</h1>\n"
	    "<p>One Prometheus endpoint for the whole stack: "
	    "<a href=\"metrics\">metrics</a>.</p>\n"
	    "<table>\n<caption>Collectors at their last scrape</caption>\n"
	    "<thead><tr><th scope=\"col\">Collector</th>"
	    "<th scope=\"col\">State</th><th scope=\"col\">Took</th>"
	    "<th scope=\"col\">Last answer</th>"
	    "<th scope=\"col\">Remark</th></tr></thead>\n<tbody>\n");
}

/* "12 s", "3 min", "5 h", "2 days". */
static void
add_span(struct buf *out, time_t seconds)
{
	long long s = seconds < 0 ? 0 : (long long)seconds;

	if (s < 120) {
		buf_addf(out, "%lld s", s);
	} else if (s < 7200) {
		buf_addf(out, "%lld min", s / 60);
	} else if (s < 172800) {
		buf_addf(out, "%lld h", s / 3600);
	} else {
		buf_addf(out, "%lld days", s / 86400);
	}
}

static const char *
state_text(const struct scrape_state *state)
{
	switch (state->how) {
	case SCRAPE_UP:
		return "<td class=\"up\">up</td>";
	case SCRAPE_DOWN:
		return "<td class=\"down\">down</td>";
	case SCRAPE_NEVER:
		break;
	}
	return "<td>not scraped yet</td>";
}

void
landing_row(struct buf *out, const struct scrape_state *state, time_t now)
{
	buf_add_str(out, "<tr><th scope=\"row\">");
	escape_html(out, view_str(state->name));
	buf_add_str(out, "</th>");
	buf_add_str(out, state_text(state));
	if (state->how == SCRAPE_NEVER) {
		buf_add_str(out, "<td></td>");
	} else {
		buf_addf(out, "<td>%.3f s</td>", state->seconds);
	}
	buf_add_str(out, "<td>");
	if (state->last_up == 0) {
		buf_add_str(out, state->how == SCRAPE_NEVER ? "" : "never");
	} else {
		add_span(out, now - state->last_up);
		buf_add_str(out, " ago");
	}
	buf_add_str(out, "</td><td>");
	escape_html(out, view_str(state->why));
	if (state->busy) {
		buf_add_str(out,
		    state->why[0] != '\0' ? "; at work now" : "at work now");
	}
	buf_add_str(out, "</td></tr>\n");
}

void
landing_close(struct buf *out)
{
	buf_add_str(out,
	    "</tbody>\n</table>\n<p>Version " VERSION
	    "</p>\n</body>\n</html>\n");
}
