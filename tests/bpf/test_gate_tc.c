/* test_gate_tc.c - programs at clsact: put there, missed, taken away, beside
 * those of others; and packets that come in pieces. */
#include "house.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/if_ether.h>
#include <sys/mman.h>

#include "ctl/link/journal.h"

static char journal_path[96];
static struct journal *journal;

static void journal_begin(const struct house *h)
{
	struct error err = { "" };
	bool left;

	snprintf(journal_path, sizeof(journal_path), "%s.journal", h->bpffs);
	if (journal_open(&journal, journal_path, &left, &err))
		fail_msg("%s", err.text);
	assert_false(left);
}

static void journal_end(void)
{
	assert_int_equal(journal_undo(journal), 0);
	journal_close(journal);
	unlink(journal_path);
}

static void attach(struct house *h)
{
	struct error err = { "" };

	if (gate_attach_tc(h->gate, journal, h->lan, "gatel", false, &err) ||
	    gate_attach_egress(h->gate, journal, h->lan, "gatel", &err))
		fail_msg("%s", err.text);
}

static void test_programs_are_put_there_and_go(void **state)
{
	struct house *h = *state;

	journal_begin(h);
	attach(h);
	assert_true(gate_attached(h->gate, h->lan));
	shell("tc filter show dev gatel ingress | grep -q lan_tc");
	shell("tc filter show dev gatel egress | grep -q egress_tc");
	/* Again is no second one. */
	attach(h);
	shell("test $(tc filter show dev gatel ingress |"
	      " grep -c 'handle.*lan_tc') = 1");
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	assert_false(gate_attached(h->gate, h->lan));
	shell("! tc filter show dev gatel ingress | grep -q bpf");
	shell("tc qdisc show dev gatel | grep -q clsact");
	journal_end();
	shell("! tc qdisc show dev gatel | grep -q clsact");
}

/* What a killed run leaves is undone by its journal alone. */
static void test_undo_takes_programs_and_hook(void **state)
{
	struct house *h = *state;

	journal_begin(h);
	attach(h);
	journal_end();
	shell("! tc qdisc show dev gatel | grep -q clsact");
	assert_false(gate_attached(h->gate, h->lan));
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
}

static void test_a_stranger_who_takes_them_is_noticed(void **state)
{
	static const char *const ways[] = {
		"tc qdisc del dev gatel clsact",
		"tc filter del dev gatel ingress",
		"tc filter del dev gatel egress",
	};
	struct house *h = *state;

	journal_begin(h);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		attach(h);
		assert_true(gate_attached(h->gate, h->lan));
		shell(ways[i]);
		assert_false(gate_attached(h->gate, h->lan));
	}
	attach(h);
	assert_true(gate_attached(h->gate, h->lan));
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	journal_end();
	shell("! tc qdisc show dev gatel | grep -q clsact");
}

static void pin_foreign(struct house *h, char *path, size_t room)
{
	snprintf(path, room, "%s/foreign", h->bpffs);
	assert_int_equal(
		bpf_obj_pin(gate_program(h->gate, GATE_EGRESS_TC), path), 0);
}

static void add_foreign(const char *path, const char *where)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "tc filter add dev gatel %s bpf da pinned %s", where, path);
	shell(command);
}

/* Others' hook and filters stay, before and behind ours. */
static void test_others_filters_stay(void **state)
{
	struct house *h = *state;
	char path[128];

	pin_foreign(h, path, sizeof(path));
	journal_begin(h);
	shell("tc qdisc add dev gatel clsact");
	add_foreign(path, "ingress prio 1 handle 5");
	add_foreign(path, "egress prio 7 handle 5");
	attach(h);
	assert_true(gate_attached(h->gate, h->lan));
	/* Of one priority the latest is asked first. */
	shell("tc filter show dev gatel ingress | grep handle | head -1 |"
	      " grep -q lan_tc");
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	shell("tc filter show dev gatel ingress | grep -q 'handle 0x5 '");
	attach(h);
	journal_end();
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	shell("tc filter show dev gatel ingress | grep -q 'handle 0x5 '");
	shell("tc filter show dev gatel egress | grep -q 'handle 0x5 '");
	shell("! tc filter show dev gatel ingress | grep -q lan_tc");
	shell("tc qdisc del dev gatel clsact");
	unlink(path);
}

/* Somebody moved in while it was ours: the hook is theirs now. */
static void test_a_hook_that_others_use_stays(void **state)
{
	struct house *h = *state;
	char path[128];

	pin_foreign(h, path, sizeof(path));
	journal_begin(h);
	attach(h);
	add_foreign(path, "ingress prio 3 handle 5");
	journal_end();
	shell("tc filter show dev gatel ingress | grep -q 'handle 0x5 '");
	shell("! tc filter show dev gatel ingress | grep -q lan_tc");
	shell("tc qdisc del dev gatel clsact");
	(void)gate_detach(h->gate, h->lan);
	unlink(path);
}

static void test_an_older_hook_is_named(void **state)
{
	struct error err = { "" };
	struct house *h = *state;

	journal_begin(h);
	shell("tc qdisc add dev gatel ingress");
	assert_int_not_equal(
		gate_attach_tc(h->gate, journal, h->lan, "gatel", false, &err),
		0);
	assert_non_null(strstr(err.text, "gatel: "));
	assert_non_null(strstr(err.text, "clsact"));
	assert_false(gate_attached(h->gate, h->lan));
	journal_end();
	shell("tc qdisc show dev gatel | grep -q ingress");
	shell("tc qdisc del dev gatel ingress");
	(void)gate_detach(h->gate, h->lan);
}

/* ---- packets of which only the link header is at hand */

#define RING_BYTES 16384

/* A ring that sends makes packets whose payload is in pages of its own. */
static void send_in_pieces(uint32_t ifindex, const struct frame *f)
{
	struct tpacket_req ring = { .tp_block_size = RING_BYTES,
				    .tp_block_nr = 1,
				    .tp_frame_size = 4096,
				    .tp_frame_nr = RING_BYTES / 4096 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)ifindex };
	int version = TPACKET_V2, fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct tpacket2_hdr *slot;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
				    sizeof(version)),
			 0);
	assert_int_equal(
		setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof(ring)),
		0);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	slot = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	assert_true(slot != MAP_FAILED);
	memcpy((char *)slot + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll),
	       f->b, f->len);
	slot->tp_len = f->len;
	slot->tp_status = TP_STATUS_SEND_REQUEST;
	assert_int_equal(send(fd, NULL, 0, 0), f->len);
	munmap(slot, RING_BYTES);
	close(fd);
}

static uint64_t drops_of(struct house *h, unsigned reason)
{
	struct drop_row rows[DROP_REASONS];

	gate_drops(h->gate, rows, DROP_REASONS);
	return rows[reason].packets;
}

/* The engine would get it, but has no queue: it is seen as marked, below. */
static void test_headers_in_pieces_are_read(void **state)
{
	static const struct spec quoted = { .src = WAN,
					    .dst = LAN_HOST,
					    .proto = IPPROTO_UDP,
					    .sport = CLOSED,
					    .dport = 9 };
	static const struct spec spoofed = { .src = "192.0.2.1",
					     .dst = WAN,
					     .options = 40,
					     .proto = IPPROTO_ICMP,
					     .type = 3,
					     .quote = &quoted };
	struct house *h = *state;
	struct frame f = frame_of(&spoofed, lan_mac.b);
	uint64_t malformed, before, after;

	journal_begin(h);
	attach(h);
	/* Only ours count: XDP would see the frame whole. */
	malformed = drops_of(h, DROP_MALFORMED);
	before = drops_of(h, DROP_SPOOFED);
	send_in_pieces(if_nametoindex("peerl"), &f);
	for (unsigned tries = 0; tries < 500; tries++) {
		after = drops_of(h, DROP_SPOOFED);
		if (after != before)
			break;
		usleep(10000);
	}
	assert_int_equal(after, before + 1);
	assert_int_equal(drops_of(h, DROP_MALFORMED), malformed);
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	journal_end();
}

/* ---- the last word at the way out */

struct leaving {
	const char *says;
	struct spec spec;
	uint32_t mark;
	bool drops;
};

#define OUT	     .dst = REMOTE, .proto = IPPROTO_UDP
#define OUT6	     .dst = "2001:db8:ffff::9", .proto = IPPROTO_UDP
#define CLAIMED_PORT .sport = CLAIMED

static bool leaves(struct house *h, bool wan, const struct leaving *l)
{
	struct frame f = frame_of(&l->spec, wan_mac.b);
	struct __sk_buff ctx = { .mark = l->mark,
				 .ifindex = wan ? h->wan : h->lan };
	struct __sk_buff out = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &out,
		    .ctx_size_out = sizeof(out), .repeat = 1);
	uint64_t before = drops_of(h, DROP_UNTRANSLATED);
	bool dropped;

	opts.data_in = f.b;
	opts.data_size_in = f.len;
	assert_int_equal(bpf_prog_test_run_opts(
				 gate_program(h->gate, GATE_EGRESS_TC), &opts),
			 0);
	dropped = opts.retval == TC_ACT_SHOT;
	assert_true(dropped || (int)opts.retval == TC_ACT_UNSPEC);
	assert_int_equal(out.mark, l->mark);
	assert_int_equal(drops_of(h, DROP_UNTRANSLATED) - before, dropped);
	return !dropped;
}

static const struct leaving leaving_rows[] = {
	{ "LAN host", { .src = LAN_HOST, OUT }, 0, true },
	{ "LAN host, marked to be queued",
	  { .src = LAN_HOST, OUT },
	  GATE_MARK_ENGINE,
	  true },
	{ "LAN host, left to a rule that is gone",
	  { .src = LAN_HOST, OUT },
	  GATE_MARK_OUT | 4000,
	  true },
	{ "LAN host, the engine's",
	  { .src = LAN_HOST, OUT },
	  GATE_MARK_DONE,
	  true },
	{ "gateway's LAN address", { .src = LAN_GW, OUT }, 0, true },
	{ "translated",
	  { .src = WAN, OUT, CLAIMED_PORT },
	  GATE_MARK_DONE,
	  false },
	{ "translated by a rule",
	  { .src = WAN, OUT, CLAIMED_PORT },
	  GATE_MARK_OUT | CLAIMED,
	  false },
	{ "engine's own",
	  { .src = WAN, OUT, CLAIMED_PORT },
	  GATE_MARK_OWN,
	  false },
	{ "not even translated is what waits for the queue",
	  { .src = WAN, OUT },
	  GATE_MARK_ENGINE,
	  true },
	{ "the kernel's answer for a mapping",
	  { .src = WAN, .dst = REMOTE, .proto = IPPROTO_TCP, CLAIMED_PORT },
	  0,
	  true },
	{ "its own question", { .src = WAN, OUT, .sport = 53 }, 0, false },
	{ "its own ping",
	  { .src = WAN,
	    .dst = REMOTE,
	    .proto = IPPROTO_ICMP,
	    .type = 8,
	    .id = CLAIMED },
	  0,
	  false },
	{ "another network's", { .src = "10.99.1.1", OUT }, 0, false },
	{ "a mark of others", { .src = LAN_HOST, OUT }, 5, true },
	{ "its own, with a mark of others", { .src = WAN, OUT }, 5, false },
	{ "IPv6 LAN host", { .src = "2001:db8:1::20", OUT6 }, 0, true },
	{ "IPv6 LAN host, waiting",
	  { .src = "2001:db8:1::20", OUT6 },
	  GATE_MARK_ENGINE,
	  true },
	{ "IPv6 LAN host, let go",
	  { .src = "2001:db8:1::20", OUT6 },
	  GATE_MARK_DONE,
	  false },
	{ "IPv6 of our own", { .src = WAN_V6, OUT6 }, 0, false },
	{ "IPv6 of our own on the LAN",
	  { .src = "2001:db8:1::1", OUT6 },
	  0,
	  false },
	{ "IPv6 neighbour discovery",
	  { .src = "fe80::2",
	    .dst = "fe80::1",
	    .proto = IPPROTO_ICMPV6,
	    .type = 135 },
	  0,
	  false },
};

static void test_nothing_leaves_untranslated(void **state)
{
	struct house *h = *state;
	unsigned wrong = 0;

	for (unsigned i = 0; i < sizeof(leaving_rows) / sizeof(*leaving_rows);
	     i++) {
		const struct leaving *row = &leaving_rows[i];

		if (leaves(h, true, row) == !row->drops)
			continue;
		print_error("%s: %s\n", row->says,
			    row->drops ? "leaves" : "is dropped");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Towards the LAN only what still waits for the queue is a leak. */
static void test_nothing_comes_home_unasked(void **state)
{
	static const struct leaving rows[] = {
		{ "waiting",
		  { .src = "2001:db8:ffff::9",
		    .dst = "2001:db8:1::20",
		    .proto = IPPROTO_UDP },
		  GATE_MARK_ENGINE,
		  true },
		{ "let in",
		  { .src = REMOTE, .dst = LAN_HOST, .proto = IPPROTO_UDP },
		  GATE_MARK_DONE,
		  false },
		{ "gateway's own",
		  { .src = LAN_GW, .dst = LAN_HOST, .proto = IPPROTO_UDP },
		  0,
		  false },
	};
	struct house *h = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(leaves(h, false, &rows[i]), !rows[i].drops);
}

/* XDP would take the LAN's frames before they come to the hook. */
static int tc_open(void **state)
{
	struct house *h;

	house_open(state);
	h = *state;
	return gate_detach(h->gate, h->lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs_are_put_there_and_go),
		cmocka_unit_test(test_undo_takes_programs_and_hook),
		cmocka_unit_test(test_a_stranger_who_takes_them_is_noticed),
		cmocka_unit_test(test_others_filters_stay),
		cmocka_unit_test(test_a_hook_that_others_use_stays),
		cmocka_unit_test(test_an_older_hook_is_named),
		cmocka_unit_test(test_headers_in_pieces_are_read),
		cmocka_unit_test(test_nothing_leaves_untranslated),
		cmocka_unit_test(test_nothing_comes_home_unasked),
	};

	return cmocka_run_group_tests(tests, tc_open, house_close);
}
