/* list_cache.h - what is known of a fetched list's file, beside it on disk.
 * Control thread. */
#ifndef DNS_LIST_CACHE_H
#define DNS_LIST_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct list_meta {
	char etag[128], modified[64]; /* RFC 9110, 8.8; "": unknown */
	uint64_t fetched_ms;	      /* civil time */
};

/* DIR/<SHA-1 of the URL>.list */
void list_cache_path(const char *dir, const char *url, char *out, size_t size);
/* -errno: nothing is known. */
int list_cache_read(const char *path, struct list_meta *out);
/* To lose it costs a download; it is not an error. */
void list_cache_write(const char *path, const struct list_meta *meta);

#endif
