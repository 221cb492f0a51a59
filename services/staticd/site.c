#include "staticd/site.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define FIRST_SLOTS 64
#define FREE_SLOT UINT32_MAX

struct site {
	atomic_uint holders;
	struct site_entry *entries;
	size_t entry_count;
	size_t entry_room;
	/* Open addressing; at most half of the slots are taken. */
	uint32_t *slots;
	size_t slot_count; /* a power of two */
	struct resource **resources;
	size_t resource_count;
	size_t resource_room;
	const struct resource *not_found;
	const struct resource *fallback;
	struct view fallback_prefix;
	struct site_counts counts;
};

struct site *
site_new(void)
{
	struct site *site = calloc(1, sizeof(*site));

	if (site != NULL) {
		atomic_init(&site->holders, 1);
	}
	return site;
}

void
site_hold(struct site *site)
{
	atomic_fetch_add_explicit(&site->holders, 1, memory_order_relaxed);
}

static void
site_free(struct site *site)
{
	for (size_t i = 0; i < site->entry_count; i++) {
		if (site->entries[i].redirect != NULL) {
			MHD_destroy_response(site->entries[i].redirect);
		}
		free((char *)(uintptr_t)site->entries[i].path.p);
	}
	for (size_t i = 0; i < site->resource_count; i++) {
		resource_free(site->resources[i]);
	}
	free(site->resources);
	free(site->entries);
	free(site->slots);
	free(site);
}

void
site_let_go(struct site *site)
{
	if (site != NULL
	    && atomic_fetch_sub_explicit(&site->holders, 1,
		   memory_order_acq_rel)
		== 1) {
		site_free(site);
	}
}

/* Room for one more item of `size` bytes in an array; NULL: none. */
static void *
array_grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room == 0 ? 16 : *room * 2;
	void *grown;

	if (count < *room) {
		return array;
	}
	grown = reallocarray(array, wanted, size);
	if (grown != NULL) {
		*room = wanted;
	}
	return grown;
}

int
site_own_take(struct site *site, struct resource *resource)
{
	struct resource **grown = array_grow(site->resources,
	    site->resource_count, &site->resource_room,
	    sizeof(struct resource *));

	if (grown == NULL) {
		resource_free(resource);
		return -ENOMEM;
	}
	site->resources = grown;
	site->resources[site->resource_count++] = resource;
	return 0;
}

struct resource *const *
site_resources(const struct site *site, size_t *ret_n)
{
	*ret_n = site->resource_count;
	return site->resources;
}

/* The slot with the path, or the free one where it belongs. */
static size_t
slot_of(const struct site *site, struct view path)
{
	size_t mask = site->slot_count - 1;
	size_t at = (size_t)hash_of(path) & mask;

	while (site->slots[at] != FREE_SLOT
	    && !view_eq(site->entries[site->slots[at]].path, path)) {
		at = (at + 1) & mask;
	}
	return at;
}

static int
slots_grow(struct site *site)
{
	size_t count = site->slot_count == 0 ? FIRST_SLOTS
					     : site->slot_count * 2;
	uint32_t *slots;

	if (site->entry_count + 1 <= site->slot_count / 2) {
		return 0;
	}
	slots = reallocarray(NULL, count, sizeof(*slots));
	if (slots == NULL || site->entry_count >= FREE_SLOT / 2) {
		free(slots);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		slots[i] = FREE_SLOT;
	}
	free(site->slots);
	site->slots = slots;
	site->slot_count = count;
	for (size_t i = 0; i < site->entry_count; i++) {
		slots[slot_of(site, site->entries[i].path)] = (uint32_t)i;
	}
	return 0;
}

/* A new entry with neither resource nor redirection; NULL: out of memory. */
static struct site_entry *
entry_new(struct site *site, struct view path)
{
	struct site_entry *grown = array_grow(site->entries, site->entry_count,
	    &site->entry_room, sizeof(*grown));
	char *copy;

	if (grown == NULL) {
		return NULL;
	}
	site->entries = grown;
	if (slots_grow(site) < 0) {
		return NULL;
	}
	copy = malloc(path.n + 1);
	if (copy == NULL) {
		return NULL;
	}
	memcpy(copy, path.p, path.n);
	copy[path.n] = '\0';
	path.p = copy;
	site->slots[slot_of(site, path)] = (uint32_t)site->entry_count;
	grown = &site->entries[site->entry_count++];
	*grown = (struct site_entry){ .path = path };
	return grown;
}

int
site_add(struct site *site, struct view path, struct resource *resource)
{
	struct site_entry *entry;

	if (site_find(site, path) != NULL) {
		return 0;
	}
	entry = entry_new(site, path);
	if (entry == NULL) {
		return -ENOMEM;
	}
	entry->resource = resource;
	return 0;
}

int
site_add_redirect(struct site *site, struct view path, const char *location,
    const struct http_header *fields)
{
	const struct http_header where[] = { { "Location", location },
		{ NULL, NULL } };
	struct MHD_Response *response;
	struct site_entry *entry;

	if (site_find(site, path) != NULL) {
		return 0;
	}
	response = MHD_create_response_from_buffer(0, NULL,
	    MHD_RESPMEM_PERSISTENT);
	if (response == NULL) {
		return -ENOMEM;
	}
	if (http_add_headers(response, where) < 0
	    || http_add_headers(response, fields) < 0) {
		goto fail;
	}
	entry = entry_new(site, path);
	if (entry == NULL) {
		goto fail;
	}
	entry->redirect = response;
	return 0;
fail:
	MHD_destroy_response(response);
	return -ENOMEM;
}

size_t
site_entry_count(const struct site *site)
{
	return site->entry_count;
}

const struct site_entry *
site_entry(const struct site *site, size_t i)
{
	return &site->entries[i];
}

const struct site_entry *
site_find(const struct site *site, struct view path)
{
	uint32_t index;

	if (site->slot_count == 0) {
		return NULL;
	}
	index = site->slots[slot_of(site, path)];
	return index == FREE_SLOT ? NULL : &site->entries[index];
}

const struct resource *
site_not_found(const struct site *site)
{
	return site->not_found;
}

void
site_set_not_found(struct site *site, const struct resource *resource)
{
	site->not_found = resource;
}

const struct resource *
site_fallback(const struct site *site, struct view path)
{
	size_t i = path.n;

	if (site->fallback == NULL
	    || !view_starts(path, site->fallback_prefix)) {
		return NULL;
	}
	while (i > 0 && path.p[i - 1] != '/') {
		if (path.p[--i] == '.') {
			return NULL;
		}
	}
	return site->fallback;
}

void
site_set_fallback(struct site *site, const struct resource *resource,
    struct view prefix)
{
	site->fallback = resource;
	site->fallback_prefix = prefix;
}

const struct site_counts *
site_counts(const struct site *site)
{
	return &site->counts;
}

void
site_set_counts(struct site *site, const struct site_counts *counts)
{
	site->counts = *counts;
	site->counts.paths = site->entry_count;
}
