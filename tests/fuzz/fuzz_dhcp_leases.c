/* fuzz_dhcp_leases.c - any text as the journal of leases: it is refused, or
 * what it tells is written whole and read again to the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ctl/base/log.h"
#include "ctl/dhcp/leases.h"
#include "ctl/state/file.h"

#define WALL_MS 1767268800000ull
#define NOW_MS	100000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In place of files: what is read, and what was written whole. */
static const uint8_t *in;
static size_t in_len;
static char *out;
static size_t out_len;
static char path[64]; /* of nothing, for appending */

int file_read(const char *name, size_t max, char **text, size_t *len)
{
	(void)name;
	if (in_len > max)
		return -EFBIG;
	*text = malloc(in_len + 1);
	if (!*text)
		return -ENOMEM;
	if (in_len)
		memcpy(*text, in, in_len);
	(*text)[in_len] = '\0';
	*len = in_len;
	return 0;
}

int file_replace(const char *name, const void *bytes, size_t len, mode_t mode)
{
	(void)name;
	(void)mode;
	free(out);
	out = malloc(len + 1);
	if (!out)
		return -ENOMEM;
	memcpy(out, bytes, len);
	out_len = len;
	return 0;
}

static void begin(void)
{
	int fd = memfd_create("journal", 0);

	if (fd < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	log_set_level(LOG_LEVEL_ERR - 1);
}

static struct pool *make_pool(void)
{
	static struct dhcp_conf conf = { .ifname = "lan",
					 .domain = "lan",
					 .lease_s = 86400 };
	struct pool *p;

	conf.addr = htonl(0x0a4d0001);
	conf.mask = htonl(0xffffffe0);
	if (pool_new(&p, &conf))
		abort();
	return p;
}

static struct pool *read_text(const void *bytes, size_t len, struct leases **l)
{
	struct pool *p = make_pool();
	struct error err;

	in = bytes;
	in_len = len;
	if (!leases_open(l, path, p, NOW_MS, WALL_MS, &err))
		return p;
	pool_free(p);
	return NULL;
}

static void compare(const struct pool *a, const struct pool *b)
{
	const struct lease *x, *y;
	unsigned at = 0;

	while ((x = pool_next(a, &at))) {
		struct lease_client c = { .id = x->id, .mac = x->mac };

		if (!x->known)
			continue;
		y = pool_find(b, &c);
		if (!y || y->ip != x->ip || y->state != x->state ||
		    !mac_eq(&y->mac, &x->mac) ||
		    strcmp(y->hostname, x->hostname))
			abort();
	}
}

/* A group that cannot be written makes the next one the whole journal. */
static void write_whole(struct leases *l)
{
	const struct lease none = { .ip = htonl(0x0a4d0002) };

	leases_note(l, &none, POOL_FORGOTTEN, NOW_MS, WALL_MS);
	if (leases_take(l, NOW_MS, WALL_MS))
		abort();
	leases_done(l, -EIO);
	leases_close(l, NOW_MS, WALL_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leases *l, *again;
	struct pool *p, *q;
	char *text;

	if (!*path)
		begin();
	p = read_text(data, size, &l);
	if (!p)
		return 0;
	write_whole(l);
	text = out;
	out = NULL;
	q = read_text(text, out_len, &again);
	if (!q)
		abort();
	compare(p, q);
	compare(q, p);
	leases_close(again, NOW_MS, WALL_MS);
	pool_free(p);
	pool_free(q);
	free(text);
	return 0;
}
