/* engine_rig.h - an engine between two virtual cables, for test_engine*.c.
 *
 *    lc ══════ gl [ engine ] gw ══════ wc
 *    lc2 ═════ gl2 (bridged LAN only)
 *
 * All in one network namespace of the test's own. The far ends lc, lc2 and wc
 * are packet sockets; instead of the gate, a program of five instructions hands
 * every frame to the engine. The rig plays the control thread: it answers
 * EV_NEIGH_WANTED by what 'neighs' says. */
#ifndef TESTS_UNIT_ENGINE_RIG_H
#define TESTS_UNIT_ENGINE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bpf/abi.h"
#include "ctl/base/bytes.h"
#include "ctl/base/clock.h"
#include "ctl/engine/engine.h"
#include "netns.h"

#define LAN_GW	 0x0a4d0001 /* 10.77.0.1/24 */
#define LAN_HOST 0x0a4d0002
#define LAN_MUTE 0x0a4d0063 /* nobody there */
#define WAN_IP	 0xc6336402 /* 198.51.100.2/24 */
#define WAN_GW	 0xc6336401
#define WAN_MUTE 0xc63364c8 /* on-link, nobody there */
#define REMOTE	 0xcb007107 /* 203.0.113.7 */

static const struct mac mac_gl = { { 2, 0, 0, 0, 0, 0x01 } };
static const struct mac mac_gw = { { 2, 0, 0, 0, 0, 0x02 } };
static const struct mac mac_lc = { { 2, 0, 0, 0, 0, 0x11 } };
static const struct mac mac_wc = { { 2, 0, 0, 0, 0, 0x12 } };

struct rig {
	struct engine *engine;
	struct engine_port ports[3];
	unsigned ports_n;
	struct engine_gate gate;
	struct engine_conf conf;
	uint64_t bits[3][GATE_BITS_WORDS]; /* claimed, local_open, local_own */
	int lc, lc2, wc;		   /* packet sockets at the far ends */
	int tun[2];			   /* [0] is the engine's */
	bool answers;			   /* neighbours are answered for */
	unsigned wanted, neigh_used, fdb_used;
	struct mac fdb_mac;
	uint32_t fdb_port;
	unsigned reports;
	struct engine_report report; /* the latest */
};

static inline int packet_socket(const char *ifname)
{
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(ifname) };

	assert_true(fd >= 0);
	assert_false(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
				sizeof(one)));
	assert_false(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

/* return bpf_redirect_map(xsks, slot * QUEUES + queue, XDP_DROP) */
static inline void attach_all(const char *ifname, int xsks_fd, int slot)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 2,
		  .src_reg = 1,
		  .off = offsetof(struct xdp_md, rx_queue_index) },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K,
		  .dst_reg = 2,
		  .imm = slot * GATE_QUEUES_MAX },
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = xsks_fd },
		{ .code = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = 3,
		  .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "all", "GPL", code,
			       sizeof(code) / sizeof(*code), NULL);

	assert_true(fd >= 0);
	assert_false(bpf_xdp_attach((int)if_nametoindex(ifname), fd,
				    XDP_FLAGS_DRV_MODE, NULL));
	close(fd);
}

static inline void add_port(struct rig *r, const char *ifname, bool wan,
			    uint32_t queues)
{
	struct engine_port *p = &r->ports[r->ports_n];

	*p = (struct engine_port){ .ifindex = if_nametoindex(ifname),
				   .slot = (uint8_t)r->ports_n,
				   .wan = wan,
				   .queues = queues };
	snprintf(p->ifname, sizeof(p->ifname), "%s", ifname);
	attach_all(ifname, r->gate.xsks_fd, (int)r->ports_n++);
}

static inline void rig_conf(struct rig *r, const char *lan)
{
	r->conf = (struct engine_conf){
		.wan = { .up = true,
			 .ifindex = if_nametoindex("gw"),
			 .mac = mac_gw,
			 .addr = htonl(WAN_IP),
			 .net = htonl(WAN_IP & 0xffffff00),
			 .mask = htonl(0xffffff00),
			 .gateway = htonl(WAN_GW),
			 .mtu = 1500 },
		.lans_n = 1,
		.lans = { { .ifindex = if_nametoindex(lan),
			    .mac = mac_gl,
			    .addr = htonl(LAN_GW),
			    .net = htonl(LAN_GW & 0xffffff00),
			    .mask = htonl(0xffffff00),
			    .mtu = 1500 } },
		.timers = NAT_TIMERS_DEFAULT,
		.host_sessions = 16384,
	};
}

static inline void rig_open(struct rig *r)
{
	struct error err = { "" };

	assert_false(socketpair(AF_UNIX, SOCK_DGRAM, 0, r->tun));
	if (engine_open_ports(r->engine, r->ports, r->ports_n, &r->gate,
			      r->tun[0], &err))
		fail_msg("%s", err.text);
	assert_false(engine_start(r->engine));
}

/* 'rx' and 'tx' queues of each port; 'lan' is "gl", or "lan" for a bridge of
 * gl and gl2. */
static inline struct rig *rig_make(unsigned rx, unsigned tx, const char *lan)
{
	const struct engine_limits limits = ENGINE_LIMITS_DEFAULT;
	struct rig *r = calloc(1, sizeof(*r));
	bool bridged = !strcmp(lan, "lan");
	char command[512];

	assert_non_null(r);
	snprintf(command, sizeof(command),
		 "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
		 "net.ipv6.conf.default.disable_ipv6=1;"
		 "q='numrxqueues %u numtxqueues %u'; set -e;"
		 "ip link add name gl $q type veth peer name lc $q;"
		 "ip link add name gl2 $q type veth peer name lc2 $q;"
		 "ip link add name gw $q type veth peer name wc $q;"
		 "ip link add name lan type bridge;"
		 "for i in lc lc2 wc gl gl2 gw lan; do ip link set $i up; done",
		 rx, tx);
	sh(command);
	if (bridged)
		sh("ip link set gl master lan; ip link set gl2 master lan");
	r->gate.xsks_fd =
		bpf_map_create(BPF_MAP_TYPE_XSKMAP, "xsks", 4, 4,
			       GATE_PORTS_MAX * GATE_QUEUES_MAX, NULL);
	assert_true(r->gate.xsks_fd >= 0);
	r->gate.claimed = r->bits[0];
	r->gate.local_open = r->bits[1];
	r->gate.local_own = r->bits[2];
	add_port(r, "gl", false, rx);
	add_port(r, "gw", true, rx);
	if (bridged)
		add_port(r, "gl2", false, rx);
	r->lc = packet_socket("lc");
	r->lc2 = packet_socket("lc2");
	r->wc = packet_socket("wc");
	r->answers = true;
	rig_conf(r, lan);
	r->engine = engine_new(&limits, NULL, &(uint32_t){ 0 });
	assert_non_null(r->engine);
	assert_false(engine_publish(r->engine, &r->conf));
	rig_open(r);
	return r;
}

/* Stops; fails when the engine has anything to say about its frames. */
static inline void rig_stop(struct rig *r)
{
	FILE *said = tmpfile();
	int old = dup(STDERR_FILENO);
	struct stat st;

	assert_non_null(said);
	fflush(stderr);
	dup2(fileno(said), STDERR_FILENO);
	engine_stop(r->engine);
	dup2(old, STDERR_FILENO);
	close(old);
	assert_false(fstat(fileno(said), &st));
	assert_int_equal(st.st_size, 0);
	fclose(said);
}

static inline void rig_close(struct rig *r)
{
	engine_close_ports(r->engine);
	close(r->tun[1]);
}

static inline void rig_free(struct rig *r)
{
	rig_stop(r);
	rig_close(r);
	engine_free(r->engine);
	close(r->lc);
	close(r->lc2);
	close(r->wc);
	close(r->gate.xsks_fd);
	free(r);
}

/* ---- the control thread's part */

static inline void tell_neigh(struct rig *r, const struct engine_event *e)
{
	uint32_t host = ntohl(addr_to_v4(&e->addr));
	struct engine_command c = { .kind = CMD_NEIGH,
				    .ifindex = e->ifindex,
				    .addr = e->addr };

	if (host == LAN_HOST)
		c.mac = mac_lc;
	else if (host == WAN_GW)
		c.mac = mac_wc;
	else
		c.failed = true;
	assert_true(engine_command(r->engine, &c));
}

static inline void rig_events(struct rig *r)
{
	struct engine_event e;

	while (engine_next_event(r->engine, &e)) {
		r->wanted += e.kind == EV_NEIGH_WANTED;
		r->neigh_used += e.kind == EV_NEIGH_USED;
		r->fdb_used += e.kind == EV_FDB_USED;
		if (e.kind == EV_NEIGH_WANTED && r->answers)
			tell_neigh(r, &e);
		if (e.kind == EV_FDB_USED) {
			r->fdb_mac = e.mac;
			r->fdb_port = e.ifindex;
		}
	}
	while (engine_next_report(r->engine, &r->report))
		r->reports++;
}

/* The next frame at 'fd', within 'ms'; 0: none. Events are served meanwhile. */
static inline size_t rig_recv(struct rig *r, int fd, uint8_t *buf, size_t room,
			      int ms)
{
	uint64_t end_ms = clock_ms() + (uint64_t)ms;
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = engine_event_fd(r->engine),
				  .events = POLLIN } };

	for (;;) {
		uint64_t now_ms = clock_ms();
		ssize_t n;

		if (poll(fds, 2, now_ms < end_ms ? (int)(end_ms - now_ms) : 0) <
		    0)
			fail_msg("poll: %s", strerror(errno));
		if (fds[1].revents)
			rig_events(r);
		n = fds[0].revents ? recv(fd, buf, room, MSG_DONTWAIT) : 0;
		if (n > 0)
			return (size_t)n;
		if (now_ms >= end_ms)
			return 0;
	}
}

/* ---- frames */

struct udp {
	struct mac from, to;
	uint32_t src, dst; /* host order */
	uint16_t sport, dport;
	uint8_t ttl;
	uint16_t frag; /* flags and offset, as in the header */
	uint16_t payload;
	uint8_t mark; /* first byte of the payload */
};

static inline uint16_t header_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* Without a UDP checksum, which IPv4 allows. */
static inline size_t udp_write(const struct udp *u, uint8_t *buf, size_t room)
{
	struct wr w = wr_init(buf, room);

	wr_bytes(&w, u->to.b, 6);
	wr_bytes(&w, u->from.b, 6);
	wr_be16(&w, ETH_P_IP);
	wr_be16(&w, 0x4500);
	wr_be16(&w, (uint16_t)(28 + u->payload));
	wr_be16(&w, 77);
	wr_be16(&w, u->frag);
	wr_u8(&w, u->ttl ? u->ttl : 64);
	wr_u8(&w, IPPROTO_UDP);
	wr_be16(&w, 0);
	wr_be32(&w, u->src);
	wr_be32(&w, u->dst);
	wr_patch_be16(&w, 24, header_sum(buf + 14));
	wr_be16(&w, u->sport);
	wr_be16(&w, u->dport);
	wr_be16(&w, (uint16_t)(8 + u->payload));
	wr_be16(&w, 0);
	if (u->payload) {
		wr_u8(&w, u->mark);
		wr_zero(&w, u->payload - 1u);
	}
	assert_false(w.bad);
	return wr_len(&w);
}

static inline void udp_send(int fd, const struct udp *u)
{
	uint8_t buf[1600];
	size_t len = udp_write(u, buf, sizeof(buf));

	assert_int_equal(send(fd, buf, len, 0), len);
}

/* False: not UDP over IPv4. */
static inline bool udp_read(struct rd rd, struct udp *u)
{
	uint8_t ip[20];
	struct rd h = rd_init(ip, sizeof(ip));

	*u = (struct udp){ 0 };
	rd_bytes(&rd, u->to.b, 6);
	rd_bytes(&rd, u->from.b, 6);
	if (rd_be16(&rd) != ETH_P_IP)
		return false;
	rd_bytes(&rd, ip, sizeof(ip));
	rd_skip(&h, 2);
	u->payload = (uint16_t)(rd_be16(&h) - 28);
	rd_skip(&h, 4);
	u->ttl = rd_u8(&h);
	if (rd_u8(&h) != IPPROTO_UDP)
		return false;
	assert_int_equal(header_sum(ip), 0);
	rd_skip(&h, 2);
	u->src = rd_be32(&h);
	u->dst = rd_be32(&h);
	u->sport = rd_be16(&rd);
	u->dport = rd_be16(&rd);
	rd_skip(&rd, 4);
	u->mark = u->payload ? rd_u8(&rd) : 0;
	assert_false(rd.bad);
	return true;
}

/* The next UDP packet at 'fd', waiting 'ms' for each frame; false: none. What
 * the kernel says of its own (IGMP) is passed over. */
static inline bool udp_recv(struct rig *r, int fd, struct udp *u, int ms)
{
	uint8_t buf[2048];
	size_t n;

	while ((n = rig_recv(r, fd, buf, sizeof(buf), ms)))
		if (udp_read(rd_init(buf, n), u))
			return true;
	return false;
}

/* What the LAN host sends to the remote, and what the remote answers. */
static const struct udp outbound = { .from = mac_lc,
				     .to = mac_gl,
				     .src = LAN_HOST,
				     .dst = REMOTE,
				     .sport = 4000,
				     .dport = 53,
				     .payload = 100 };
static const struct udp inbound = { .from = mac_wc,
				    .to = mac_gw,
				    .src = REMOTE,
				    .dst = WAN_IP,
				    .sport = 53,
				    .dport = 4000,
				    .payload = 200 };

/* ---- what came of it */

static inline void assert_mac(const struct mac *is, const struct mac *should)
{
	assert_memory_equal(is->b, should->b, sizeof(is->b));
}

static inline uint64_t dropped(struct rig *r, enum gate_drop reason)
{
	struct drop_row rows[DROP_REASONS];

	assert_int_equal(engine_drops(r->engine, rows, DROP_REASONS),
			 DROP_REASONS);
	return rows[reason].packets;
}

/* The counters are written after the frame: they may come a moment later. */
static inline struct engine_totals totals_of(struct rig *r, uint64_t packets)
{
	struct engine_totals t = { 0 };

	for (unsigned i = 0; i < 1000; i++) {
		engine_totals(r->engine, &t);
		if (t.rx_packets + t.tx_packets >= packets)
			break;
		usleep(1000);
	}
	return t;
}

/* The answer to 'outbound', which goes where the host is. */
static inline bool answered_at(struct rig *r, int fd)
{
	struct udp u;

	udp_send(r->wc, &inbound);
	return udp_recv(r, fd, &u, 1000) && u.dst == LAN_HOST;
}

#endif
