/* list_cache.c - three lines of text beside each fetched list: the time, the
 * tag, the date. Called by lists.c. No state. */
#include "list_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/sha1.h"
#include "../state/file.h"

#define FILE_MAX 1024

void list_cache_path(const char *dir, const char *url, char *out, size_t size)
{
	char hex[2 * SHA1_LEN + 1];
	uint8_t digest[SHA1_LEN];
	unsigned i;

	sha1(url, strlen(url), digest);
	for (i = 0; i < SHA1_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(out, size, "%s/%s.list", dir, hex);
}

static void meta_path(const char *path, char out[520])
{
	snprintf(out, 520, "%.511s.meta", path);
}

/* The line at '*at', without its end; '*at' is moved behind it. */
static void take_line(const char **at, char *out, size_t size)
{
	size_t len = strcspn(*at, "\n");

	snprintf(out, size, "%.*s", (int)len, *at);
	*at += len;
	if (**at == '\n')
		++*at;
}

int list_cache_read(const char *path, struct list_meta *out)
{
	char name[520], number[32], *text;
	const char *at;
	size_t len;
	int err;

	memset(out, 0, sizeof(*out));
	meta_path(path, name);
	err = file_read(name, FILE_MAX, &text, &len);
	if (err)
		return err;
	at = text;
	take_line(&at, number, sizeof(number));
	take_line(&at, out->etag, sizeof(out->etag));
	take_line(&at, out->modified, sizeof(out->modified));
	out->fetched_ms = strtoull(number, NULL, 10);
	free(text);
	return 0;
}

void list_cache_write(const char *path, const struct list_meta *meta)
{
	char name[520], text[FILE_MAX];
	int n = snprintf(text, sizeof(text), "%llu\n%s\n%s\n",
			 (unsigned long long)meta->fetched_ms, meta->etag,
			 meta->modified);

	meta_path(path, name);
	file_replace(name, text, (size_t)n, 0644);
}
