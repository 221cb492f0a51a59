#include "exporter/sample.h"

#include <errno.h>

#include "base/escape.h"
#include "base/hash.h"
#include "metrics/metrics.h"

static bool
is_name_char(char c, bool first, bool colon)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
	    || (colon && c == ':') || (!first && c >= '0' && c <= '9');
}

/* The length of the name at the start of `v`. */
static size_t
name_length(struct view v, bool colon)
{
	size_t n = 0;

	while (n < v.n && is_name_char(v.p[n], n == 0, colon)) {
		n++;
	}
	return n;
}

static void
skip_blanks(struct view *v)
{
	while (v->n > 0 && (v->p[0] == ' ' || v->p[0] == '\t')) {
		*v = view_drop(*v, 1);
	}
}

/* Takes what stands between the quotes off the front, and both quotes. */
static int
take_quoted(struct view *v, struct view *ret)
{
	const char *start;

	if (!view_take(v, VIEW("\""))) {
		return -EINVAL;
	}
	start = v->p;
	while (v->n > 0 && v->p[0] != '"') {
		size_t n = utf8_length(*v);

		if (v->p[0] == '\\') {
			n = v->n > 1
				&& (v->p[1] == '\\' || v->p[1] == '"'
				    || v->p[1] == 'n')
			    ? 2
			    : 0;
		}
		if (n == 0 || v->p[0] == '\0') {
			return -EINVAL;
		}
		*v = view_drop(*v, n);
	}
	*ret = (struct view){ start, (size_t)(v->p - start) };
	return view_take(v, VIEW("\"")) ? 0 : -EINVAL;
}

/* Takes one `key="value"` off the front. */
static int
take_label(struct view *v, struct view *ret_key, struct view *ret_value)
{
	size_t n = name_length(*v, false);
	struct view key = { v->p, n };
	int r;

	if (n == 0) {
		return -EINVAL;
	}
	*v = view_drop(*v, n);
	skip_blanks(v);
	if (!view_take(v, VIEW("="))) {
		return -EINVAL;
	}
	skip_blanks(v);
	r = take_quoted(v, ret_value);
	if (r == 0) {
		*ret_key = key;
	}
	return r;
}

/* Takes `{...}` off the front; `ret` is what stands between the braces. */
static int
take_labels(struct view *v, struct view *ret)
{
	struct view keys[SAMPLE_LABELS_MAX] = { { NULL, 0 } };
	const char *start;
	size_t count = 0;

	*v = view_drop(*v, 1);
	start = v->p;
	skip_blanks(v);
	while (v->n > 0 && v->p[0] != '}') {
		struct view value;

		if (count == SAMPLE_LABELS_MAX
		    || take_label(v, &keys[count], &value) < 0) {
			return -EINVAL;
		}
		for (size_t i = 0; i < count; i++) {
			if (view_eq(keys[i], keys[count])) {
				return -EINVAL;
			}
		}
		count++;
		skip_blanks(v);
		if (!view_take(v, VIEW(","))) {
			break;
		}
		skip_blanks(v);
	}
	*ret = (struct view){ start, (size_t)(v->p - start) };
	return view_take(v, VIEW("}")) ? 0 : -EINVAL;
}

static bool
is_number(struct view v)
{
	double number;
	int r;

	if (view_eq(v, VIEW("NaN")) || view_eq(v, VIEW("+Inf"))
	    || view_eq(v, VIEW("-Inf")) || view_eq(v, VIEW("Inf"))) {
		return true;
	}
	r = view_double(v, &number);
	/* Too small or too large is a number all the same. */
	return r == 0 || r == -ERANGE;
}

int
sample_parse(struct view line, struct sample *ret)
{
	struct sample sample = { .labels = { "", 0 } };
	int64_t timestamp;

	if (line.n > SAMPLE_LINE_MAX) {
		return -EINVAL;
	}
	sample.name = (struct view){ line.p, name_length(line, true) };
	if (!metrics_name_valid(sample.name)) {
		return -EINVAL;
	}
	line = view_drop(line, sample.name.n);
	skip_blanks(&line);
	if (line.n > 0 && line.p[0] == '{'
	    && take_labels(&line, &sample.labels) < 0) {
		return -EINVAL;
	}
	sample.value = view_word(&line);
	skip_blanks(&line);
	if (!is_number(sample.value)
	    || (line.n > 0 && view_i64(view_trim(line), &timestamp) < 0)) {
		return -EINVAL;
	}
	*ret = sample;
	return 0;
}

/* Takes the next label off the front of checked labels; false at the end. */
static bool
next_label(struct view *labels, struct view *ret_key, struct view *ret_value)
{
	skip_blanks(labels);
	if (labels->n == 0 || take_label(labels, ret_key, ret_value) < 0) {
		return false;
	}
	skip_blanks(labels);
	(void)view_take(labels, VIEW(","));
	return true;
}

struct view
sample_label(const struct sample *sample, struct view key)
{
	struct view labels = sample->labels;
	struct view found = { NULL, 0 }, value = { NULL, 0 };

	while (next_label(&labels, &found, &value)) {
		if (view_eq(found, key)) {
			return value;
		}
	}
	return (struct view){ NULL, 0 };
}

/* Spreads a sum's bits again (the last step of MurmurHash3). */
static uint64_t
mix(uint64_t h)
{
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

uint64_t
sample_series(const struct sample *sample)
{
	struct view labels = sample->labels;
	struct view key = { NULL, 0 }, value = { NULL, 0 };
	uint64_t sum = 0;

	while (next_label(&labels, &key, &value)) {
		/* A name cannot hold '=', so the pair is unambiguous. */
		sum += mix(
		    hash_more(hash_more(hash_of(key), VIEW("=")), value));
	}
	return mix(hash_of(sample->name) + sum);
}
