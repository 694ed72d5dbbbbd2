/* quic_initial.h - QUIC's first packets: where they are in a datagram, and what
 * is in them once they are opened (RFC 9000 17.2.2, 19; version 2: RFC 9369).
 *
 * Opening them takes AES, which is another room's (remotes/quic_open.h): here
 * is what takes none. Pure. */
#ifndef PROTO_QUIC_INITIAL_H
#define PROTO_QUIC_INITIAL_H

#include <stddef.h>
#include <stdint.h>

#include "pieces.h"

#define QUIC_V1	     0x00000001u
#define QUIC_V2	     0x6b3343cfu
#define QUIC_CID_MAX 20 /* RFC 9000 17.2 */

/* One packet of a datagram. */
struct quic_initial {
	uint32_t version;
	uint8_t dcid_len;
	uint8_t dcid[QUIC_CID_MAX];
	size_t pn_at; /* of the packet number, from the packet's begin */
	size_t len;   /* of the packet, which another may follow */
};

/* The packet at 'data', which is an Initial one. -EBADMSG: it is not, or does
 * not hold together. -EAGAIN: it is of another type, 'out->len' long, and one
 * may follow. */
int quic_initial_read(const uint8_t *data, size_t len,
		      struct quic_initial *out);

/* The frames of an opened packet: what its CRYPTO frames bring is added to
 * 'out'. -EBADMSG: a frame that has no place there; what came before it was
 * added. */
int quic_initial_frames(const uint8_t *plain, size_t len, struct pieces *out);

#endif
