/* nat_core.h - the NAT's tables and how its files call each other. Included by
 * nat.c and nat_*.c alone.
 *
 *   nat.c ─► nat_route, nat_icmp ─► nat_flow ─► nat_map, nat_session
 *       └──► nat_frag ┘     └─► nat_path              └─► nat_host, nat_wheel
 *
 * A *mapping* is (protocol, inside address and port) <-> outside port, whoever
 * the remote is: full cone. A *session* is one remote under a mapping and has
 * the timer, the TCP state and the counters. UDP and ICMP sessions never
 * outlive their mapping's time, which only the inside refreshes (RFC 4787
 * REQ-6). A TCP mapping lives as long as a session that the inside takes part
 * in; those that strangers opened outlast the last such one by a transitory
 * time at most. Protocols without ports have sessions and no mapping: one
 * inside host per remote. IPv6 has sessions alone: nothing is translated.
 *
 * Records have numbers from 1, 0 is none. All are of the engine thread. */
#ifndef ENGINE_NAT_CORE_H
#define ENGINE_NAT_CORE_H

#include <linux/types.h>

#include "../../../bpf/abi.h"
#include "../../../bpf/rewrite.h"
#include "../packet/frag.h"
#include "hold.h"
#include "../packet/icmp_error.h"
#include "../tap/labels.h"
#include "nat.h"
#include "nat_file.h"
#include "nat_hash.h"
#include "nat_ports.h"
#include "nat_slab.h"
#include "nat_tcp.h"

#define NAT_HOSTS_MAX	 4096 /* LAN addresses with sessions */
#define NAT_MAPPINGS_MAX PORTS_SPACE
#define NAT_DEVICES_MAX	 64 /* of a /64 that count by their MAC address */
#define NAT_NETS	 64 /* counters of those; /64s may share one */
#define NAT_TICK_MS	 1000
#define NAT_TICKS	 1024 /* longer deadlines are looked at once a turn */
#define NAT_LRU_MS	 1000 /* how exact "longest idle" is */

/* Place in the wheel; 'slot' is 0 when in none, else one more than it. */
struct nat_timer {
	uint32_t next, prev;
	uint16_t slot;
};

/* What outlives the process stands in records that a file may hold (nat_file);
 * they are whole as long as their mark is set, which is set last and cleared
 * first. Everything else is made from them: hashes, lists, the wheel. */
struct mapping {
	/* made anew */
	uint32_t sessions;	/* head of the list */
	uint32_t wanted;	/* how many of them are on HOST_WANTED */
	struct nat_timer timer; /* runs while there are no sessions */
	uint16_t host;

	uint8_t bits;	   /* enum gate_bits: TCP, UDP or ICMP */
	uint8_t live;	   /* the mark; a file may hold anything, so no bool */
	uint8_t fixed;	   /* the owner's: never ends, never moves */
	uint8_t forwarded; /* is fixed, or was: may share its inside end */
	__be16 inside_port;
	__be16 outside_port;
	struct addr inside;
	uint64_t deadline_ms; /* TCP: of no weight while it is wanted */
	uint64_t last_ms;
};

/* Finds a session from either side, by both its ends. Without ports there is
 * one inside host per remote: 'local' is zero. Hashed and compared as bytes: no
 * implicit padding. */
struct session_key {
	struct addr remote;
	struct addr local;
	union {
		struct {
			__be16 remote_port,
				local_port; /* ICMP query: the identifier */
			uint8_t proto;
			uint8_t pad[3];
		};
		uint64_t rest; /* all of these */
	};
};

enum host_list {
	HOST_WANTED,  /* sessions that the inside takes part in */
	HOST_UNASKED, /* opened from outside and not answered yet */
	HOST_LISTS
};

/* Sessions by their last use, to within NAT_LRU_MS. Each stands in its host's
 * list of those; the unasked ones of all hosts stand in one more. */
struct nat_recency {
	uint32_t newest, oldest;
	uint32_t n;
};
enum nat_recency_of { RECENCY_HOST, RECENCY_UNASKED, RECENCIES };

struct session {
	struct session_key key;
	uint64_t deadline_ms;
	uint64_t last_ms;
	uint32_t map;	 /* 0: its protocol has no ports, or it is IPv6 */
	uint32_t lru_ms; /* low bits of the clock */

	struct addr owner;	       /* whose share it is of */
	uint64_t packets[2], bytes[2]; /* by enum nat_dir */
	uint64_t created_ms;
	uint32_t serial; /* the mark; tells a record's users apart */
	struct tcp_track tcp;
	uint8_t list : 1;  /* enum host_list */
	uint8_t epoch : 1; /* of the WAN address; IPv6: of no weight */
};

/* How heavy a session is, and the pair that carries it: every packet looks
 * here. */
struct nat_watch {
	uint32_t since_ms; /* the window's begin, low bits */
	uint16_t packets;  /* in it; see weigh_echo() for echoes */
	uint16_t pair;	   /* of the express lane, 0: the engine carries it */
	uint32_t label;	   /* a name's number (base/names.h), 0: none; see
			    * nat_label_put() */
	/* What its first packets may tell yet; all zero: nothing. */
	uint32_t rtt_us : 27; /* when 'rtt_step' began, low bits */
	uint32_t rtt_step : 3;
	uint32_t hellos : 2; /* of TLS or QUIC, to come; DNS: while it is */
};
#define NAT_HELLOS   3
#define NAT_WATCH_MS 1000

/* A session's place in the lists, and what is watched of it, in a cache line
 * beside the records. */
struct session_links {
	uint32_t host;
	uint32_t map_next, map_prev; /* in the mapping's */
	struct {
		uint32_t newer, older;
	} recency[RECENCIES];
	struct nat_timer timer;
	struct nat_watch watch;
	uint64_t pad;
};

/* A mapping's place in its host's queue, beside the records likewise. */
struct map_links {
	uint32_t newer, older;
};

struct map_queue {
	uint32_t newest, oldest;
	uint32_t n;
};

struct host {
	uint32_t sessions, mappings;
	bool pinned;	  /* stays, even with neither */
	uint8_t net;	  /* a device: its place in 'devices', from 1 */
	struct addr addr; /* of IPv6 hosts see owner_of() in nat6.c */
	struct nat_recency lists[HOST_LISTS];
	struct map_queue maps[GATE_BITS_PROTOS];
};

/* What the default limits cost, of which the waiting rooms are the same for
 * any. There is up to a bucket for three records, and for each record a link
 * and a place among the free ones. */
#define NAT_BUDGET (128u << 20)
#define NAT_BUCKETS                                                            \
	(sizeof(struct nat_bucket) / 3 + sizeof(struct nat_chain) +            \
	 sizeof(uint32_t))
#define NAT_MAPPING_COST                                                       \
	(sizeof(struct mapping) + NAT_BUCKETS + sizeof(uint32_t) +             \
	 sizeof(struct map_links) + sizeof(struct port_hold))
#define NAT_SESSION_COST                                                       \
	(sizeof(struct session) + sizeof(struct session_links) + NAT_BUCKETS + \
	 sizeof(uint32_t))
#define NAT_HOST_COST (sizeof(struct host) + NAT_BUCKETS)
#define NAT_WAITING_COST                                                       \
	(PKTBUF_MAX * sizeof(struct pktbuf) + 2 * sizeof(struct frag_pool) +   \
	 sizeof(struct hold))

_Static_assert(sizeof(struct mapping) == 64, "a mapping is a cache line");
_Static_assert(sizeof(struct session_links) == 64, "and one beside them");
_Static_assert(NAT_HOSTS_MAX <= UINT16_MAX, "mapping.host holds a number");
_Static_assert(sizeof(struct session) == 128, "a session is two");
_Static_assert(offsetof(struct session, owner) == 64, "the first finds it");
_Static_assert(sizeof(struct session_key) == 40, "hashed as bytes");
_Static_assert(GATE_BITS_PROTOS * 65536ull * NAT_MAPPING_COST +
			       262144ull * NAT_SESSION_COST +
			       NAT_HOSTS_MAX * NAT_HOST_COST +
			       NAT_WAITING_COST + sizeof(struct ports) <
		       NAT_BUDGET,
	       "the default tables fit their budget");

struct nat_wheel {
	uint32_t heads[NAT_TICKS];
	uint64_t busy[NAT_TICKS / 64]; /* slots that are not empty */
	uint64_t tick;		       /* first that may still be due */
	uint32_t armed;
};

struct nat {
	/* immutable after nat_new() */
	struct hash_key key;
	uint32_t mappings_max; /* of one protocol */
	struct nat_file file;  /* the records */
	void *memory;	       /* what is made from them */
	size_t memory_len;
	struct session_links *links; /* by session */
	struct map_links *map_links; /* by mapping */
	uint32_t *outside; /* [bits * PORTS_SPACE + port] -> mapping */
	uint64_t *own_claimed;

	/* borrowed */
	uint64_t *claimed;
	const uint64_t *local_open, *local_own;

	struct express *express;
	bool hurry; /* see nat_hurry() */
	const struct labels *labels;

	/* of the call in progress */
	const struct engine_conf *conf;
	uint64_t now_ms;
	bool adopting; /* nobody gives way */

	/* tables */
	struct slab maps, sessions, hosts;
	struct nat_hash map_hash, session_hash, host_hash;
	uint32_t mappings[GATE_BITS_PROTOS];	/* live ones */
	uint32_t forwards[ENGINE_FORWARDS_MAX]; /* mappings that are fixed */
	unsigned forwards_n;
	uint64_t ports_moved; /* outside ports that got an owner, ever */
	struct nat_recency unasked;
	uint32_t largest; /* the host with most sessions, as far as known */
	uint32_t most[GATE_BITS_PROTOS]; /* likewise, with most mappings */
	uint32_t looked; /* the host that was last compared with those */
	uint16_t devices[NAT_NETS]; /* hosts by MAC address */
	uint32_t serial;
	struct nat_wheel wheel;
	struct ports ports;

	/* waiting rooms */
	struct pktbufs bufs;
	struct frag_pool frags[2]; /* by enum side */
	struct hold hold;

	/* what the last conf said */
	uint64_t generation;
	const struct engine_conf *seen;
	__be32 wan_addr;
	uint8_t epoch;	/* turns with the WAN address */
	uint32_t swept; /* sessions of the last epoch up to here are gone */
	bool sweeping;

	struct icmp_limit icmp_limits[2]; /* by enum side of the sender */
	uint64_t echo_window_ms;
	unsigned echoes; /* of strangers, in the window */
	struct gate_count drops[DROP_REASONS];
	struct nat_counters counters;
};

static inline struct mapping *nat_map_at(const struct nat *n, uint32_t i)
{
	return slab_at(&n->maps, i);
}

static inline struct session *nat_session_at(const struct nat *n, uint32_t i)
{
	return slab_at(&n->sessions, i);
}

static inline struct host *nat_host_at(const struct nat *n, uint32_t i)
{
	return slab_at(&n->hosts, i);
}

static inline struct session_links *nat_links_at(const struct nat *n,
						 uint32_t i)
{
	return &n->links[i];
}

static inline struct nat_watch *nat_watch_at(const struct nat *n, uint32_t i)
{
	return &nat_links_at(n, i)->watch;
}

static inline uint32_t nat_map_number(const struct nat *n,
				      const struct mapping *m)
{
	return (uint32_t)(m - nat_map_at(n, 0));
}

static inline uint32_t nat_session_number(const struct nat *n,
					  const struct session *s)
{
	return (uint32_t)(s - nat_session_at(n, 0));
}

/* nat_adopt.c - into empty tables, what 'old' holds. -EBADMSG: the tables are
 * no good; -ENOMEM: nor whole. */
int nat_adopt(struct nat *n, const struct nat_file *old, uint64_t now_ms);

/* nat_wheel.c - one timer for each session and idle mapping. An id is a
 * session's number, or a mapping's with NAT_ID_MAP set. */
#define NAT_ID_MAP 0x80000000u
void nat_wheel_arm(struct nat *n, uint32_t id, uint64_t due_ms);
void nat_wheel_disarm(struct nat *n, uint32_t id);
/* The next whose slot has come, disarmed; 0: none at this time. */
uint32_t nat_wheel_pop(struct nat *n);
uint64_t nat_wheel_due(const struct nat *n);

/* nat_host.c - LAN hosts and their shares. */
/* Finds or makes; 0: full. Another host may end for it, never one that is
 * pinned. 'inside' is the address it uses, be it known by that or not. */
uint32_t nat_host_get(struct nat *n, const struct addr *addr,
		      const struct addr *inside);
/* Its number; 0: unknown. */
uint32_t nat_host_lookup(const struct nat *n, const struct addr *addr);
/* A device of the net of 'inside': is it known, or may one more be? */
bool nat_host_admits(const struct nat *n, const struct addr *device,
		     const struct addr *inside);
void nat_host_map(struct nat *n, const struct mapping *m);
void nat_host_unmap(struct nat *n, const struct mapping *m);
/* Who has most mappings of a protocol, as far as known. */
struct host *nat_host_most(struct nat *n, enum gate_bits bits);
/* Forgets a host that has nothing. */
void nat_host_put(struct nat *n, uint32_t host);
void nat_host_link(struct nat *n, struct session *s, enum host_list list);
void nat_host_unlink(struct nat *n, struct session *s);
void nat_host_touch(struct nat *n, struct session *s, enum host_list list);
/* Is there room for one more, in the host's share and in the table, after
 * longest idle sessions went if need be? What the outside opens pushes out only
 * its like. The mapping 'keep' stays. false: '*why' says what is full. */
bool nat_host_room(struct nat *n, uint32_t host, enum nat_dir dir,
		   const struct mapping *keep, enum gate_drop *why);

/* nat_map.c - mappings. Pointers are good until something ends. */
/* 'hash' is nat_map_hash()'s of the inside end. */
struct mapping *nat_map_inside(struct nat *n, enum gate_bits bits,
			       const struct addr *addr, __be16 port,
			       uint64_t hash);
struct mapping *nat_map_outside(struct nat *n, enum gate_bits bits,
				__be16 port);
/* Its number, be its time over or not; changes nothing. Where forwards share
 * the inside end, one that stands goes before all others. */
uint32_t nat_map_lookup(const struct nat *n, enum gate_bits bits,
			const struct addr *addr, __be16 port, uint64_t hash);
/* What is exhausted costs the host that has most a mapping, if that is more
 * than this one's. NULL: '*why' says what is exhausted. */
struct mapping *nat_map_open(struct nat *n, enum gate_bits bits,
			     const struct addr *addr, __be16 port,
			     uint64_t hash, enum gate_drop *why);
/* Likewise at that outside port, reserved or not. NULL: somebody has it, or the
 * tables are full. */
struct mapping *nat_map_open_at(struct nat *n, enum gate_bits bits,
				const struct addr *addr, __be16 port,
				__be16 outside);
/* Of its inside end. */
uint64_t nat_map_hash(const struct nat *n, enum gate_bits bits,
		      const struct addr *addr, __be16 port);
/* With all its sessions. */
void nat_map_end(struct nat *n, struct mapping *m);
/* Ends its sessions alone. It waits for new ones: a TCP mapping as long as a
 * connection takes to come about, the others for their time. */
void nat_map_reset(struct nat *n, struct mapping *m);
/* Likewise, and to another outside port. */
void nat_map_move(struct nat *n, struct mapping *m);
void nat_map_claim(const struct nat *n, const struct mapping *m, bool on);
/* Puts a record that is filled in, its port taken, into hash and bitmap. */
void nat_map_enrol(struct nat *n, struct mapping *m, uint32_t host,
		   uint64_t hash);

/* nat_forward.c - the owner's mappings, as the conf has them. */
void nat_forward_apply(struct nat *n);
/* One that a file had: fixed until a conf says otherwise. */
void nat_forward_fixed(struct nat *n, struct mapping *m);

/* nat_session.c - sessions. */
struct session_key nat_key(const struct addr *remote, __be16 remote_port,
			   const struct addr *local, __be16 local_port,
			   uint8_t proto);
/* Of a packet from the inside; of one from 'remote' to a mapping; of a protocol
 * without ports. */
struct session_key nat_key_out(const struct pkt *p);
struct session_key nat_key_mapped(const struct mapping *m,
				  const struct addr *remote, __be16 port);
struct session_key nat_key_passed(uint8_t proto, const struct addr *remote);
uint64_t nat_session_hash(const struct nat *n, const struct session_key *key);
/* NULL: none, or its time is over. */
struct session *nat_session_find(struct nat *n, const struct session_key *key,
				 uint64_t hash);
/* Its number, be its time over or not; changes nothing. */
uint32_t nat_session_lookup(const struct nat *n, const struct session_key *key,
			    uint64_t hash);
/* 'm' is NULL for what is not mapped. NULL: '*why' says what is exhausted. */
struct session *nat_session_open(struct nat *n, const struct session_key *key,
				 uint64_t hash, struct mapping *m,
				 const struct addr *owner, enum nat_dir dir,
				 enum gate_drop *why);
/* Puts a record that is filled in into hash, lists and wheel. */
void nat_session_enrol(struct nat *n, struct session *s, uint64_t hash,
		       uint32_t host);
void nat_session_end(struct nat *n, struct session *s);
/* It is of a WAN address that is no more. */
bool nat_session_is_stale(const struct nat *n, const struct session *s);
/* Ends it; its mapping waits for new ones. */
void nat_session_end_stale(struct nat *n, struct session *s);
uint64_t nat_session_deadline(const struct nat *n, const struct session *s);
const struct addr *nat_session_inside(const struct session *s);
/* A packet of the session has passed: counters, state, timers. */
void nat_session_touch(struct nat *n, struct session *s, enum nat_dir dir,
		       struct pkt *p);
/* Counted alone: ICMP errors and later fragments refresh nothing. */
void nat_session_count(struct session *s, enum nat_dir dir, uint64_t packets,
		       uint64_t bytes);
/* The timers as if a packet had passed at 'seen_ms'. */
void nat_session_carried(struct nat *n, struct session *s, enum nat_dir dir,
			 uint64_t seen_ms);

/* nat_express.c - which sessions are heavy, and carried by the lane. */
void nat_watch(struct nat *n, const struct session *s, enum nat_dir dir,
	       struct pkt *p);
void nat_watch_settle(struct nat *n, const struct session *s);
void nat_watch_end(struct nat *n, const struct session *s);

/* nat_label.c - calls the session so, here and in the file. */
void nat_label_put(struct nat *n, uint32_t session, uint32_t label);

/* nat_notice.c - what the first packets of a session tell. 'fresh': 'p' opened
 * it. */
void nat_notice_first(struct nat *n, const struct session *s, enum nat_dir dir,
		      bool fresh, struct pkt *p);

static inline void nat_notice(struct nat *n, const struct session *s,
			      enum nat_dir dir, bool fresh, struct pkt *p)
{
	const struct nat_watch *w = nat_watch_at(n, nat_session_number(n, s));

	if (fresh || w->rtt_step || w->hellos)
		nat_notice_first(n, s, dir, fresh, p);
}

/* nat_flow.c - the session a packet belongs to, made if it may be; it ends at
 * once unless it is touched. NULL: 'p' has its verdict. */
struct session *nat_flow_out(struct nat *n, struct pkt *p, enum gate_bits bits);
struct session *nat_flow_in(struct nat *n, struct pkt *p, struct mapping *m,
			    const struct addr *remote, __be16 port);
struct session *nat_flow_passed_out(struct nat *n, struct pkt *p);

/* nat_route.c - a packet with its L4 header, from one side to the other. */
/* May it be here at all? false: dropped. */
bool nat_admit(struct nat *n, struct pkt *p);
void nat_route(struct nat *n, struct pkt *p);

/* nat_path.c - the steps of every way. */
void nat_drop(struct pkt *p, enum gate_drop why);
void nat_local(struct pkt *p);
/* Tells the sender, if that is allowed; else drops. */
void nat_refuse(struct nat *n, struct pkt *p, enum gate_drop why,
		enum icmp_type type, enum icmp_code code, uint16_t mtu);
/* The bits of a protocol with ports or identifiers; GATE_BITS_PROTOS: none. */
enum gate_bits nat_bits(uint8_t proto);
/* A socket of the machine's own waits at that port. */
bool nat_is_local(const struct nat *n, enum gate_bits bits, __be16 port);
/* Whose packet it is: the LAN host, the session, and a hairpin's other one. */
void nat_charge(struct nat *n, struct pkt *p, const struct addr *device,
		enum nat_dir dir, const struct session *s,
		const struct session *peer);
/* Where it leaves. false: dropped, there is no way. */
bool nat_to_wan(struct nat *n, struct pkt *p);
bool nat_to_lan(struct nat *n, struct pkt *p, const struct addr *host);
uint16_t nat_mtu_out(const struct nat *n, const struct pkt *p);
/* TTL and size allow it to leave; else refused. */
bool nat_may_leave(struct nat *n, struct pkt *p);
bool nat_is_too_big(const struct nat *n, const struct pkt *p);
/* Rewrites and lets go, in pieces if it is too large. IPv6 stays as it is: 'to'
 * is of no weight. */
void nat_leave(struct nat *n, struct pkt *p, const struct rewrite_tuple *to);

/* nat_icmp.c - ICMP errors, by the packet they quote. */
void nat_icmp_error(struct nat *n, struct pkt *p);

/* nat6.c - IPv6, likewise. */
bool nat_admit6(struct nat *n, struct pkt *p);
void nat_route6(struct nat *n, struct pkt *p);
bool nat_to_wan6(struct nat *n, struct pkt *p);
bool nat_to_lan6(struct nat *n, struct pkt *p);
void nat_leave6(struct pkt *p);
struct session_key nat_key_in6(const struct pkt *p);
void nat_icmp6_error(struct nat *n, struct pkt *p); /* nat_icmp6.c */

/* nat_frag.c - fragments, by their datagram's first. */
void nat_frag_process(struct nat *n, struct pkt *p);
/* One that waited. */
void nat_frag_again(struct nat *n, struct pkt *p);

#endif
