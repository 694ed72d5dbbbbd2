/* umem.c - allocates and checks AF_XDP memory.
 * Called by port_xsk_open.c. Control thread, engine stopped.
 * Invariant: frames = free + with the kernel + in the burst at hand. */
#include "umem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "port.h"

/* A queue's share of frames, both directions together. Full rings while there
 * are few queues; with many, all of them together stay at 32 MiB for as long
 * as the least share allows. */
#define SHARE_MAX (2 * UMEM_RING_SIZE)
#define SHARE_MIN (2 * PORT_BURST)
#define SHARE_ALL 16384

#define HUGE_BYTES ((size_t)2 << 20)

static uint32_t share_of(unsigned queues)
{
	uint32_t share = SHARE_ALL / queues;

	if (share > SHARE_MAX)
		return SHARE_MAX;
	return share < SHARE_MIN ? SHARE_MIN : share;
}

static void lists_free(struct umem *u)
{
	free(u->free);
	free(u->holder);
	u->free = NULL;
	u->holder = NULL;
}

/* Begins with a huge page. The kernel fills frames in turn and the flight
 * recorder reads them whole: in small pages every other packet would be the
 * first of its page. NULL: out of memory. */
static uint8_t *map_area(size_t size)
{
	uint8_t *area = mmap(NULL, size + HUGE_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = -(uintptr_t)area % HUGE_BYTES;

	if (area == MAP_FAILED)
		return NULL;
	if (before)
		munmap(area, before);
	munmap(area + before + size, HUGE_BYTES - before);
	/* Where the kernel has none, small ones do. */
	(void)madvise(area + before, size, MADV_HUGEPAGE);
	return area + before;
}

int umem_open(struct umem *u, unsigned queues, bool zerocopy)
{
	const struct xsk_umem_config config = {
		.fill_size = UMEM_RING_SIZE,
		.comp_size = UMEM_RING_SIZE,
		.frame_size = UMEM_FRAME_SIZE,
	};
	uint32_t share = share_of(queues);
	size_t size;
	int rc;

	/* Half of a share to receive and half to send: neither starves the
	 * other. A burst at hand and the copies made of it come on top. */
	*u = (struct umem){ .frames = share * queues + 2 * PORT_BURST,
			    .limit = share / 2,
			    .zerocopy = zerocopy };
	size = (size_t)u->frames * UMEM_FRAME_SIZE;
	u->free = malloc(u->frames * sizeof(*u->free));
	u->holder = calloc(u->frames, sizeof(*u->holder));
	if (!u->free || !u->holder) {
		lists_free(u);
		return -ENOMEM;
	}
	u->area = map_area(size);
	if (!u->area) {
		lists_free(u);
		return -ENOMEM;
	}
	rc = xsk_umem__create(&u->xsk, u->area, size, &u->fill, &u->comp,
			      &config);
	if (rc) {
		munmap(u->area, size);
		lists_free(u);
		u->area = NULL;
		return rc;
	}
	while (u->free_n < u->frames) {
		u->free[u->free_n] = u->frames - 1 - u->free_n;
		u->free_n++;
	}
	return 0;
}

void umem_close(struct umem *u)
{
	if (!u->area)
		return;
	xsk_umem__delete(u->xsk);
	munmap(u->area, (size_t)u->frames * UMEM_FRAME_SIZE);
	lists_free(u);
	*u = (struct umem){ 0 };
}

void umem_reclaim(struct umem *u, uint32_t queue)
{
	uint8_t *is_free = calloc(u->frames, 1);

	/* Without memory they are lost, and the engine says so. */
	if (!is_free)
		return;
	for (uint32_t i = 0; i < u->free_n; i++)
		is_free[u->free[i]] = 1;
	for (uint32_t i = 0; i < u->frames; i++)
		if (!is_free[i] && u->holder[i] == queue)
			u->free[u->free_n++] = i;
	free(is_free);
}

bool umem_whole(const struct umem *u, uint32_t out)
{
	uint8_t *seen;
	bool whole = u->free_n + out == u->frames;

	if (!whole)
		return false;
	seen = calloc(u->frames, 1);
	if (!seen)
		return true;
	for (uint32_t i = 0; i < u->free_n && whole; i++)
		whole = u->free[i] < u->frames && !seen[u->free[i]]++;
	free(seen);
	return whole;
}
