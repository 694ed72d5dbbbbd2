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

static uint32_t share_of(unsigned queues)
{
	uint32_t share = SHARE_ALL / queues;

	if (share > SHARE_MAX)
		return SHARE_MAX;
	return share < SHARE_MIN ? SHARE_MIN : share;
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
	if (!u->free)
		return -ENOMEM;
	u->area = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (u->area == MAP_FAILED) {
		u->area = NULL;
		free(u->free);
		return -ENOMEM;
	}
	rc = xsk_umem__create(&u->xsk, u->area, size, &u->fill, &u->comp,
			      &config);
	if (rc) {
		munmap(u->area, size);
		free(u->free);
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
	free(u->free);
	*u = (struct umem){ 0 };
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
