/* sample.c - counts what is shown, in all and by host.
 * Called by worker.c. Engine thread only. */
#include "sample.h"

#include <netinet/in.h>

#include "../../base/bytes.h"
#include "../mailbox.h"

_Static_assert(SAMPLE_HOST_MOST <= UINT8_MAX, "a host's counter holds it");
_Static_assert(SAMPLE_MOST + SAMPLE_ANSWERS_MOST < MAILBOX_SAMPLES,
	       "the ring holds a window's");

/* Nobody can choose an address by which it takes another's part. Who makes many
 * up meets the sum. */
static unsigned place_of(const struct samples *s, const struct mac *mac)
{
	return hash_bytes(&s->key, mac, sizeof(*mac)) % SAMPLE_HOSTS;
}

bool sample_admit(struct samples *s, const struct mac *mac, uint64_t now_ms)
{
	uint8_t *host = &s->hosts[place_of(s, mac)];

	if (now_ms - s->window_ms >= SAMPLE_WINDOW_MS)
		*s = (struct samples){ .key = s->key,
				       .most = s->most,
				       .host_most = s->host_most,
				       .window_ms = now_ms };
	if (s->n >= s->most || *host >= s->host_most)
		return false;
	s->n++;
	++*host;
	return true;
}

void sample_copy(struct engine_sample *s, const struct pkt *p)
{
	struct rd r =
		rd_init(p->data + p->l4, p->l3_len - (uint32_t)(p->l4 - p->l3));
	size_t len;

	s->proto = p->proto;
	s->seq = 0;
	if (p->proto == IPPROTO_TCP) {
		rd_skip(&r, 4);
		s->seq = rd_be32(&r);
		rd_skip(&r, 4);
		rd_skip(&r, (rd_u8(&r) >> 4) * 4u - 13);
	} else {
		rd_skip(&r, 8);
	}
	len = rd_left(&r);
	s->cut = len > sizeof(s->data);
	if (s->cut)
		len = sizeof(s->data);
	s->len = (uint16_t)len;
	rd_bytes(&r, s->data, len);
}
