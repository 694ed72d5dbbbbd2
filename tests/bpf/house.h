/* house.h - a namespace with a WAN and a LAN port under the gate's programs.
 *
 *      gatew (203.0.113.2, 203.0.113.3)    gatel (10.77.0.1/24)
 *        |                                   |
 *      peerw                               peerl       no addresses
 *
 * Frames are not sent: BPF_PROG_TEST_RUN hands them to the program as if the
 * port had received them. Each one is shown to both faces, XDP and tc, which
 * must say the same. A mount namespace of its own holds a BPF filesystem,
 * so that nothing of this is seen outside or outlives the test. */
#ifndef TEST_HOUSE_H
#define TEST_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/abi.h"
#include "ctl/link/gate.h"
#include "frame.h"

#define INSTANCE "gatetest"
#define WAN	 "203.0.113.2"
#define WAN_2ND	 "203.0.113.3"
#define WAN_V6	 "2001:db8:f::2"
#define LAN_GW	 "10.77.0.1"
#define LAN_HOST "10.77.0.20"
#define REMOTE	 "198.51.100.9"

/* Ports, in all protocols: held by the NAT, opened by the owner, and one that
 * nobody knows. */
#define CLAIMED 4000
#define OPEN	7777
#define CLOSED	9999

#define LAN_SLOT 0
#define WAN_SLOT 1

/* What the gate says of a frame: a reason to drop it, or one of these. */
enum gate_says { PASS = DROP_REASONS, ENGINE, VERDICTS };

enum face { XDP, TC, FACES };

/* One line of a truth table. */
struct row {
	const char *says;
	struct spec spec;
	unsigned want;
};

struct house {
	char bpffs[64];
	struct gate *gate;
	uint32_t wan, lan;
	int wan_prog; /* the XDP program, as another process would find it */
	int engine;   /* an AF_XDP socket in both ports' first row; -1: none */
};

static const struct mac wan_mac = { { 2, 0, 0, 0, 0, 1 } };
static const struct mac lan_mac = { { 2, 0, 0, 0, 0, 2 } };

static inline const char *verdict_name(unsigned verdict)
{
	static const char *const names[VERDICTS] = {
#define X(id, name) [DROP_##id] = name,
		GATE_DROPS(X)
#undef X
			[PASS] = "pass",
		[ENGINE] = "engine",
	};

	return verdict < VERDICTS ? names[verdict] : "?";
}

static inline void shell(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

static inline __be32 v4_of(const char *text)
{
	return inet_addr(text);
}

static inline void bit_set(uint64_t *bits, unsigned proto, unsigned port)
{
	bits[gate_bits_word(proto, port)] |= gate_bits_mask(port);
}

/* The program behind a pinned link, as another process would find it. */
static inline int house_program(const struct house *h, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	char path[128];
	int link, prog;

	snprintf(path, sizeof(path), "%s/" INSTANCE "/v%d/link_%u", h->bpffs,
		 GATE_ABI, ifindex);
	link = bpf_obj_get(path);
	assert_true(link >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(link, &info, &len), 0);
	close(link);
	prog = bpf_prog_get_fd_by_id(info.prog_id);
	assert_true(prog >= 0);
	return prog;
}

static inline void house_nets(struct house *h)
{
	static const struct {
		const char *prefix;
		enum gate_kind kind;
	} nets[] = {
		{ WAN "/32", GATE_KIND_OWN },
		{ WAN_2ND "/32", GATE_KIND_OWN },
		{ LAN_GW "/32", GATE_KIND_OWN },
		{ "127.0.0.1/32", GATE_KIND_OWN },
		{ "::1/128", GATE_KIND_OWN },
		{ "10.77.0.0/24", GATE_KIND_LAN },
		{ "10.99.0.0/16", GATE_KIND_ROUTED },
		{ "10.99.7.0/24", GATE_KIND_WAN },
		{ WAN_V6 "/128", GATE_KIND_OWN },
		{ "2001:db8:1::1/128", GATE_KIND_OWN },
		{ "2001:db8:1::/64", GATE_KIND_LAN },
		{ "fd99::/16", GATE_KIND_ROUTED },
	};
	struct gate_prefix out[sizeof(nets) / sizeof(*nets)];
	unsigned n = sizeof(nets) / sizeof(*nets);

	for (unsigned i = 0; i < n; i++) {
		assert_true(prefix_parse(nets[i].prefix, &out[i].prefix));
		out[i].kind = nets[i].kind;
	}
	assert_int_equal(gate_nets_set(h->gate, out, n), 0);
}

static inline void house_bits(struct house *h)
{
	for (unsigned proto = 0; proto < GATE_BITS_PROTOS; proto++)
		bit_set(gate_claimed(h->gate), proto, CLAIMED);
	bit_set(gate_local_open(h->gate), GATE_BITS_TCP, OPEN);
	bit_set(gate_local_open(h->gate), GATE_BITS_UDP, OPEN);
}

static inline void house_ports(struct house *h)
{
	struct gate_port_info wan = {
		.ifindex = h->wan,
		.slot = WAN_SLOT,
		.wan = true,
		.mac = wan_mac,
		.addr = v4_of(WAN),
		.net = v4_of("203.0.113.0"),
		.mask = v4_of("255.255.255.0"),
		.wan_addr = v4_of(WAN),
	};
	struct gate_port_info lan = {
		.ifindex = h->lan,
		.slot = LAN_SLOT,
		.mac = lan_mac,
		.addr = v4_of(LAN_GW),
		.net = v4_of("10.77.0.0"),
		.mask = v4_of("255.255.255.0"),
		.wan_addr = v4_of(WAN),
	};

	assert_int_equal(gate_port_set(h->gate, &wan), 0);
	assert_int_equal(gate_port_set(h->gate, &lan), 0);
}

static inline void house_links(struct house *h)
{
	shell("ip link add gatew type veth peer name peerw &&"
	      "ip link add gatel type veth peer name peerl &&"
	      "ip addr add " WAN "/24 dev gatew &&"
	      "ip addr add " WAN_2ND "/24 dev gatew &&"
	      "ip addr add " LAN_GW "/24 dev gatel &&"
	      "ip addr add " WAN_V6 "/64 dev gatew nodad &&"
	      "for i in lo gatew peerw gatel peerl; do"
	      "  ip link set $i up || exit 1; done;"
	      "ip route add default via 203.0.113.1 &&"
	      "ip -6 route add default via 2001:db8:f::1");
	h->wan = if_nametoindex("gatew");
	h->lan = if_nametoindex("gatel");
}

/* An AF_XDP socket that never reads: enough for the map to have somebody. */
static inline void house_engine(struct house *h)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	assert_true(fd >= 0);
	for (uint32_t slot = 0; slot < 2; slot++) {
		uint32_t row = slot * GATE_QUEUES_MAX;

		assert_int_equal(bpf_map_update_elem(gate_xsks_fd(h->gate),
						     &row, &fd, BPF_ANY),
				 0);
	}
	h->engine = fd;
}

static inline void house_enter(struct house *h)
{
	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
			 0);
	snprintf(h->bpffs, sizeof(h->bpffs), "/tmp/gatetest.XXXXXX");
	assert_non_null(mkdtemp(h->bpffs));
	assert_int_equal(mount("bpf", h->bpffs, "bpf", 0, NULL), 0);
	house_links(h);
}

static inline void house_leave(struct house *h)
{
	umount(h->bpffs);
	rmdir(h->bpffs);
}

/* The group's fixture: everything up, the engine's socket in place. */
static inline int house_open(void **state)
{
	struct house *h = calloc(1, sizeof(*h));
	struct error err;

	assert_non_null(h);
	house_enter(h);
	if (gate_open(&h->gate, h->bpffs, INSTANCE, &err))
		fail_msg("%s", err.text);
	house_ports(h);
	house_nets(h);
	house_bits(h);
	if (gate_attach(h->gate, h->wan, "gatew", true, &err) ||
	    gate_attach(h->gate, h->lan, "gatel", false, &err))
		fail_msg("%s", err.text);
	h->wan_prog = house_program(h, h->wan);
	house_engine(h);
	*state = h;
	return 0;
}

static inline int house_close(void **state)
{
	struct house *h = *state;

	if (!h)
		return -1;
	close(h->engine);
	close(h->wan_prog);
	gate_close(h->gate);
	house_leave(h);
	free(h);
	return 0;
}

static inline int house_prog(const struct house *h, enum face face, bool wan)
{
	static const enum gate_program programs[FACES][2] = {
		[XDP] = { GATE_LAN_XDP, GATE_WAN_XDP },
		[TC] = { GATE_LAN_TC, GATE_WAN_TC },
	};

	return gate_program(h->gate, programs[face][wan]);
}

/* Whatever becomes of it, the packet itself is not touched. */
static inline int house_run(struct house *h, enum face face, bool wan,
			    const struct frame *f, struct bpf_test_run_opts *o)
{
	uint8_t out[FRAME_BYTES];

	o->data_in = f->b;
	o->data_size_in = f->len;
	o->data_out = out;
	o->data_size_out = sizeof(out);
	if (bpf_prog_test_run_opts(house_prog(h, face, wan), o))
		fail_msg("test run of %u bytes: %s", f->len, strerror(errno));
	assert_int_equal(o->data_size_out, f->len);
	assert_memory_equal(out, f->b, f->len);
	return (int)o->retval;
}

static inline unsigned house_run_xdp(struct house *h, bool wan,
				     const struct frame *f)
{
	struct xdp_md ctx = {
		.data_end = f->len,
		.ingress_ifindex = wan ? h->wan : h->lan,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	switch (house_run(h, XDP, wan, f, &opts)) {
	case XDP_PASS:
		return PASS;
	case XDP_REDIRECT:
		return ENGINE;
	case XDP_DROP:
		return 0;
	default:
		return VERDICTS;
	}
}

/* What comes with a mark of ours, 'forged', gets none for it. */
static inline unsigned house_run_tc(struct house *h, bool wan,
				    const struct frame *f, uint32_t forged)
{
	struct __sk_buff ctx = { .mark = forged,
				 .ifindex = wan ? h->wan : h->lan };
	struct __sk_buff out = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &out,
		    .ctx_size_out = sizeof(out), .repeat = 1);
	int action = house_run(h, TC, wan, f, &opts);

	if (action == TC_ACT_SHOT)
		return 0;
	if (action == TC_ACT_UNSPEC &&
	    (!out.mark || (wan && out.mark == GATE_MARK_PASS)))
		return PASS;
	return action == TC_ACT_OK && out.mark == (GATE_MARK_ENGINE |
						   (wan ? WAN_SLOT : LAN_SLOT))
		       ? ENGINE
		       : VERDICTS;
}

/* Runs it. A drop has moved one counter by one packet, all else none. */
static inline unsigned house_asks_face(struct house *h, enum face face,
				       bool wan, const struct frame *f)
{
	struct drop_row before[DROP_REASONS], after[DROP_REASONS];
	unsigned reason = DROP_REASONS, got;

	gate_drops(h->gate, before, DROP_REASONS);
	got = face == XDP ? house_run_xdp(h, wan, f)
			  : house_run_tc(h, wan, f, GATE_MARK_DONE);
	gate_drops(h->gate, after, DROP_REASONS);
	for (unsigned i = 0; i < DROP_REASONS; i++) {
		if (after[i].packets == before[i].packets)
			continue;
		assert_int_equal(after[i].packets, before[i].packets + 1);
		assert_int_equal(reason, DROP_REASONS);
		reason = i;
	}
	assert_int_equal(!got, reason != DROP_REASONS);
	return got ? got : reason;
}

/* The kernel's test run makes no packet of less than a link header, a byte and
 * the IP header that it announces. */
static inline bool house_has_face(enum face face, const struct frame *f)
{
	unsigned type = f->len > 14 ? f->b[12] << 8 | f->b[13] : 0;
	uint32_t ip = type == 0x0800 ? 20 : type == 0x86dd ? 40 : 1;

	return face == XDP || f->len >= 14 + ip;
}

/* What both faces say; VERDICTS: not the same. */
static inline unsigned house_asks(struct house *h, bool wan,
				  const struct frame *f)
{
	unsigned said = house_asks_face(h, XDP, wan, f), tc;

	if (!house_has_face(TC, f))
		return said;
	tc = house_asks_face(h, TC, wan, f);
	if (tc == said)
		return said;
	print_error("XDP says %s, tc says %s\n", verdict_name(said),
		    verdict_name(tc));
	return VERDICTS;
}

static inline unsigned house_asks_spec(struct house *h, bool wan,
				       const struct spec *s)
{
	struct frame f = frame_of(s, wan ? wan_mac.b : lan_mac.b);

	return house_asks(h, wan, &f);
}

/* All rows are tried; those that fail are told, then the test fails. */
static inline void house_table(struct house *h, bool wan,
			       const struct row *rows, unsigned n)
{
	unsigned wrong = 0, got;

	for (unsigned i = 0; i < n; i++) {
		got = house_asks_spec(h, wan, &rows[i].spec);
		if (got == rows[i].want)
			continue;
		print_error("%s: %s instead of %s\n", rows[i].says,
			    verdict_name(got), verdict_name(rows[i].want));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

#define TABLE(h, wan, rows)                                                    \
	house_table(h, wan, rows, sizeof(rows) / sizeof(*(rows)))

#endif
