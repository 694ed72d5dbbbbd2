/* nfq_rig.h - an engine behind nfqueue between two hosts, for test_port_nfq*.c.
 *
 *    host 10.77.0.2 ═══ gl [ kernel, engine ] gw ═══ 198.51.100.1, 203.0.113.7
 *
 * Three network namespaces of the test's own, with real sockets at both ends.
 * Instead of the gate, a rule marks all that comes in and queues it. The rig
 * plays the control thread. */
#ifndef TESTS_UNIT_NFQ_RIG_H
#define TESTS_UNIT_NFQ_RIG_H

#include "engine_rig.h"

#include "ctl/link/mark_rules.h"

#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_NFQUEUE.h>

enum { FAR_LAN, FAR_WAN };

struct nfq_rig {
	struct engine *engine;
	struct engine_port ports[2];
	struct engine_gate gate;
	struct engine_conf conf;
	uint64_t bits[3][GATE_BITS_WORDS];
	int tun[2];
	pid_t far[2];
	int home; /* our namespace */
	bool neigh_fails;
};

/* ---- rules */

/* As libxtables would say it to nft_compat, for kernels that have no "queue"
 * of their own. */
static inline void queue_by_target(const char *chain, uint16_t queue)
{
	struct xt_NFQ_info_v3 info = { .queuenum = queue, .queues_total = 1 };
	uint8_t padded[8] = { 0 };
	struct nft_batch b;
	struct nft_rule r;
	struct nft_expr e;

	memcpy(padded, &info, sizeof(info));
	nft_begin(&b, "rig");
	r = nft_rule_begin(&b, chain);
	e = nft_expr_begin(r.nlh, "target");
	mnl_attr_put_strz(r.nlh, NFTA_TARGET_NAME, "NFQUEUE");
	nft_put_be32(r.nlh, NFTA_TARGET_REV, 3);
	mnl_attr_put(r.nlh, NFTA_TARGET_INFO, sizeof(padded), padded);
	nft_expr_end(r.nlh, e);
	nft_rule_end(&b, r);
	assert_int_equal(nft_send(&b), 0);
}

static inline void queue_all(const char *chain, uint16_t queue)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "nft add rule inet rig %s queue num %u 2>/dev/null", chain,
		 queue);
	if (system(command))
		queue_by_target(chain, queue);
}

static inline void rules(void)
{
	struct mark_rules marks = { .wan_addr = htonl(WAN_IP) };
	struct nft_batch b;

	text_save("/run/rules",
		  "table inet rig {\n"
		  "chain q0 {}\nchain q1 {}\n"
		  "chain pre { type filter hook prerouting priority -310;\n"
		  "iifname gl notrack meta mark set 0xa0000000 jump q0;\n"
		  "iifname gw notrack meta mark set 0xa0000001 jump q1; }\n"
		  "chain crossing { type filter hook forward priority 0;\n"
		  "meta mark < 0xb0000000 counter drop;\n"
		  "meta mark & 0xf0000000 == 0xc0000000 counter name by_out;\n"
		  "meta mark & 0xf0000000 == 0xd0000000 counter name by_in; "
		  "}\n"
		  "counter by_out {}\ncounter by_in {}\n"
		  "}\n");
	sh("nft -f /run/rules");
	queue_all("q0", GATE_QUEUE);
	queue_all("q1", GATE_QUEUE + 1);
	prefix_parse("10.77.0.0/24", &marks.lan);
	nft_begin(&b, "rig");
	mark_rules_put(&b, -309, &marks);
	assert_int_equal(nft_send(&b), 0);
}

/* ---- the three machines */

static inline void in_far(struct nfq_rig *r, int far, const char *script)
{
	char command[1024];

	snprintf(command, sizeof(command), "nsenter -t %d -n sh -ec '%s'",
		 (int)r->far[far], script);
	sh(command);
}

static inline void cables(struct nfq_rig *r)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "set -e; sysctl -qw net.ipv6.conf.default.disable_ipv6=1 "
		 "net.ipv4.ip_forward=1 net.ipv4.conf.all.accept_local=1 "
		 "net.ipv4.conf.default.accept_local=1 "
		 "net.ipv4.conf.all.rp_filter=0 "
		 "net.ipv4.conf.default.rp_filter=0 "
		 "net.ipv4.conf.all.send_redirects=0;"
		 "ip link add gl address 02:00:00:00:00:01 type veth peer "
		 "name lc address 02:00:00:00:00:11 netns %d;"
		 "ip link add gw address 02:00:00:00:00:02 type veth peer "
		 "name wc address 02:00:00:00:00:12 netns %d;"
		 "ip addr add 10.77.0.1/24 dev gl;"
		 "ip addr add 198.51.100.2/24 dev gw;"
		 "ip link set lo up; ip link set gl up; ip link set gw up;"
		 "ip route add default via 198.51.100.1;"
		 "ip neigh replace 10.77.0.2 lladdr 02:00:00:00:00:11 dev gl;"
		 "ip neigh replace 198.51.100.1 lladdr 02:00:00:00:00:12 "
		 "dev gw",
		 (int)r->far[FAR_LAN], (int)r->far[FAR_WAN]);
	sh(command);
	in_far(r, FAR_LAN,
	       "ip addr add 10.77.0.2/24 dev lc; ip link set lc up;"
	       "ip route add default via 10.77.0.1;"
	       "ip neigh replace 10.77.0.1 lladdr 02:00:00:00:00:01 dev lc");
	in_far(r, FAR_WAN,
	       "ip addr add 198.51.100.1/24 dev wc; ip link set wc up;"
	       "ip link set lo up; ip addr add 203.0.113.7/32 dev lo;"
	       "ip neigh replace 198.51.100.2 lladdr 02:00:00:00:00:02 dev wc");
}

/* The kernel notices a carrier later, on a busy machine much later, and a
 * device without one swallows what is sent. */
#define CARRIED                                                                \
	"for i in $(seq 1000); do [ $(ip -o link show type veth |"             \
	" grep -vc \"state UP\") = 0 ] && exit 0; sleep 0.01; done; exit 1"

static inline void await_carriers(struct nfq_rig *r)
{
	in_far(r, FAR_LAN, CARRIED);
	in_far(r, FAR_WAN, CARRIED);
	sh(CARRIED);
}

static inline void enter_far(struct nfq_rig *r, int far)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)r->far[far]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_false(setns(fd, CLONE_NEWNET));
	close(fd);
}

static inline struct sockaddr_in at(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(addr),
				     .sin_port = htons(port) };
}

/* A socket that lives out there, bound. */
static inline int far_socket(struct nfq_rig *r, int far, int type,
			     uint16_t port)
{
	struct sockaddr_in a = at(far == FAR_LAN ? LAN_HOST : REMOTE, port);
	struct timeval patience = { .tv_sec = 5 };
	int fd;

	enter_far(r, far);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_false(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
				sizeof(patience)));
	assert_false(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	assert_false(setns(r->home, CLONE_NEWNET));
	return fd;
}

/* ---- the engine */

static inline void nfq_port(struct nfq_rig *r, unsigned i, const char *ifname,
			    bool wan)
{
	r->ports[i] = (struct engine_port){ .carrier = ENGINE_NFQUEUE,
					    .ifindex = if_nametoindex(ifname),
					    .slot = (uint8_t)i,
					    .wan = wan };
	snprintf(r->ports[i].ifname, sizeof(r->ports[i].ifname), "%s", ifname);
}

static inline void nfq_conf(struct nfq_rig *r)
{
	struct rig picture = { 0 };

	rig_conf(&picture, "gl");
	r->conf = picture.conf;
}

static inline void nfq_rig_open(struct nfq_rig *r)
{
	struct error err = { "" };

	assert_false(socketpair(AF_UNIX, SOCK_DGRAM, 0, r->tun));
	if (engine_open_ports(r->engine, r->ports, 2, &r->gate, r->tun[0],
			      &err))
		fail_msg("%s", err.text);
	assert_false(engine_start(r->engine));
}

static inline void nfq_rig_close(struct nfq_rig *r)
{
	engine_stop(r->engine);
	engine_close_ports(r->engine);
	close(r->tun[1]);
}

/* Two machines beside ours, no engine yet. */
static inline struct nfq_rig *nfq_rig_build(void)
{
	struct nfq_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	r->far[FAR_LAN] = netns_peer();
	r->far[FAR_WAN] = netns_peer();
	cables(r);
	await_carriers(r);
	rules();
	nfq_port(r, 0, "gl", false);
	nfq_port(r, 1, "gw", true);
	r->gate = (struct engine_gate){ .xsks_fd = -1,
					.claimed = r->bits[0],
					.local_open = r->bits[1],
					.local_own = r->bits[2] };
	nfq_conf(r);
	return r;
}

/* The engine sees the headers alone of what is long. */
static inline void nfq_rig_by_mark(struct nfq_rig *r)
{
	r->ports[0].by_mark = true;
	r->ports[1].by_mark = true;
}

static inline void nfq_rig_start(struct nfq_rig *r)
{
	const struct engine_limits limits = ENGINE_LIMITS_DEFAULT;
	uint32_t adopted;

	r->engine = engine_new(&limits, NULL, &adopted);
	assert_non_null(r->engine);
	assert_false(engine_publish(r->engine, &r->conf));
	nfq_rig_open(r);
}

static inline void nfq_rig_free(struct nfq_rig *r)
{
	nfq_rig_close(r);
	engine_free(r->engine);
	netns_peer_end(r->far[FAR_LAN]);
	netns_peer_end(r->far[FAR_WAN]);
	close(r->home);
	free(r);
}

/* ---- the control thread's part */

static inline void nfq_events(struct nfq_rig *r)
{
	struct engine_event e;

	while (engine_next_event(r->engine, &e)) {
		struct engine_command c = { .kind = CMD_NEIGH,
					    .ifindex = e.ifindex,
					    .addr = e.addr,
					    .failed = r->neigh_fails };

		if (e.kind != EV_NEIGH_WANTED)
			continue;
		if (!c.failed)
			c.mac = e.ifindex == r->ports[0].ifindex ? mac_lc
								 : mac_wc;
		assert_true(engine_command(r->engine, &c));
	}
}

#define DEADLINE 10000 /* milliseconds; nothing waits for it */

/* ---- what the tests do */

/* Waits for something to read, serving events. */
static inline bool readable(struct nfq_rig *r, int fd, int ms)
{
	uint64_t end_ms = clock_ms() + (uint64_t)ms;
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
			      { .fd = engine_event_fd(r->engine),
				.events = POLLIN } };

	for (;;) {
		uint64_t now_ms = clock_ms();

		poll(p, 2, now_ms < end_ms ? (int)(end_ms - now_ms) : 0);
		if (p[1].revents)
			nfq_events(r);
		if (p[0].revents)
			return true;
		if (now_ms >= end_ms)
			return false;
	}
}

static inline void send_to(int fd, uint32_t addr, uint16_t port,
			   const void *data, size_t len)
{
	struct sockaddr_in to = at(addr, port);

	assert_int_equal(
		sendto(fd, data, len, 0, (struct sockaddr *)&to, sizeof(to)),
		len);
}

/* What came, and from where. */
static inline size_t recv_from(struct nfq_rig *r, int fd, void *buf,
			       size_t room, uint32_t *addr, uint16_t *port)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	if (!readable(r, fd, DEADLINE))
		fail_msg("nothing came");
	n = recvfrom(fd, buf, room, 0, (struct sockaddr *)&from, &len);
	assert_true(n >= 0);
	if (addr)
		*addr = ntohl(from.sin_addr.s_addr);
	if (port)
		*port = ntohs(from.sin_port);
	return (size_t)n;
}

static inline struct engine_totals totals_when(struct nfq_rig *r,
					       uint64_t packets)
{
	struct engine_totals t = { 0 };
	uint64_t end_ms = clock_ms() + DEADLINE;

	do {
		engine_totals(r->engine, &t);
		usleep(1000);
	} while (t.rx_packets + t.tx_packets < packets && clock_ms() < end_ms);
	return t;
}

static inline uint64_t drops_of(struct nfq_rig *r, enum gate_drop reason)
{
	struct drop_row rows[DROP_REASONS];

	engine_drops(r->engine, rows, DROP_REASONS);
	return rows[reason].packets;
}

static inline uint64_t drops_all(struct nfq_rig *r)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < DROP_REASONS; i++)
		n += drops_of(r, i);
	return n;
}

/* A mapping: what 4000 of the LAN host says arrives, and is answered. */
static inline void exchange(struct nfq_rig *r, int lan, int wan)
{
	uint8_t buf[64];
	uint32_t addr;
	uint16_t port;

	send_to(lan, REMOTE, 53, "ask", 3);
	assert_int_equal(recv_from(r, wan, buf, sizeof(buf), &addr, &port), 3);
	assert_int_equal(addr, WAN_IP);
	assert_int_equal(port, 4000);
	send_to(wan, WAN_IP, 4000, "answer", 6);
	assert_int_equal(recv_from(r, lan, buf, sizeof(buf), &addr, &port), 6);
	assert_int_equal(addr, REMOTE);
	assert_int_equal(port, 53);
}

static inline int recv_ttl(struct nfq_rig *r, int fd)
{
	uint8_t data[64], control[64];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int ttl = -1;

	assert_true(readable(r, fd, DEADLINE));
	assert_true(recvmsg(fd, &m, 0) >= 0);
	c = CMSG_FIRSTHDR(&m);
	assert_non_null(c);
	memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
	return ttl;
}

/* Eight KiB: the first fragment goes through the kernel, those that came with
 * it, too; nothing is put together on the way. */
static inline void big_datagrams(struct nfq_rig *r)
{
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);
	static uint8_t big[8192], got[9000];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	for (unsigned i = 0; i < 5; i++) {
		send_to(lan, REMOTE, 53, big, sizeof(big));
		assert_int_equal(
			recv_from(r, wan, got, sizeof(got), NULL, NULL),
			sizeof(big));
		assert_memory_equal(got, big, sizeof(big));
		send_to(wan, WAN_IP, 4000, big, sizeof(big));
		assert_int_equal(
			recv_from(r, lan, got, sizeof(got), NULL, NULL),
			sizeof(big));
		assert_memory_equal(got, big, sizeof(big));
	}
	close(lan);
	close(wan);
}

#endif
