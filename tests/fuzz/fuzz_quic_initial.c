/* fuzz_quic_initial.c - datagrams from anyone, and frames from whoever made
 * keys up. The first byte says which. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../ctl/proto/quic_initial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const uint8_t *at, size_t left)
{
	struct quic_initial i;

	while (left) {
		int rc = quic_initial_read(at, left, &i);

		if (rc && rc != -EAGAIN)
			return;
		if (!i.len || i.len > left || i.pn_at > i.len ||
		    i.dcid_len > QUIC_CID_MAX)
			abort();
		at += i.len;
		left -= i.len;
	}
}

static void frames(const uint8_t *plain, size_t len)
{
	struct pieces *p = calloc(1, sizeof(*p));

	quic_initial_frames(plain, len, p);
	if (p->prefix > PIECES_MAX || p->prefix > len)
		abort();
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0])
		frames(data + 1, size - 1);
	else
		walk(data + 1, size - 1);
	return 0;
}
