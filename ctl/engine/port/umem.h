/* umem.h - memory that the kernel and the engine pass frames through, and the
 * frames nobody else holds.
 *
 * A frame is named by the offset of its first byte. It is free, with the
 * kernel to receive into, with the kernel to send, or in the burst at hand.
 * Opened and closed by the control thread while the engine is stopped, used by
 * the engine thread. */
#ifndef ENGINE_UMEM_H
#define ENGINE_UMEM_H

#include <stdbool.h>
#include <stdint.h>
#include <xdp/xsk.h>

#define UMEM_FRAME_SIZE 2048 /* less 256 of XDP headroom: 1792 for a frame */
#define UMEM_RING_SIZE	2048 /* fill, completion, receive, send: each */
#define UMEM_NONE	UINT64_MAX

struct umem {
	/* immutable while open */
	uint8_t *area; /* NULL: closed */
	bool zerocopy;
	uint32_t frames;
	uint32_t limit; /* a queue's frames in one direction, at most */
	struct xsk_umem *xsk;

	/* control thread */
	unsigned sockets;
	uint32_t first; /* the device that the first of them was bound to */
	/* Rings of the first socket: libxdp makes them with the memory. */
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp;

	/* engine thread */
	uint32_t free_n;
	uint32_t *free; /* a stack: what was used last is in the cache */
	/* The queue (row in xsks) that a frame was last handed to: the kernel
	 * gives none back from a socket that is closed. */
	uint16_t *holder;
};

/* Room for 'queues' sockets. 0 or -errno. */
int umem_open(struct umem *u, unsigned queues, bool zerocopy);
/* All its sockets are gone. */
void umem_close(struct umem *u);

/* A frame, or UMEM_NONE. */
static inline uint64_t umem_get(struct umem *u)
{
	if (!u->free_n)
		return UMEM_NONE;
	return (uint64_t)u->free[--u->free_n] * UMEM_FRAME_SIZE;
}

/* 'addr' is any offset within the frame. */
static inline void umem_put(struct umem *u, uint64_t addr)
{
	u->free[u->free_n++] = (uint32_t)(addr / UMEM_FRAME_SIZE);
}

/* Says that the kernel has the frame, by a queue. */
static inline void umem_hand(struct umem *u, uint64_t addr, uint32_t queue)
{
	u->holder[addr / UMEM_FRAME_SIZE] = (uint16_t)queue;
}

/* Control thread, engine stopped: the queue's socket is closed, and all that it
 * held is free again. */
void umem_reclaim(struct umem *u, uint32_t queue);

/* Is every frame either free, once, or one of 'out' that others hold? */
bool umem_whole(const struct umem *u, uint32_t out);

#endif
