/* capture_store.c - makes, finds and checks the flight recorder's memory.
 * Called by capture.c at the start. Control thread.
 * Invariant: after capture_store_open() every chunk that is not free belongs to
 * a device that is there, and its used bytes are whole records. */
#include "capture_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t magic[8] = { 'P', 'C', 'C', 'A', 'P', 'T', 'U', 'R' };

struct head {
	uint8_t magic[8];
	uint32_t layout;
	uint32_t device_size, chunk_size, record_size;
	uint32_t chunks_n;
	uint32_t bump;
	uint64_t names;
};

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE	      4096u
#define WHOLE(n)      (((size_t)(n) + PAGE - 1) & ~(size_t)(PAGE - 1))
#define DEVICES_BYTES WHOLE(CAPTURE_DEVICES * sizeof(struct capture_device))
#define CHUNKS_BYTES  WHOLE(CAPTURE_CHUNKS_MAX * sizeof(struct capture_chunk))
#define ROWS_BYTES    (PAGE + DEVICES_BYTES + CHUNKS_BYTES)
#define RAM_PART      4 /* of the machine's memory, one at most */
#define CHUNKS_LEAST  (32u * 1024 * 1024 / CAPTURED_CHUNK)
/* Nobody can take memory away from under who reads it. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static size_t store_bytes(uint32_t chunks)
{
	return ROWS_BYTES + (size_t)chunks * CAPTURED_CHUNK;
}

static int map(struct capture_store *s)
{
	uint8_t *at;

	s->memory = mmap(NULL, s->len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, s->fd, 0);
	if (s->memory == MAP_FAILED) {
		s->memory = NULL;
		return -ENOMEM;
	}
	at = s->memory;
	s->bump = &((struct head *)s->memory)->bump;
	s->names = &((struct head *)s->memory)->names;
	s->devices = (struct capture_device *)(void *)(at + PAGE);
	s->chunks = (struct capture_chunk *)(void *)(at + PAGE + DEVICES_BYTES);
	s->data = at + ROWS_BYTES;
	return 0;
}

static void write_head(struct head *h, uint32_t chunks)
{
	memcpy(h->magic, magic, sizeof(magic));
	h->layout = CAPTURE_LAYOUT;
	h->device_size = sizeof(struct capture_device);
	h->chunk_size = sizeof(struct capture_chunk);
	h->record_size = sizeof(struct captured);
	h->chunks_n = chunks;
}

static int make(struct capture_store *s, uint32_t chunks)
{
	int rc;

	*s = (struct capture_store){ .chunks_n = chunks,
				     .len = store_bytes(chunks) };
	s->fd = memfd_create("portcullis-capture",
			     MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0)
		return -errno;
	if (ftruncate(s->fd, (off_t)s->len) || fcntl(s->fd, F_ADD_SEALS, SEALS))
		return -errno;
	rc = map(s);
	if (!rc)
		write_head(s->memory, chunks);
	return rc;
}

/* Whatever the budget, the rest of a small machine needs its memory. */
static uint32_t most_chunks(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t n = CAPTURE_CHUNKS_MAX;

	if (pages > 0 && size > 0)
		n = (uint64_t)pages * (uint64_t)size / RAM_PART /
		    CAPTURED_CHUNK;
	if (n < CHUNKS_LEAST)
		return CHUNKS_LEAST;
	return n < CAPTURE_CHUNKS_MAX ? (uint32_t)n : CAPTURE_CHUNKS_MAX;
}

/* A machine that reserves no more than it has gives less. */
int capture_store_make(struct capture_store *s)
{
	uint32_t chunks = most_chunks();
	int rc;

	while ((rc = make(s, chunks))) {
		capture_store_close(s);
		chunks /= 2;
		if (chunks < CHUNKS_LEAST)
			break;
	}
	return rc;
}

/* ---- what another process left */

static int check_head(const struct capture_store *s)
{
	const struct head *h = s->memory;

	if (memcmp(h->magic, magic, sizeof(magic)))
		return -EBADMSG;
	if (h->layout != CAPTURE_LAYOUT ||
	    h->device_size != sizeof(struct capture_device) ||
	    h->chunk_size != sizeof(struct capture_chunk) ||
	    h->record_size != sizeof(struct captured))
		return -EPROTO;
	if (!h->chunks_n || h->chunks_n > CAPTURE_CHUNKS_MAX ||
	    h->bump > h->chunks_n || store_bytes(h->chunks_n) != s->len)
		return -EBADMSG;
	return 0;
}

/* The packets among whole records; false: they are not whole. */
static bool check_records(uint8_t *data, struct capture_chunk *c, bool named)
{
	uint32_t at = 0, packets = 0;
	struct captured *r;

	if (c->used > CAPTURED_CHUNK)
		return false;
	while (at < c->used) {
		r = captured_next(data, c->used, &at);
		if (!r)
			return false;
		if (!named)
			r->label = 0;
		packets += r->kind == CAPTURED_PACKET;
	}
	c->packets = packets;
	return true;
}

static void check_chunks(struct capture_store *s, bool named)
{
	for (uint32_t i = 0; i < *s->bump; i++) {
		struct capture_chunk *c = &s->chunks[i];

		if (!c->serial)
			continue;
		if (c->owner >= CAPTURE_DEVICES ||
		    mac_is_zero(&s->devices[c->owner].mac) ||
		    !check_records(capture_store_at(s, i), c, named))
			*c = (struct capture_chunk){ 0 };
	}
}

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

int capture_store_open(struct capture_store *s, int fd, uint64_t names)
{
	struct stat st;
	int rc;

	*s = (struct capture_store){ .fd = fd };
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !is_sealed(fd) ||
	    (uint64_t)st.st_size < store_bytes(1) ||
	    (uint64_t)st.st_size > store_bytes(CAPTURE_CHUNKS_MAX)) {
		s->fd = -1;
		return -EBADMSG;
	}
	s->len = (size_t)st.st_size;
	rc = map(s);
	if (!rc)
		rc = check_head(s);
	if (rc) {
		s->fd = -1;
		capture_store_close(s);
		return rc;
	}
	s->chunks_n = ((const struct head *)s->memory)->chunks_n;
	check_chunks(s, names && *s->names == names);
	*s->names = names;
	return 0;
}

void capture_store_close(struct capture_store *s)
{
	if (s->memory)
		munmap(s->memory, s->len);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct capture_store){ .fd = -1 };
}

void capture_store_warm(const struct capture_store *s, uint32_t chunk)
{
	/* Linux before 5.14 does not know it: then they come one by one. */
	(void)madvise(capture_store_at(s, chunk), CAPTURED_CHUNK,
		      MADV_POPULATE_WRITE);
}

void capture_store_cool(const struct capture_store *s, uint32_t chunk)
{
	/* Where that cannot be, the pages wait for their next use. */
	(void)madvise(capture_store_at(s, chunk), CAPTURED_CHUNK, MADV_REMOVE);
}
