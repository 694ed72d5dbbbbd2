/* nat_cone.c - which kind of cone the NAT is: it is asked, by packets that go
 * nowhere, what it would do with them.
 *
 * Called by dump.c, for who looks at the page. The packets are made, parsed and
 * decided like any other, in the tables that carry the house, with its ports,
 * its limits and its forwards; then they are read and thrown away, and what
 * they opened is ended. Two addresses of the LAN that nobody speaks from and
 * two of documentation (RFC 5737) stand in for hosts. Engine thread only. */
#include <netinet/in.h>
#include <string.h>

#include "../../base/bytes.h"
#include "../packet/csum.h"
#include "../packet/parse.h"
#include "nat_core.h"
#include "nat_tcp.h"

#define REMOTE	   0xc0000201 /* 192.0.2.1 */
#define STRANGER   0xc6336401 /* 198.51.100.1 */
#define PORT	   3478
#define OTHER_PORT 3479 /* a stranger's */
#define THIRD_PORT 3480

#define FRAME	    128
#define ETHER	    14
#define IPV4	    20
#define TCP	    20
#define UDP	    8
#define PORTS_FIRST 49152
#define PORTS_TRIED 256
#define HOSTS_TRIED 256
#define SESSIONS    8 /* at most as many are opened at a time */

struct ask {
	enum side side;
	uint8_t proto;
	uint32_t src, dst;
	uint16_t sport, dport;
};

/* What left; all zero: nothing did. */
struct left {
	uint32_t src, dst;
	uint16_t sport, dport;
};

/* The two hosts at home, and where one of them speaks from. */
struct stage {
	struct nat *n;
	uint64_t now_ms;
	enum gate_bits bits;
	uint8_t proto;
	uint32_t host, other;
	uint16_t port;
};

static void write_l4(struct wr *w, const struct ask *a)
{
	wr_be16(w, a->sport);
	wr_be16(w, a->dport);
	if (a->proto == IPPROTO_UDP) {
		wr_be16(w, UDP);
		wr_be16(w, 0);
		return;
	}
	wr_be32(w, 1);
	wr_be32(w, 0);
	wr_u8(w, TCP / 4 << 4);
	wr_u8(w, TCP_SYN);
	wr_be16(w, 0xffff);
	wr_be32(w, 0);
}

/* An Ethernet frame without payload; its length. */
static uint32_t write_frame(uint8_t *frame, const struct ask *a)
{
	struct wr w = wr_init(frame, FRAME);

	wr_zero(&w, ETHER - 2);
	wr_be16(&w, 0x0800);
	wr_be16(&w, 0x4500);
	wr_be16(&w, IPV4 + (a->proto == IPPROTO_UDP ? UDP : TCP));
	wr_be32(&w, 0);
	wr_u8(&w, 64);
	wr_u8(&w, a->proto);
	wr_be16(&w, 0);
	wr_be32(&w, a->src);
	wr_be32(&w, a->dst);
	rewrite_store16(frame + ETHER + IPV4_CSUM,
			csum_of(frame + ETHER, IPV4));
	write_l4(&w, a);
	return (uint32_t)wr_len(&w);
}

/* What the NAT made of it. */
static struct left decide(const struct stage *s, const struct ask *a,
			  uint8_t *drop)
{
	_Alignas(8) uint8_t memory[PKT_HEADROOM + FRAME] = { 0 };
	struct pkt p = { .data = memory + PKT_HEADROOM,
			 .room = FRAME,
			 .side = (uint8_t)a->side,
			 .frame = PKT_NO_FRAME };
	struct left left;
	struct rd r;

	p.len = write_frame(p.data, a);
	*drop = DROP_MALFORMED;
	if (!parse(&p))
		return (struct left){ 0 };
	if (nat_process(s->n, s->n->conf, &p, s->now_ms) != VERDICT_FORWARD ||
	    p.flags & PKT_REPLY) {
		*drop = p.drop;
		return (struct left){ 0 };
	}
	r = rd_init(p.data + p.l3 + IPV4_SRC, 8 + 4);
	left.src = rd_be32(&r);
	left.dst = rd_be32(&r);
	left.sport = rd_be16(&r);
	left.dport = rd_be16(&r);
	return left;
}

/* A host at home speaks; the port that the world sees, 0: none. */
static uint16_t speak(const struct stage *s, uint32_t host, uint32_t to,
		      uint16_t port, uint8_t *drop)
{
	const struct ask a = { SIDE_LAN, s->proto, host, to, s->port, port };
	struct left left = decide(s, &a, drop);

	return left.src == ntohl(s->n->conf->wan.addr) ? left.sport : 0;
}

/* Whether somebody in the world reaches the first host by 'outside', of which
 * the gate knows, too: what it does not claim never comes here. */
static bool reaches(const struct stage *s, uint32_t from, uint16_t port,
		    uint16_t outside)
{
	const struct ask a = { SIDE_WAN, s->proto,
			       from,	 ntohl(s->n->conf->wan.addr),
			       port,	 outside };
	uint64_t word = __atomic_load_n(
		&s->n->claimed[gate_bits_word(s->bits, outside)],
		__ATOMIC_RELAXED);
	struct left left;
	uint8_t drop;

	if (!(word & gate_bits_mask(outside)))
		return false;
	left = decide(s, &a, &drop);
	return left.dst == s->host && left.dport == s->port &&
	       left.src == from && left.sport == port;
}

/* RFC 4787 REQ-9: the second host reaches the first by the WAN address, and is
 * seen as the world would see it. */
static bool hairpins(const struct stage *s, uint16_t outside)
{
	uint32_t wan = ntohl(s->n->conf->wan.addr);
	const struct ask a = { SIDE_LAN, s->proto, s->other,
			       wan,	 s->port,  outside };
	uint8_t drop;
	struct left left = decide(s, &a, &drop);

	return left.dst == s->host && left.dport == s->port && left.src == wan;
}

/* ---- before and after */

static struct mapping *mapping_of(const struct stage *s, uint32_t host)
{
	struct addr addr = addr_v4(htonl(host));
	__be16 port = htons(s->port);

	return nat_map_inside(s->n, s->bits, &addr, port,
			      nat_map_hash(s->n, s->bits, &addr, port));
}

/* A port that neither of the two uses, and nobody outside. */
static bool find_port(struct stage *s)
{
	for (unsigned i = 0; i < PORTS_TRIED; i++) {
		s->port =
			(uint16_t)(PORTS_FIRST + (s->now_ms + 64 * i) %
							 (65536 - PORTS_FIRST));
		if (!mapping_of(s, s->host) && !mapping_of(s, s->other) &&
		    !nat_map_outside(s->n, s->bits, htons(s->port)))
			return true;
	}
	return false;
}

/* One that nobody speaks from: a host would lose connections of its share. 0:
 * there is none. */
static uint32_t stand_in(const struct stage *s, uint32_t from, uint32_t first)
{
	uint32_t own = ntohl(s->n->conf->lans[0].addr);

	for (unsigned i = 0; i < HOSTS_TRIED && from >= first; i++, from--) {
		struct addr addr = addr_v4(htonl(from));

		if (from != own && !nat_host_lookup(s->n, &addr))
			return from;
	}
	return 0;
}

/* The last two such addresses of the first LAN. */
static bool find_hosts(struct stage *s)
{
	const struct conf_lan *lan = &s->n->conf->lans[0];
	uint32_t mask = ntohl(lan->mask), first = ntohl(lan->net) + 1;

	if (!s->n->conf->lans_n || ~mask < 7)
		return false;
	s->host = stand_in(s, (ntohl(lan->net) | ~mask) - 1, first);
	s->other = s->host ? stand_in(s, s->host - 1, first) : 0;
	return s->other;
}

/* What the owner allows, 0: as many as there are. */
static uint32_t lesser(uint32_t allowed, uint32_t max)
{
	return allowed && allowed < max ? allowed : max;
}

/* Nobody else shall lose anything for this. */
static bool has_room(const struct stage *s)
{
	const struct nat *n = s->n;
	uint32_t sessions = lesser(n->conf->sessions_max, n->sessions.max);
	uint32_t mappings = lesser(n->conf->mappings_max, n->mappings_max);

	return n->hosts.used + 2 <= NAT_HOSTS_MAX &&
	       n->sessions.used + SESSIONS <= sessions &&
	       n->mappings[s->bits] + 2 <= mappings;
}

static void clear(const struct stage *s)
{
	struct mapping *m = mapping_of(s, s->host);

	if (m)
		nat_map_end(s->n, m);
	m = mapping_of(s, s->other);
	if (m)
		nat_map_end(s->n, m);
}

/* ---- the questions of RFC 5780, to one side of which we are ourselves */

static enum cone grade(bool same_address, bool any)
{
	if (any)
		return CONE_INDEPENDENT;
	return same_address ? CONE_ADDRESS : CONE_ADDRESS_AND_PORT;
}

static void ask_all(const struct stage *s, struct cone_row *row)
{
	uint8_t ignored;
	uint16_t outside = speak(s, s->host, REMOTE, PORT, &row->drop);
	uint16_t there, elsewhere;
	bool near, far;

	row->works = outside;
	if (!outside)
		return;
	row->port_kept = outside == s->port;
	/* Before it has spoken with anybody else. */
	far = reaches(s, STRANGER, OTHER_PORT, outside);
	near = reaches(s, REMOTE, OTHER_PORT, outside);
	row->filtering = grade(near, far);
	there = speak(s, s->host, REMOTE, THIRD_PORT, &ignored);
	elsewhere = speak(s, s->host, STRANGER, THIRD_PORT, &ignored);
	row->mapping = grade(there == outside,
			     there == outside && elsewhere == outside);
	row->hairpin = hairpins(s, outside);
}

bool nat_cone(struct nat *n, const struct engine_conf *conf, uint8_t proto,
	      struct cone_row *out, uint64_t now_ms)
{
	struct stage s = { .n = n,
			   .now_ms = now_ms,
			   .proto = proto,
			   .bits = nat_bits(proto) };

	nat_wan_changed(n, conf, now_ms);
	*out = (struct cone_row){ .proto = proto, .drop = DROP_TABLE_FULL };
	if (!conf->wan.up || !conf->wan.addr) {
		out->drop = DROP_NO_WAN;
		return false;
	}
	if (!find_hosts(&s) || !has_room(&s) || !find_port(&s))
		return false;
	ask_all(&s, out);
	clear(&s);
	return out->works;
}
