/* test_nat_dns.c - DNS with a resolver beyond the gateway: which packets of it
 * are read, and that the lane leaves them to us. */
#include "nat6_lab.h"

#include "ctl/engine/express/express.h"

#define PORT  5000
#define AFTER 4

static const uint8_t question[] = { 0x12, 0x34, 1,   0,	  0,   1, 0, 0, 0, 0, 0,
				    0,	  3,	'w', 'w', 'w', 0, 0, 1, 0, 1 };
static const uint8_t answer[] = { 0x12, 0x34, 0x81, 0x80, 0,   1, 0, 0, 0, 0, 0,
				  0,	3,    'w',  'w',  'w', 0, 0, 1, 0, 1 };
static const uint8_t tunnel[] = { 4, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0 };

static const struct spec asks = { TUPLE(SIDE_LAN, HOST_A, PORT, REMOTE, 53),
				  .quote = question,
				  .quote_n = sizeof(question) };
static const struct spec tells = { TUPLE(SIDE_WAN, REMOTE, 53, WAN, PORT),
				   .quote = answer, .quote_n = sizeof(answer) };
static const struct spec tunnels = { TUPLE(SIDE_LAN, HOST_A, PORT, REMOTE, 53),
				     .quote = tunnel,
				     .quote_n = sizeof(tunnel) };

static bool is_read(struct lab *l, struct spec s)
{
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_false(l->p.flags & PKT_HELLO);
	return l->p.flags & PKT_DNS;
}

static void all_of_a_resolvers_are_read(void **state)
{
	struct lab *l = *state;

	for (unsigned i = 0; i < 20; i++) {
		assert_true(is_read(l, asks));
		assert_true(is_read(l, tells));
		assert_true(l->p.to_lan);
		lab_wait(l, SECOND);
	}
}

static void by_ipv6_likewise(void **state)
{
	struct spec6 ask = { TUPLE(SIDE_LAN, HOST6_A, PORT, REMOTE6, 53),
			     .quote = question, .quote_n = sizeof(question),
			     .mac = 0xa };
	struct spec6 tell = { TUPLE(SIDE_WAN, REMOTE6, 53, HOST6_A, PORT),
			      .quote = answer, .quote_n = sizeof(answer) };
	struct lab *l = *state;

	assert_int_equal(lab6_send(l, ask), VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_DNS);
	/* Whose share it is of has its MAC address in it. */
	assert_int_equal(nat_owner(l->n, l->p.session)->b[15], 0xa);
	assert_int_equal(lab6_send(l, tell), VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_DNS);
}

/* Anybody may send so from that port, to a mapping that lets anybody in. */
static void who_was_not_asked_is_not_read(void **state)
{
	struct spec stranger = tells;
	struct lab *l = *state;

	assert_true(is_read(l, asks));
	stranger.src = STRANGER;
	assert_false(is_read(l, stranger));
	assert_false(is_read(l, stranger));
	/* Nor another port of who was. */
	stranger = tells;
	stranger.sport = 54;
	assert_false(is_read(l, stranger));
	assert_true(is_read(l, tells));
}

static void nor_is_what_goes_by_another_port(void **state)
{
	struct spec other = asks;
	struct lab *l = *state;

	other.dport = 443;
	assert_false(is_read(l, other));
	other = asks;
	other.proto = IPPROTO_TCP;
	other.flags = TCP_SYN;
	assert_false(is_read(l, other));
}

static void nor_a_piece_of_one(void **state)
{
	struct spec piece = tells;
	struct lab *l = *state;

	assert_true(is_read(l, asks));
	piece.more = true;
	piece.payload = 67; /* a multiple of 8, with headers and answer */
	piece.whole = 1400;
	assert_false(is_read(l, piece));
	assert_true(is_read(l, tells));
}

static void a_tunnel_is_left_alone(void **state)
{
	struct lab *l = *state;

	assert_false(is_read(l, tunnels));
	assert_false(is_read(l, tells));
	assert_false(is_read(l, asks));
}

/* ---- the express lane */

static struct express *lane_of(struct lab *l)
{
	struct express *lane = express_new(l->n, NULL);

	assert_non_null(lane);
	l->conf.express = (struct conf_express){ .after = AFTER };
	nat_bind_express(l->n, lane);
	return lane;
}

static void dns_is_never_carried_past_us(void **state)
{
	struct lab *l = *state;
	struct express *lane = lane_of(l);
	struct nat_offer o;

	for (unsigned i = 0; i < 4 * AFTER; i++) {
		assert_true(is_read(l, asks));
		assert_false(nat_offer(l->n, l->p.session, false, &o));
	}
	/* What comes in shows nothing: anybody may have sent it. */
	lab_in(l, REMOTE, 53, PORT);
	assert_false(nat_offer(l->n, l->p.session, false, &o));
	assert_true(is_read(l, tells));
	/* A tunnel is carried from then on. */
	assert_false(is_read(l, tunnels));
	assert_true(nat_offer(l->n, l->p.session, false, &o));
	nat_bind_express(l->n, NULL);
	express_free(lane);
}

/* ---- nfqueue, which brings the headers alone */

static bool is_wanted_whole(struct lab *l, struct spec s)
{
	lab_frame(l, &s);
	assert_true(parse(&l->p));
	return nat_wants_whole(l->n, &l->p);
}

static void an_answer_is_wanted_whole(void **state)
{
	struct spec big = tells, stranger = tells;
	struct lab *l = *state;

	big.payload = 900;
	stranger.src = STRANGER;
	assert_false(is_wanted_whole(l, big));
	assert_true(is_read(l, asks));
	assert_true(is_wanted_whole(l, big));
	l->p.partial = true;
	assert_int_equal(lab_process(l), VERDICT_FORWARD);
	assert_false(l->p.flags & PKT_DNS);
	assert_false(is_wanted_whole(l, stranger));
	assert_false(is_read(l, tunnels));
	assert_false(is_wanted_whole(l, big));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab6_test(all_of_a_resolvers_are_read),
		lab6_test(by_ipv6_likewise),
		lab6_test(who_was_not_asked_is_not_read),
		lab6_test(nor_is_what_goes_by_another_port),
		lab6_test(nor_a_piece_of_one),
		lab6_test(a_tunnel_is_left_alone),
		lab6_test(dns_is_never_carried_past_us),
		lab6_test(an_answer_is_wanted_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
