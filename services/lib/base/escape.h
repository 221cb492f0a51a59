/*
 * Writing foreign bytes where only safe ones may stand.
 *
 * Each function appends the escaped form of `v` to `b` (errors stick, see
 * base/buf.h) and accepts every byte sequence, valid UTF-8 or not.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"
#include "base/view.h"

/*
 * The value of a key=value log field: bare when it is made of harmless
 * characters, else in double quotes with \" \\ \n \r \t and \xNN, so that one
 * event stays one line and no peer can forge a field.
 */
void escape_log(struct buf *b, struct view v);

/*
 * A JSON string with its quotes (RFC 8259 section 7).  Bytes that are not
 * UTF-8 become U+FFFD; < > & ' are written \u00NN, so that the text may stand
 * in HTML too.
 */
void escape_json(struct buf *b, struct view v);

/* Text or a double-quoted attribute value of HTML. */
void escape_html(struct buf *b, struct view v);

/*
 * A label value of the Prometheus text format without its quotes: \\ \" \n
 * (Prometheus, exposition formats).  Bytes that are not UTF-8 become U+FFFD,
 * as a scraper refuses the whole page for one of them.
 */
void escape_label(struct buf *b, struct view v);

/*
 * Length of the UTF-8 sequence at the start of `v` (RFC 3629: no overlong
 * forms, no surrogates, at most U+10FFFF), or 0 when there is none.
 */
size_t utf8_length(struct view v);

#endif
