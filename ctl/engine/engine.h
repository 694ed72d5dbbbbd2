/* engine.h - the data path as the rest of the house sees it.
 *
 * Lifecycle, all on the control thread:
 *   engine_new -> engine_open_ports -> engine_start -> … -> engine_stop ->
 *   engine_close_ports -> engine_free
 * Ports change only while stopped (engine_change_ports for some of them);
 * mappings and sessions stay from stop to
 * start. While it runs, the two threads meet in engine_publish (snapshot),
 * engine_command (ring in), engine_next_event and engine_next_report (rings
 * out) and the counters, and nowhere else. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/drop.h"
#include "../base/error.h"
#include "../base/traffic.h"
#include "tap/captured.h"
#include "conf.h"

struct engine;
struct answers;

/* Capacities; memory is reserved at once and touched only as used. */
struct engine_limits {
	uint32_t mappings; /* for each protocol, at most 65536 */
	uint32_t sessions;
	uint32_t devices; /* LAN hosts with counters */
};
#define ENGINE_LIMITS_DEFAULT                                                  \
	{                                                                      \
		.mappings = 65536, .sessions = 262144, .devices = 1024         \
	}

/* What the gate lends: borrowed until engine_close_ports(). */
struct engine_gate {
	int xsks_fd;		    /* XSKMAP, slot * GATE_QUEUES_MAX + queue */
	uint64_t *claimed;	    /* mmap'ed, engine writes */
	const uint64_t *local_open; /* mmap'ed, engine reads */
	const uint64_t *local_own;

	/* the express lane; NULL: there is none */
	int express4_fd, express6_fd;
	struct express_flow *express_flow;   /* mmap'ed, engine writes */
	struct express_stats *express_stats; /* mmap'ed, eBPF adds */
};

/* What brings a port's packets to the engine. */
enum engine_carrier { ENGINE_XDP, ENGINE_NFQUEUE };

struct engine_port {
	char ifname[16];
	uint8_t carrier; /* enum engine_carrier */
	uint32_t ifindex;
	uint8_t slot; /* row in xsks; number of its nfqueue, see abi.h */
	bool wan;
	bool ip_only;	 /* no Ethernet on it: TUN, PPP */
	bool by_mark;	 /* nfqueue: rules behind the queue do what marks OUT
			  * and IN say, so that headers are enough */
	uint8_t lan;	 /* index in conf.lans, if not wan */
	uint32_t queues; /* RX queues, all bound; with nfqueue 0 */
	/* The device that its AF_XDP sockets are bound to, if it is not the
	 * port itself: the far end of its punt pair; "" and 0: the port. */
	char far_name[16];
	uint32_t far;
};

struct engine_tables {
	const char *path; /* a file on a tmpfs of this boot */
	uint64_t names;	  /* names_line() of what labels are numbers of */
};

/* 'tables' (NULL: none) names a file where mappings and sessions live: those
 * that an engine before us left there are taken over, also after kill -9, with
 * their labels if they are of the same line of names, and '*adopted' says how
 * many sessions. What does not fit
 * (another layout, another boot, broken) is said in the log and begun anew.
 * engine_free() leaves the file. NULL: out of memory. */
struct engine *engine_new(const struct engine_limits *limits,
			  const struct engine_tables *tables,
			  uint32_t *adopted);
void engine_free(struct engine *e);
/* While stopped: where DNS posts what the engine may answer; lent for as long
 * as the engine is. NULL: nowhere. */
void engine_set_answers(struct engine *e, struct answers *answers);

/* Binds AF_XDP sockets to every queue: zero-copy where the driver offers it,
 * else copy. 'tun_fd' (-1: none) is the way back into the local stack; the
 * engine owns it from here on. Retries -EBUSY for up to a second. */
int engine_open_ports(struct engine *e, const struct engine_port *ports,
		      unsigned n, const struct engine_gate *gate, int tun_fd,
		      struct error *err);
void engine_close_ports(struct engine *e);
/* Brings the open ports to 'ports': those that are the same stay open, and what
 * waits in their queues is carried after the next start. -EAGAIN: it takes
 * closing all, and nothing was changed. Another error: one of the new ones
 * could not be opened, the rest is as wished. */
int engine_change_ports(struct engine *e, const struct engine_port *ports,
			unsigned n, struct error *err);

/* Whether anything is at the other end of 'ifindex', one of the open ports; at
 * any time. A port is opened with a carrier. Without one, what should leave by
 * it is dropped, or given to the bridge, and not counted as carried. */
void engine_set_running(struct engine *e, uint32_t ifindex, bool running);

/* How heavy flows can be carried past the engine by 'ifindex', one of the open
 * ports: flags of enum engine_lane. At any time; a port is opened with none.
 * What is uncertain is left out. */
enum engine_lane {
	ENGINE_XDP_IN = 1,  /* an XDP program sees what comes in */
	ENGINE_XDP_OUT = 2, /* frames redirected by XDP can leave */
	ENGINE_TC_IN = 4,   /* a tc program sees what comes in */
	ENGINE_TC_OUT = 8,  /* frames sent by tc can leave */
};
void engine_set_lane(struct engine *e, uint32_t ifindex, unsigned abilities);

/* Needs a published conf. Rebuilds 'claimed' from the mappings first. */
int engine_start(struct engine *e);
void engine_stop(struct engine *e);

/* Copies 'conf'; the engine sees it from its next burst on. Frees older ones
 * when the engine has passed them. 0 or -ENOMEM. */
int engine_publish(struct engine *e, const struct engine_conf *conf);

/* ---- commands: control -> engine */
enum engine_command_kind {
	CMD_NEIGH,	  /* addr is at mac (zero mac: gone or failed) */
	CMD_NEIGHS_FLUSH, /* forget every neighbour on ifindex */
	CMD_FDB,	  /* the kernel's bridge has mac at member ifindex */
	CMD_ANSWER,	  /* the host at mac (zero: unknown) and device was told
			   * that addr is label's, for ttl_s; heeded before
			   * the packets that come next, and wakes nobody.
			   * since_ms: it was told then (clock_ms()), 0: it is
			   * yet to be */
	CMD_LABEL,   /* session is label's, if its serial still is so; weak:
		      * unless it has a name */
	CMD_DUMP,    /* internal, see engine_dump() */
	CMD_CAPTURE, /* internal, see engine_capture() */
};

struct engine_command {
	enum engine_command_kind kind;
	uint32_t ifindex; /* layer-3 owner: WAN port, LAN bridge or port; of
			   * CMD_FDB the member */
	struct addr addr;
	struct mac mac;
	bool failed; /* CMD_NEIGH: resolution ended without answer */
	bool gone;   /* CMD_FDB: it has it there no more */
	bool weak;
	struct addr device;
	uint32_t label; /* a name's number (base/names.h) */
	uint32_t ttl_s;
	uint64_t since_ms;
	uint32_t session, serial;
	void *dump;
};

/* false: ring full, try again after the next event. */
bool engine_command(struct engine *e, const struct engine_command *c);

/* ---- events: engine -> control */
enum engine_event_kind {
	EV_NEIGH_WANTED, /* resolve addr on ifindex */
	EV_NEIGH_USED,	 /* addr on ifindex is in use; at most every 10 s */
	EV_FDB_USED,	 /* mac lives behind port 'ifindex'; at most every 30 s,
			  * and when it moved, 100 ms apart at least */
	EV_DUMPED,	 /* internal, see engine_dump() */
	EV_CAPTURED,	 /* internal, see engine_capture() */
};

struct engine_event {
	enum engine_event_kind kind;
	uint32_t ifindex;
	struct addr addr;
	struct mac mac;
	void *dump;
};

/* Readable while events wait. */
int engine_event_fd(const struct engine *e);
/* Takes the next one; false when there is none. Dumps complete in here. */
bool engine_next_event(struct engine *e, struct engine_event *out);

/* ---- reports: engine -> control; as events, but of every new flow. Lost and
 * counted where the control thread is late. */
enum engine_report_kind {
	REPORT_OPENED, /* a session began: all but 'us' and 'wan' */
	REPORT_RTT,    /* one step of a TCP handshake took 'us': from us to the
			* remote and back, or ('wan' false) to the LAN host */
};

struct engine_report {
	uint8_t kind;  /* enum engine_report_kind */
	uint8_t proto; /* IPPROTO_* */
	bool outbound; /* the LAN host began */
	bool wan;
	struct mac mac; /* LAN host; zero: unknown */
	struct endpoint inside, outside, remote;
	uint32_t label; /* a name's number (base/names.h), 0: none yet */
	uint32_t us;
	uint64_t at_ms; /* clock_ms() */
};

/* Call after engine_next_event(); false when there is none. */
bool engine_next_report(struct engine *e, struct engine_report *out);
/* Who leaves reports for later calls this, and is woken again. */
void engine_more_reports(struct engine *e);

/* ---- samples: packets in which a LAN host may say which server it wants, and
 * what a resolver beyond the gateway answers when a host asked for addresses */
#define ENGINE_SAMPLE_BYTES 2048

struct engine_sample {
	uint8_t proto; /* IPPROTO_TCP: TLS; IPPROTO_UDP: QUIC, or … */
	bool answer;   /* … DNS, to what was asked in this session */
	bool cut;      /* there was more */
	uint16_t len;
	uint32_t session, serial; /* for CMD_LABEL */
	struct mac mac;	    /* of the LAN host; zero: unknown, as for answers */
	struct addr device; /* its address */
	uint32_t seq;	    /* TCP: of the first byte */
	uint64_t at_ms;
	uint8_t data[ENGINE_SAMPLE_BYTES]; /* the payload */
};

/* Likewise. They are few: the engine sees to that, and counts the others. */
bool engine_next_sample(struct engine *e, struct engine_sample *out);

/* ---- traffic, tick by tick: what the counters below are made of. The event
 * descriptor is readable when one is over. Rows add up to the totals, exactly;
 * see ledger.h for what happens to those who come late. */

/* The next tick, with rows that are valid until engine_tick_done(), without
 * which there is no further one. While the engine is stopped, ticks end when
 * they are asked for. */
bool engine_next_tick(struct engine *e, struct traffic_tick *out);
void engine_tick_done(struct engine *e);

/* ---- tables, read by asking the engine to copy them out a bit per burst */
struct flow_row {
	uint8_t proto;				 /* IPPROTO_* */
	struct endpoint inside, outside, remote; /* ICMP: port is the id */
	const char *state; /* "established", …; static storage */
	uint64_t rx_packets, tx_packets, rx_bytes,
		tx_bytes; /* rx: to the LAN */
	uint64_t age_ms, idle_ms;
	const char *lane; /* "engine", "xdp", "tc", "xdp+tc"; static storage */
	uint32_t label;	  /* a name's number (base/names.h), 0: none */
};

struct mapping_row {
	uint8_t proto;
	struct endpoint inside, outside;
	bool fixed; /* a port forward */
	uint64_t idle_ms;
};

/* What decides about a mapping or about who gets in by it (RFC 4787). */
enum cone { CONE_ADDRESS_AND_PORT, CONE_ADDRESS, CONE_INDEPENDENT };

/* How the NAT treats a protocol, found out by trying; a row for TCP and one for
 * UDP. */
struct cone_row {
	uint8_t proto;
	bool works;		    /* false: 'drop' is why not */
	uint8_t drop;		    /* enum gate_drop */
	uint8_t mapping, filtering; /* enum cone */
	bool port_kept;
	bool hairpin; /* with the external source address, RFC 4787 REQ-9 */
};

/* One of the arrays is filled, 'n' rows; valid during the call only. */
struct engine_rows {
	unsigned n;
	const struct flow_row *flows;
	const struct mapping_row *mappings;
	const struct cone_row *cones;
};
enum engine_table { ENGINE_FLOWS, ENGINE_MAPPINGS, ENGINE_CONES };
#define ENGINE_TABLES (ENGINE_CONES + 1)

/* Calls 'done' from engine_next_event() when the copy is whole; at stop, with
 * what there was. -ENOMEM or -EBUSY (ring full), then 'done' is never called.
 */
int engine_dump(struct engine *e, enum engine_table table,
		void (*done)(void *arg, const struct engine_rows *rows),
		void *arg);

/* ---- counters, readable at any time */
struct engine_totals {
	uint32_t mappings, sessions, mappings_max, sessions_max;
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes; /* the boundary */
	uint64_t events_lost, reports_lost, samples_lost;
	/* What gave way since the start: sessions to others, ports at rest
	 * before their time, mappings to the machine's own sockets; and held
	 * SYNs that the inside came to meet. */
	uint64_t evicted, hold_yielded, moved, syn_used;
	uint32_t promoted; /* sessions that the express lane carries now */
};
void engine_totals(const struct engine *e, struct engine_totals *out);

/* A LAN host the engine has seen. */
struct device_row {
	struct mac mac;
	struct addr addr; /* latest IPv4 */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	uint64_t last_seen_ms; /* clock_ms() */
};
/* Copies at most 'max' rows, returns how many. */
unsigned engine_devices(const struct engine *e, struct device_row *out,
			unsigned max);

/* What a packet is dropped for, by enum gate_drop: "no_wan"; NULL: there is no
 * such reason. Static storage. */
const char *engine_drop_reason(unsigned reason);
/* What the engine itself dropped; DROP_REASONS rows at most. */
unsigned engine_drops(const struct engine *e, struct drop_row *out,
		      unsigned max);

/* How the port takes part in the express lane: "xdp", "tc", "off", or
 * NULL: no such port. Static storage. */
const char *engine_express(const struct engine *e, uint32_t ifindex,
			   const char **why);

/* ---- packets as they pass (summary.h) */

/* A packet that crossed the boundary; of a flow on the express lane, those of
 * one direction since the last such row. Ports are the inside's and the
 * remote's, in host order; ICMP: the identifier. */
struct packet_row {
	uint64_t at_ms; /* clock_ms() */
	struct mac mac; /* LAN host, zero: unknown */
	uint8_t proto;
	bool rx; /* to the LAN */
	uint8_t tcp_flags;
	uint16_t inside_port, remote_port;
	struct addr remote;
	uint32_t packets;
	uint32_t label;
	uint64_t bytes; /* as the counters have them */
};

/* Rows come from now on, or no more; at any time. */
void engine_watch(struct engine *e, bool on);
/* false: there is none now. To be asked every 50 ms or so while watching. */
bool engine_next_packet(struct engine *e, struct packet_row *out);
/* Packets for which there was no room, since the last call. */
uint64_t engine_packets_missed(struct engine *e);

/* ---- the flight recorder (capture.h) */
struct capture_totals {
	uint64_t bytes, max_bytes; /* of memory */
	uint32_t devices;
};
void engine_captures(const struct engine *e, struct capture_totals *out);

/* Of one device, since it was first heard. */
struct capture_counts {
	uint64_t since_ns; /* civil time */
	uint64_t kept_packets, kept_bytes;
	uint64_t missed_packets, missed_bytes; /* by the express lane */
	uint64_t overwritten;		       /* packets, of those kept */
	uint64_t at_ns;			       /* when they were these */
};

#define CAPTURE_LANE 32 /* flows that are told of */

/* A device's packets, oldest first, a chunk at a time. Those that come after
 * the first question are not answered: a reader comes to an end. */
struct capture_read {
	/* asked: begin behind the 'had' bytes of this chunk; both zero: at the
	 * oldest. They move on with each answer. */
	struct mac mac;
	uint64_t serial;
	uint32_t had;

	/* answered */
	bool known; /* it has a ring */
	bool last;  /* this was the end */
	uint32_t len;

	/* answered to the first question, and so it stays */
	bool begun;
	uint64_t end_serial; /* the newest chunk, 0: there is none; … */
	uint32_t end_had;    /* … and so much of it */
	struct capture_counts counts;
	/* Its flows on the express lane, of which something is not kept; the
	 * latest to get there first. */
	struct captured_gap lane[CAPTURE_LANE];
	unsigned lane_n;
	bool lane_more;

	_Alignas(8) uint8_t data[CAPTURED_CHUNK]; /* for captured_next() */

	/* the engine's, meanwhile */
	struct capture_read *next;
	bool copied; /* but there was no room to say so */
	void (*done)(void *arg, struct capture_read *r);
	void *arg;
};

/* Lends 'r' to the engine until it calls 'done' from engine_next_event(), or
 * from engine_stop(). -EBUSY (ring full): then it never does. */
int engine_capture(struct engine *e, struct capture_read *r,
		   void (*done)(void *arg, struct capture_read *r), void *arg);

/* While stopped: goes on with what a predecessor kept, whose descriptor this
 * is, and takes that over. 0 or -errno. */
int engine_adopt_captures(struct engine *e, int fd);
/* Once its ports are closed: a descriptor for a successor, or -errno. */
int engine_hand_on_captures(struct engine *e);

/* "xdp-zerocopy", "xdp-copy", "nfqueue", or NULL: no such port. Static
 * storage. */
const char *engine_carrier(const struct engine *e, uint32_t ifindex);

#endif
