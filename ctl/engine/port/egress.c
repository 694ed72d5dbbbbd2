/* egress.c - sends what the NAT decided.
 * Called by worker.c. Engine thread.
 * Invariant: when egress_send() returns, the frame is the carrier's, and the
 * packet was sent, copied to wait, or has a reason to be dropped. */
#include "egress.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../../base/bytes.h"
#include "../tap/capture.h"
#include "../packet/csum.h"
#include "mark.h"

void egress_open(struct egress *e, int tun_fd)
{
	for (unsigned i = 0; i < ENGINE_PORTS_MAX; i++)
		egress_set_running(e, i, true);
	e->tun_fd = tun_fd;
	if (tun_fd >= 0)
		fcntl(tun_fd, F_SETFL, fcntl(tun_fd, F_GETFL) | O_NONBLOCK);
}

void egress_close(struct egress *e)
{
	if (e->tun_fd >= 0)
		close(e->tun_fd);
	e->tun_fd = -1;
}

void egress_set_running(struct egress *e, unsigned port, bool running)
{
	atomic_store_explicit(&e->dead[port], !running, memory_order_relaxed);
}

static bool runs(const struct egress *e, unsigned port)
{
	return !atomic_load_explicit(&e->dead[port], memory_order_relaxed);
}

static void drop(struct pkt *p, enum gate_drop reason)
{
	p->verdict = VERDICT_DROP;
	p->drop = reason;
}

/* The layer-3 owner of the way out; 0: it is no more, since a packet may have
 * waited through a change. */
static uint32_t way_ifindex(const struct egress *e,
			    const struct engine_conf *conf, const struct pkt *p)
{
	if (p->out_side == SIDE_WAN)
		return e->ports->wan == PORT_NONE ? 0 : conf->wan.ifindex;
	return p->out_lan < conf->lans_n ? conf->lans[p->out_lan].ifindex : 0;
}

/* The Ethernet header goes right before the IP header, wherever that is now,
 * and the link's padding does not go along. */
static void write_ethernet(const struct engine_conf *conf, struct pkt *p,
			   const struct mac *to)
{
	const struct mac *from = p->out_side == SIDE_WAN
					 ? &conf->wan.mac
					 : &conf->lans[p->out_lan].mac;
	uint8_t *start = p->data + p->l3 - ETH_HLEN;
	struct wr w = wr_init(start, ETH_HLEN);

	wr_bytes(&w, to->b, sizeof(to->b));
	wr_bytes(&w, from->b, sizeof(from->b));
	wr_be16(&w, addr_is_v4(&p->next_hop) ? ETH_P_IP : ETH_P_IPV6);
	p->room = (uint32_t)(p->data + p->room - start);
	p->data = start;
	p->l4 = (uint16_t)(p->l4 - p->l3 + ETH_HLEN);
	p->l3 = ETH_HLEN;
	p->len = ETH_HLEN + p->l3_len;
}

/* The port that a bridged MAC was seen at, unless its cable is out: then the
 * bridge may know better. */
static int member_port(const struct egress *e, uint8_t lan, const struct pkt *p,
		       uint64_t now_ms)
{
	struct mac mac;
	int port;

	memcpy(&mac, p->data, sizeof(mac));
	port = fdb_find(e->fdb, lan, &mac, now_ms);
	if (port < 0 || port >= (int)e->ports->n || !runs(e, (unsigned)port))
		return PORT_NONE;
	return port;
}

/* The kernel's bridge takes frames also when it can send them nowhere. */
static bool bridge_runs(const struct egress *e, uint8_t lan)
{
	for (unsigned i = 0; i < e->ports->n; i++)
		if (!e->ports->ports[i].info.wan &&
		    e->ports->ports[i].info.lan == lan && runs(e, i))
			return true;
	return false;
}

/* The port that the way out is, PORT_NONE: a bridge. False: nothing is at its
 * other end, and the packet is dropped. */
static bool way_port(const struct egress *e, const struct engine_conf *conf,
		     struct pkt *p, int *port)
{
	bool wan = p->out_side == SIDE_WAN;

	*port = wan ? e->ports->wan
		    : ports_find(e->ports, conf->lans[p->out_lan].ifindex);
	if (*port != PORT_NONE ? runs(e, (unsigned)*port)
			       : bridge_runs(e, p->out_lan))
		return true;
	drop(p, wan ? DROP_NO_WAN : DROP_NEIGH_FAILED);
	return false;
}

/* A bridge knows the port of a MAC address that we do not, or floods. */
static void transmit(struct egress *e, const struct engine_conf *conf,
		     struct pkt *p, int port, uint64_t now_ms)
{
	uint32_t lan = conf->lans[p->out_lan].ifindex;
	struct capture_mark mark = { 0 };
	bool sent;

	if (p->out_side == SIDE_LAN)
		mark = capture_in(e->capture, conf, p, &p->host_mac);
	if (port == PORT_NONE)
		port = member_port(e, p->out_lan, p, now_ms);
	if (port != PORT_NONE)
		sent = port_send(e->ports, (unsigned)port, p);
	else
		sent = port_out_frame(&e->ports->out, lan, p);
	if (sent)
		return;
	drop(p, DROP_TX_FULL);
	capture_settle(e->capture, mark, p);
}

static void tell(struct egress *e, enum engine_event_kind kind,
		 uint32_t ifindex, const struct addr *addr)
{
	const struct engine_event ev = { .kind = kind,
					 .ifindex = ifindex,
					 .addr = *addr };

	mailbox_event(e->mailbox, &ev);
}

static struct neigh_hop look_up(struct egress *e, uint32_t ifindex,
				const struct addr *addr, uint64_t now_ms)
{
	struct neigh_hop hop = neigh_lookup(e->neigh, ifindex, addr, now_ms);

	if (hop.ask)
		tell(e, EV_NEIGH_WANTED, ifindex, addr);
	if (hop.used)
		tell(e, EV_NEIGH_USED, ifindex, addr);
	return hop;
}

/* As a frame, once the next hop's address is known. */
static void send_frame(struct egress *e, const struct engine_conf *conf,
		       struct pkt *p, uint32_t ifindex, int port,
		       uint64_t now_ms)
{
	struct neigh_hop hop = look_up(e, ifindex, &p->next_hop, now_ms);

	switch (hop.state) {
	case NEIGH_ASKED:
		if (neigh_wait(e->neigh, hop.slot, p, now_ms))
			p->verdict = VERDICT_HELD;
		else
			drop(p, DROP_NEIGH_QUEUE);
		return;
	case NEIGH_FAILED:
		drop(p, DROP_NEIGH_FAILED);
		return;
	case NEIGH_KNOWN:
		break;
	}
	write_ethernet(conf, p, &hop.mac);
	if (p->out_side == SIDE_LAN)
		p->host_mac = hop.mac;
	transmit(e, conf, p, port, now_ms);
}

/* The kernel finds the next hop; we are told, too, so that the host is known
 * that this is charged to, and that nobody goes on asking for a dead one. */
static void send_routed(struct egress *e, const struct engine_conf *conf,
			struct pkt *p, uint32_t ifindex, uint64_t now_ms)
{
	struct neigh_hop hop = look_up(e, ifindex, &p->next_hop, now_ms);

	if (hop.state == NEIGH_FAILED) {
		drop(p, DROP_NEIGH_FAILED);
		return;
	}
	if (p->side == SIDE_LAN)
		heard_note(&e->heard, &p->src, &p->host_mac);
	if (p->out_side == SIDE_LAN) {
		struct mac to = hop.state == NEIGH_KNOWN
					? hop.mac
					: heard_from(&e->heard, &p->next_hop);

		capture_in(e->capture, conf, p, &to);
		if (p->to_lan)
			p->host_mac = to;
	}
	port_accept(e->ports, p,
		    p->partial ? mark_of(conf, p) : GATE_MARK_DONE);
}

static void forward(struct egress *e, const struct engine_conf *conf,
		    struct pkt *p, uint64_t now_ms)
{
	uint32_t ifindex = way_ifindex(e, conf, p);
	int port;

	if (!ifindex) {
		drop(p,
		     p->out_side == SIDE_WAN ? DROP_NO_WAN : DROP_NEIGH_FAILED);
		return;
	}
	if (!way_port(e, conf, p, &port))
		return;
	if (p->routed)
		send_routed(e, conf, p, ifindex, now_ms);
	else if (port != PORT_NONE && e->ports->ports[port].info.ip_only) {
		if (!port_out_ip(&e->ports->out, ifindex, p))
			drop(p, DROP_TX_FULL);
	} else
		send_frame(e, conf, p, ifindex, port, now_ms);
}

/* Tells a LAN host that nobody answers for its next hop. Outside hosts learn
 * nothing about the LAN. */
static void answer_unreachable(struct egress *e, const struct engine_conf *conf,
			       struct pkt *p, uint64_t now_ms)
{
	uint64_t bytes = p->l3_len;

	if (p->side != SIDE_LAN || p->flags & PKT_REPLY)
		return;
	if (!icmp_error_build(p, conf, &e->icmp_limit, now_ms, ICMP_UNREACHABLE,
			      ICMP_HOST, 0))
		return;
	stats_drop(e->stats, DROP_NEIGH_FAILED, 1, bytes);
	forward(e, conf, p, now_ms);
}

/* What we send ourselves has nobody behind it to finish its checksum. */
static void finish_checksum(struct pkt *p)
{
	if (!p->csum_open || p->routed)
		return;
	csum_close(p->data + p->l4, p->proto,
		   p->l3_len - (uint32_t)(p->l4 - p->l3));
	p->csum_open = false;
}

static void send_local(const struct egress *e, struct pkt *p)
{
	if (e->tun_fd < 0 || write(e->tun_fd, p->data + p->l3, p->l3_len) < 0)
		drop(p, DROP_TX_FULL);
}

void egress_send(struct egress *e, const struct engine_conf *conf,
		 struct pkt *p, uint64_t now_ms)
{
	switch ((enum verdict)p->verdict) {
	case VERDICT_FORWARD:
		finish_checksum(p);
		forward(e, conf, p, now_ms);
		break;
	case VERDICT_LOCAL:
		finish_checksum(p);
		if (p->routed)
			port_pass(e->ports, p);
		else
			send_local(e, p);
		break;
	case VERDICT_ANSWERED:
		if (!port_send(e->ports, p->port, p))
			drop(p, DROP_TX_FULL);
		break;
	case VERDICT_DROP:
	case VERDICT_HELD:
		break;
	}
	if (p->verdict == VERDICT_DROP && p->drop == DROP_NEIGH_FAILED)
		answer_unreachable(e, conf, p, now_ms);
	port_free(e->ports, p);
}
