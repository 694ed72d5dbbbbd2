/* fuzz_udp_frame.c - any bytes as UDP in IPv4; what is read lies within. */
#include <stdlib.h>

#include "../../ctl/proto/udp_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[2048];
	struct wr w = wr_init(buf, sizeof(buf));
	struct udp_frame f, again;
	struct rd payload, r;

	if (udp_frame_parse(&f, &payload, data, size))
		return 0;
	if (payload.p < data || payload.end > data + size)
		abort();
	udp_frame_write(&w, &f, payload.p, rd_left(&payload));
	if (w.bad)
		return 0;
	if (udp_frame_parse(&again, &r, buf, wr_len(&w)) ||
	    again.src != f.src || again.dst_port != f.dst_port ||
	    rd_left(&r) != rd_left(&payload))
		abort();
	return 0;
}
