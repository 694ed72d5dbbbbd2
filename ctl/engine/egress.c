/* egress.c - sends what the NAT decided.
 * Called by worker.c. Engine thread.
 * Invariant: when egress_send() returns, the frame is the carrier's, and the
 * packet was sent, copied to wait, or has a reason to be dropped. */
#include "egress.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/bytes.h"

int egress_open(struct egress *e, int tun_fd)
{
	for (unsigned i = 0; i < ENGINE_PORTS_MAX; i++)
		egress_set_running(e, i, true);
	e->tun_fd = tun_fd;
	if (tun_fd >= 0)
		fcntl(tun_fd, F_SETFL, fcntl(tun_fd, F_GETFL) | O_NONBLOCK);
	/* Protocol 0: it sends and never receives. */
	e->bridge_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (e->bridge_fd < 0) {
		int rc = -errno;

		egress_close(e);
		return rc;
	}
	return 0;
}

void egress_close(struct egress *e)
{
	if (e->tun_fd >= 0)
		close(e->tun_fd);
	if (e->bridge_fd >= 0)
		close(e->bridge_fd);
	e->tun_fd = -1;
	e->bridge_fd = -1;
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

/* Through the kernel's bridge, which knows the port or floods. */
static bool bridge_send(const struct egress *e, uint32_t bridge,
			const struct mac *mac, const struct pkt *p)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)bridge,
				  .sll_halen = sizeof(mac->b) };

	memcpy(to.sll_addr, mac->b, sizeof(mac->b));
	return sendto(e->bridge_fd, p->data, p->len, MSG_DONTWAIT,
		      (struct sockaddr *)&to, sizeof(to)) >= 0;
}

/* The port that a bridged MAC was seen at, unless its cable is out: then the
 * bridge may know better. */
static int member_port(const struct egress *e, uint8_t lan,
		       const struct mac *mac, uint64_t now_ms)
{
	int port = fdb_find(e->fdb, lan, mac, now_ms);

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

static void transmit(struct egress *e, const struct engine_conf *conf,
		     struct pkt *p, const struct mac *mac, uint64_t now_ms)
{
	bool wan = p->out_side == SIDE_WAN, sent;
	uint32_t lan = wan ? 0 : conf->lans[p->out_lan].ifindex;
	int port = wan ? e->ports->wan : ports_find(e->ports, lan);

	if (port != PORT_NONE ? !runs(e, (unsigned)port)
			      : !bridge_runs(e, p->out_lan)) {
		drop(p, wan ? DROP_NO_WAN : DROP_NEIGH_FAILED);
		return;
	}
	if (port == PORT_NONE)
		port = member_port(e, p->out_lan, mac, now_ms);
	if (port != PORT_NONE)
		sent = port_send(e->ports, (unsigned)port, p);
	else
		sent = bridge_send(e, lan, mac, p);
	if (!sent)
		drop(p, DROP_TX_FULL);
}

static void tell(struct egress *e, enum engine_event_kind kind,
		 uint32_t ifindex, const struct addr *addr)
{
	const struct engine_event ev = { .kind = kind,
					 .ifindex = ifindex,
					 .addr = *addr };

	mailbox_event(e->mailbox, &ev);
}

static void forward(struct egress *e, const struct engine_conf *conf,
		    struct pkt *p, uint64_t now_ms)
{
	uint32_t ifindex = way_ifindex(e, conf, p);
	struct neigh_hop hop;

	if (!ifindex) {
		drop(p,
		     p->out_side == SIDE_WAN ? DROP_NO_WAN : DROP_NEIGH_FAILED);
		return;
	}
	hop = neigh_lookup(e->neigh, ifindex, &p->next_hop, now_ms);
	if (hop.ask)
		tell(e, EV_NEIGH_WANTED, ifindex, &p->next_hop);
	if (hop.used)
		tell(e, EV_NEIGH_USED, ifindex, &p->next_hop);
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
	transmit(e, conf, p, &hop.mac, now_ms);
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
		forward(e, conf, p, now_ms);
		break;
	case VERDICT_LOCAL:
		send_local(e, p);
		break;
	case VERDICT_DROP:
	case VERDICT_HELD:
		break;
	}
	if (p->verdict == VERDICT_DROP && p->drop == DROP_NEIGH_FAILED)
		answer_unreachable(e, conf, p, now_ms);
	port_free(e->ports, p);
}
