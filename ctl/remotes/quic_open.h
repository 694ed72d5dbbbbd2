/* quic_open.h - opens the Initial packets that a client sends.
 *
 * Anybody on the way can: their keys are made from a connection ID that stands
 * in the first of them in the clear (RFC 9001 5.2; version 2: RFC 9369 3.3).
 * What is in them is proto/quic_initial.h's to read. No state but the keys. */
#ifndef REMOTES_QUIC_OPEN_H
#define REMOTES_QUIC_OPEN_H

#include <stddef.h>
#include <stdint.h>

#include "../proto/quic_initial.h"

/* Tokens of servers are shorter than that; longer headers are left shut. */
#define QUIC_HEADER_MAX 1024

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

/* Those of the client whose first packet went to this connection ID. 0 or
 * -EIO: the library has none of it. */
int quic_keys_derive(struct quic_keys *out, uint32_t version,
		     const uint8_t *dcid, size_t dcid_len);

/* 'packet' is 'i->len' long. Its plain frames go to 'out', which has room for
 * as many bytes; how many, or -EBADMSG: these keys do not open it. */
int quic_open(const struct quic_keys *k, const uint8_t *packet,
	      const struct quic_initial *i, uint8_t *out);

#endif
