/* mss.c - the one TCP option that a router may touch.
 * Called by nat_path.c for every SYN. Engine thread only. */
#include "mss.h"

#include "../../base/bytes.h"
#include "csum.h"

#define TCP_HEADER 20
#define TCP_DOFF   12
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define MSS_LEN	   4

/* The value's place among the options; NULL: there is none. */
static const uint8_t *find_mss(struct rd *options)
{
	while (rd_left(options)) {
		uint8_t kind = rd_u8(options);
		uint8_t len;

		if (kind == OPTION_END)
			return NULL;
		if (kind == OPTION_NOP)
			continue;
		len = rd_u8(options);
		if (len < 2)
			return NULL;
		if (kind == OPTION_MSS && len == MSS_LEN)
			return rd_take(options, MSS_LEN - 2);
		rd_skip(options, len - 2u);
	}
	return NULL;
}

void mss_clamp(struct pkt *p, uint16_t mss)
{
	uint8_t *tcp = p->data + p->l4;
	struct rd r = rd_init(tcp, p->l3_len - (uint32_t)(p->l4 - p->l3));
	struct rd options;
	const uint8_t *at;
	uint16_t old, delta;
	struct wr w;

	rd_skip(&r, TCP_DOFF);
	options = rd_init(tcp, (size_t)(rd_u8(&r) >> 4) * 4);
	rd_skip(&options, TCP_HEADER);
	at = find_mss(&options);
	if (!at)
		return;
	r = rd_init(at, sizeof(old));
	if (rd_be16(&r) <= mss)
		return;
	old = rewrite_load16(at);
	w = wr_init(tcp + (at - tcp), sizeof(mss));
	wr_be16(&w, mss);
	if (p->csum_open)
		return;
	delta = csum_fold(csum_diff16(old, rewrite_load16(at)));
	/* A word at an odd offset stands in the sum with its bytes swapped. */
	if ((at - tcp) % 2)
		delta = __builtin_bswap16(delta);
	csum_apply_at(tcp + TCP_CSUM, delta);
}
