/* nat.h - the decision: what becomes of one packet.
 *
 * Pure: no sockets, no clock, no allocation after nat_new(). The same calls
 * serve every carrier, the unit tests and the fuzzer. Engine thread only. */
#ifndef ENGINE_NAT_H
#define ENGINE_NAT_H

#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "../../base/hash.h"
#include "../conf.h"
#include "../engine.h"
#include "../packet/icmp_error.h"
#include "../packet/pkt.h"

struct labels;
struct nat;

/* 'claimed' is the bitmap of abi.h, kept in step with the mappings; it must
 * outlive the NAT or be replaced with nat_bind_claimed(). 'key' and 'seed' are
 * random in the gateway and fixed in tests. NULL: out of memory. */
struct nat *nat_new(const struct engine_limits *limits,
		    const struct hash_key *key, uint64_t seed);
/* Likewise, with the records in a file (engine_new() tells how), and what the
 * last engine left there that is not over. */
struct nat *nat_new_kept(const struct engine_limits *limits,
			 const struct hash_key *key, uint64_t seed,
			 const struct engine_tables *tables, uint64_t now_ms);
void nat_free(struct nat *n);
/* Points the NAT at a bitmap and rebuilds it from the mappings. NULL: a
 * private one, as at the start. */
void nat_bind_claimed(struct nat *n, uint64_t *claimed);
/* The gate's bitmaps of what is the machine's own: fragments and held SYNs for
 * these go VERDICT_LOCAL. NULLs: nothing is. */
void nat_bind_local(struct nat *n, const uint64_t *local_open,
		    const uint64_t *local_own);

/* Before the first packet of a burst is processed: those that will be bear
 * VERDICT_FORWARD, the others something else. Only time is saved. */
#define NAT_BURST 64
void nat_prefetch(const struct nat *n, struct pkt *burst, unsigned count);

/* Decides and rewrites in place. Sets the third group of 'p' and returns
 * p->verdict. An answer of our own (ICMP error) takes the frame over:
 * VERDICT_FORWARD with PKT_REPLY toward where the packet came from, 'p->data'
 * moved; the packet it answers is counted through nat_drops(). A packet larger
 * than the way out leaves as fragments: the first in 'p', with 'l3_len' its
 * own, the others by nat_released(). One that the kernel routes ('p->routed')
 * keeps its TTL and its length. */
enum verdict nat_process(struct nat *n, const struct engine_conf *conf,
			 struct pkt *p, uint64_t now_ms);

/* The next packet that a nat_process() call set free (fragments whose first
 * one came, pieces of a packet that was too large, a held SYN), copied into
 * 'p->data' (room for 'p->room' bytes at least 2048) and already decided:
 * VERDICT_FORWARD or VERDICT_LOCAL. Headroom as in any frame. 'p->data',
 * 'p->room' and 'p->frame' are the caller's, the rest is the packet's own.
 * Call until false: none is left. */
bool nat_released(struct nat *n, const struct engine_conf *conf, struct pkt *p,
		  uint64_t now_ms);

/* Ends what is over, at most 'budget' entries. Returns the milliseconds until
 * the next call is due, UINT64_MAX: nothing to expire. Packets it drops
 * (fragments, held SYNs) are counted through nat_drops(). */
uint64_t nat_expire(struct nat *n, const struct engine_conf *conf,
		    uint64_t now_ms, unsigned budget);

/* The WAN address changed: old sessions end, mappings move. */
void nat_wan_changed(struct nat *n, const struct engine_conf *conf,
		     uint64_t now_ms);

/* Copies up to 'max' rows from '*cursor' (start at 0), looking at no more than
 * 'budget' slots; false once the table's end is reached. */
bool nat_flows(const struct nat *n, uint32_t *cursor, struct flow_row *out,
	       unsigned max, unsigned budget, unsigned *count, uint64_t now_ms);
bool nat_mappings(const struct nat *n, uint32_t *cursor,
		  struct mapping_row *out, unsigned max, unsigned budget,
		  unsigned *count, uint64_t now_ms);

/* Finds out by packets of 'proto' (TCP or UDP) that go nowhere which kind of
 * cone this NAT is now (nat_cone.c). false: it cannot be told, 'out->drop' says
 * why. */
bool nat_cone(struct nat *n, const struct engine_conf *conf, uint8_t proto,
	      struct cone_row *out, uint64_t now_ms);

/* Live counts, for engine_totals(). */
void nat_totals(const struct nat *n, uint32_t *mappings, uint32_t *sessions);

/* What happened besides forwarding and dropping, since nat_new(). */
struct nat_counters {
	uint64_t evicted;      /* sessions, mappings that gave way to others */
	uint64_t hold_yielded; /* ports given away before their hold-down */
	uint64_t moved;	       /* mappings whose port the machine now needs */
	uint64_t syn_used;     /* held SYNs that the inside came to meet */
};
void nat_counters(const struct nat *n, struct nat_counters *out);
/* Drops not tied to a packet in hand, by enum gate_drop; cleared by reading. */
void nat_drops(struct nat *n, struct drop_row *out, unsigned max);
/* Invariants: both hashes agree, claimed bits = mappings, session lists
 * whole. For tests and the fuzzer; false: broken. */
bool nat_check(const struct nat *n);

/* ---- names (nat_label.c) */

/* The number of the name that a session goes by, 0: none. */
uint32_t nat_label(const struct nat *n, uint32_t session);
/* Names it, if it still is the one that was meant. 'weak': unless it has a
 * name. */
void nat_set_label(struct nat *n, uint32_t session, uint32_t serial,
		   uint32_t label, bool weak);
/* Where sessions find their first names; NULL: nowhere. */
void nat_bind_labels(struct nat *n, const struct labels *labels);
/* The session that 'p' is of: ends, name, who began. false: it is another's by
 * now. */
bool nat_ends(const struct nat *n, const struct pkt *p,
	      struct engine_report *out);
uint32_t nat_serial(const struct nat *n, uint32_t session);
/* The LAN host whose share it counts to: its address; of IPv6 fe80:: and its
 * MAC address, or its /64 where that is not known. */
const struct addr *nat_owner(const struct nat *n, uint32_t session);
/* A host was told something, and has not waited for us to read that: what it
 * opened there since, by the name that it had been told before, gets the new
 * one. */
struct nat_told {
	struct mac mac; /* the host's; zero: unknown */
	struct addr host, remote;
	uint32_t before, label;
	uint64_t since_ms;
};
void nat_label_late(struct nat *n, const struct nat_told *t);
/* Of 'p', which is parsed, the headers alone are here: is it one that may say
 * which server is asked for, or answer for a resolver, so that all of it should
 * be? */
bool nat_wants_whole(const struct nat *n, const struct pkt *p);

/* DNS in the clear, by UDP (RFC 1035 4.2.1); what goes by that port in truth
 * shows later. */
static inline bool nat_is_dns(uint8_t proto, __be16 remote_port)
{
	return remote_port == htons(53) && proto == IPPROTO_UDP;
}

/* ---- the express lane (nat_express.c) */

struct express;
/* Who is told of sessions that end or expire; NULL: there is no lane. */
void nat_bind_express(struct nat *n, struct express *x);
/* Packets are lost before we see them: what is heavy shows by a part of them,
 * NAT_HURRY times fewer. */
#define NAT_HURRY 4
void nat_hurry(struct nat *n, bool hurry);

/* A ping is slow, and a scan asks many once or twice: after so many echoes that
 * were answered, however slowly, a session may be carried. */
#define NAT_ECHOES 4

/* A session with that remote is one of queries by an identifier, which is the
 * port of its inside and outside ends. eBPF carries the echoes among them. */
static inline bool nat_is_echo(uint8_t proto, const struct addr *remote)
{
	return proto == (addr_is_v4(remote) ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* The ICMP type that asks, and the one that answers. */
static inline uint8_t nat_echo_asks(const struct addr *remote)
{
	return addr_is_v4(remote) ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
}

static inline uint8_t nat_echo_answers(const struct addr *remote)
{
	return addr_is_v4(remote) ? ICMP_ECHO_ANSWER : ICMP6_ECHO_REPLY;
}

/* A session that eBPF may carry: its three ends (IPv6: outside is inside), and
 * where it leaves. */
struct nat_offer {
	uint8_t proto; /* TCP, UDP, or an echo's */
	uint8_t lan;   /* in conf.lans */
	uint32_t serial;
	struct endpoint inside, outside, remote;
	struct addr wan_hop;
};
/* false: it may not, or is carried already. 'again': even then. */
bool nat_offer(struct nat *n, uint32_t session, bool again,
	       struct nat_offer *out);
/* By its inside and remote end; sets 'o->serial'. 0: there is none that eBPF
 * may carry. */
uint32_t nat_find(const struct nat *n, struct nat_offer *o);
void nat_promoted(struct nat *n, uint32_t session, uint32_t pair);
/* Nothing happens if the session is another's by now. */
void nat_demoted(struct nat *n, uint32_t session, uint32_t serial);

/* What was carried past us one way, and when the last of it. */
struct nat_carried {
	uint64_t packets, bytes;
	uint64_t seen_ms;
};
/* Counts and moves timers, as nat_process() would have. false: that session is
 * over. */
bool nat_carried(struct nat *n, uint32_t session, uint32_t serial, unsigned way,
		 const struct nat_carried *c);

#endif
