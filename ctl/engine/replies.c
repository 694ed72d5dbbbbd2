/* replies.c - from the ring of answers to a port.
 * Called by worker.c, in each turn. Engine thread. */
#include "replies.h"

#include "tap/dns_tap.h"

#define REPLIES_A_TURN PORT_BURST

/* The port that the question came by; in a bridge the one where its sender was
 * heard last. */
static int port_for(const struct worker *w, const struct engine_conf *conf,
		    const struct answers_way *way, uint64_t now_ms)
{
	int port = PORT_NONE;

	if (conf->lans[way->lan].ifindex != way->ifindex)
		port = fdb_find(w->fdb, way->lan, &way->mac, now_ms);
	if (port < 0 || port >= (int)w->ports.n)
		port = ports_find(&w->ports, way->ifindex);
	return port;
}

static void send_one(struct worker *w, const struct engine_conf *conf,
		     const struct answers_reply *r, uint64_t now_ms)
{
	uint8_t frame[PKT_HEADROOM + UMEM_FRAME_SIZE];
	struct pkt p = { .data = frame + PKT_HEADROOM,
			 .room = UMEM_FRAME_SIZE,
			 .frame = PKT_NO_FRAME };
	int port;

	p.verdict = VERDICT_DROP;
	p.drop = DROP_TX_FULL;
	p.len = r->len;
	if (dns_tap_reply(conf, r, &p)) {
		port = port_for(w, conf, &r->way, now_ms);
		p.port = (uint8_t)port;
		if (port == PORT_NONE)
			p.verdict = VERDICT_DROP;
	}
	egress_send(&w->egress, conf, &p, now_ms);
	stats_tap(w->stats, &p, now_ms);
}

bool replies_send(struct worker *w, const struct engine_conf *conf,
		  uint64_t now_ms)
{
	struct answers_reply r;

	for (unsigned n = 0; w->answers && n < REPLIES_A_TURN; n++) {
		if (!answers_next_reply(w->answers, &r))
			return false;
		send_one(w, conf, &r, now_ms);
	}
	return w->answers;
}
