/*
 * Reading Redis' answers without believing their shape: each function takes
 * NULL and any type of reply.  Pure.
 */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "base/view.h"

/* The bytes of a string or status; p == NULL for anything else. */
struct view reply_text(const redisReply *reply);

/* Element `i` of an array; NULL when it is no array or too short. */
const redisReply *reply_element(const redisReply *reply, size_t i);

/* False, with *ret untouched, when it is no integer. */
NODISCARD bool reply_integer(const redisReply *reply, int64_t *ret);

#endif
