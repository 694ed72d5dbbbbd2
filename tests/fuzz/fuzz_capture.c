/* fuzz_capture.c - a flight recorder's memory as another process may have left
 * it: whatever stands in there, what is taken over holds together, can be read
 * and goes on.
 *
 * Input: patches of a whole one, each {region, offset (2 bytes), length, bytes
 * …}, four bytes ahead of what they write. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/base/bytes.h"
#include "ctl/engine/tap/capture.h"
#include "ctl/engine/tap/capture_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOSTS 4

static struct engine_conf conf = { .generation = 1,
				   .capture_mib = 8,
				   .lans_n = 1 };

static void keep(struct capture *c, uint8_t host, unsigned n)
{
	uint8_t frame[256] = { [12] = 8, [14] = 0x45 };

	for (unsigned i = 0; i < n; i++) {
		struct pkt p = { .data = frame,
				 .len = 60 + i % 180,
				 .room = sizeof(frame),
				 .gso = i % 2,
				 .csum_open = i % 3 == 0,
				 .host_mac = { { 2, 0, 0, 0, 0, host } } };

		capture_out(c, &conf, &p);
		capture_in(c, &conf, &p, &p.host_mac);
	}
}

static struct capture *make(void)
{
	const struct hash_key key = { { 1, 2 } };
	struct capture *c = capture_new(&key);

	if (!c)
		abort();
	capture_turn(c, &conf, 1000, 1000000);
	return c;
}

/* Where a region begins. */
static uint8_t *region_of(const struct capture_store *s, uint8_t region)
{
	uint8_t *const regions[] = { s->memory, (uint8_t *)s->devices,
				     (uint8_t *)s->chunks, s->data };

	return regions[region % 4];
}

static void patch(const struct capture_store *s, const uint8_t *data,
		  size_t size)
{
	struct rd r = rd_init(data, size);

	while (rd_left(&r)) {
		uint8_t region = rd_u8(&r);
		uint16_t at = rd_be16(&r);
		uint8_t len = rd_u8(&r);
		const uint8_t *bytes = rd_take(&r, len);

		if (bytes)
			memcpy(region_of(s, region) + at, bytes, len);
	}
}

static void read_all(struct capture *c)
{
	static struct capture_read read;

	for (unsigned host = 0; host <= HOSTS; host++) {
		read = (struct capture_read){ .mac = { { 2, 0, 0, 0, 0,
							 (uint8_t)host } } };
		do {
			struct captured *rec;
			uint32_t at = 0, bytes = 0;

			capture_copy(c, &read);
			capture_finish(&read);
			while ((rec = captured_next(read.data, read.len, &at)))
				bytes += rec->size;
			if (at != read.len || bytes != read.len)
				abort();
		} while (!read.last);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture *c = make();
	struct capture_store left;
	int fd;

	for (uint8_t host = 0; host < HOSTS; host++)
		keep(c, host, 20 + 600 * (host == 1));
	fd = capture_hand_on(c);
	capture_free(c);
	/* A fresh look at the same memory, as it may be written by anybody. */
	if (fd < 0 || capture_store_open(&left, dup(fd), 0))
		abort();
	patch(&left, data, size);
	capture_store_close(&left);
	c = make();
	(void)capture_adopt(c, fd);
	capture_turn(c, &conf, 2000, 2000000);
	if (!capture_check(c))
		abort();
	read_all(c);
	for (uint8_t host = 0; host <= HOSTS; host++)
		keep(c, host, 300);
	if (!capture_check(c))
		abort();
	read_all(c);
	capture_free(c);
	return 0;
}
