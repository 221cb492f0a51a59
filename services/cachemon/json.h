/*
 * Writing JSON (RFC 8259) into a buf, without a tree.
 *
 *	json_open(b, NULL, '{');
 *	json_u64(b, "keys", 12);
 *	json_str(b, "name", name);
 *	json_close(b, '}');
 *
 * Commas are set by what stands before, so the buffer has to hold this JSON
 * text alone, or text that ends with one of "{[:".  `key` is NULL inside an
 * array.  Keys are literals and need no escaping; strings may be any bytes.
 */
#ifndef CACHEMON_JSON_H
#define CACHEMON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

/* `bracket` is '{' or '[', and '}' or ']'. */
void json_open(struct buf *b, const char *key, char bracket);
void json_close(struct buf *b, char bracket);

void json_null(struct buf *b, const char *key);
void json_bool(struct buf *b, const char *key, bool value);
void json_u64(struct buf *b, const char *key, uint64_t value);
void json_i64(struct buf *b, const char *key, int64_t value);
void json_str(struct buf *b, const char *key, struct view value);
/* With so many decimals, zeros at the end left out; null unless finite. */
void json_num(struct buf *b, const char *key, double value, int decimals);
/* Text that is JSON already. */
void json_raw(struct buf *b, const char *key, struct view json);

#endif
