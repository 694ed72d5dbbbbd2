/* test_dns_tap.c - which frames DNS answers on the data path, with what, and
 * what becomes of the others. */
#include "nat_lab.h"

#include "ctl/engine/tap/dns_tap.h"
#include "ctl/proto/dns_answer.h"

#define CLIENT HOST_A
#define NOW_MS 100000
#define PORT   7 /* ifindex */

static const struct spec question = { TUPLE(SIDE_LAN, CLIENT, 5000, GATEWAY,
					    53) };

struct desk {
	uint8_t group; /* bit of the client's MAC */
	struct answers *answers;
	struct engine_conf conf;
	struct pkt p;
	uint8_t mem[2048];
};

static const uint8_t lan_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t client_mac[6] = { 2, 0, 0, 0, 0, 9 };

/* The query for 'name' with EDNS if 'size'. */
static size_t write_query(uint8_t *out, const char *name, uint16_t size)
{
	struct dns_header h = {
		.id = 0x1234, .flags = DNS_RD, .qd = 1, .ar = size > 0
	};
	struct dns_question q = { .type = DNS_A, .class = DNS_IN };
	struct wr w = wr_init(out, DNS_QUERY_MAX);

	assert_true(dns_name_from_text(&q.name, name));
	dns_header_write(&w, &h);
	dns_question_write(&w, &q);
	if (size)
		dns_opt_write(&w, size, 0, false);
	return wr_len(&w);
}

/* 'n' addresses of www.example, as DNS posts them. */
static void post(struct desk *d, unsigned n)
{
	uint8_t bytes[DNS_QUERY_MAX];
	size_t len = write_query(bytes, "www.example", 0);
	struct answer x = { .born_ms = NOW_MS - 10000,
			    .until_ms = NOW_MS + 1000 };
	struct dns_query q;
	struct dns_key key;
	struct wr w = wr_init(x.bytes, sizeof(x.bytes)), msg;

	assert_int_equal(dns_query_read(bytes, len, &q), 0);
	key = dns_key(&q);
	wr_bytes(&w, key.b, key.len);
	msg = wr_init(w.p, (size_t)(w.end - w.p));
	dns_reply_write(&msg, &q, DNS_NOERROR);
	for (unsigned i = 0; i < n; i++) {
		x.ttl_at[x.ttl_n++] =
			(uint16_t)(wr_len(&msg) + q.q.name.len + 4);
		dns_rr_write(&msg, &q.q.name, DNS_A, 60, 4);
		wr_be32(&msg, 0xc0000200 + i);
	}
	dns_counts_patch(&msg, (uint16_t)n, 0, 0);
	assert_false(msg.bad);
	x.key_len = key.len;
	x.msg_len = (uint16_t)wr_len(&msg);
	answers_post(d->answers, &x);
}

static struct desk *desk_new(void)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->answers = answers_new();
	d->conf.lans_n = 1;
	d->conf.lans[0] = (struct conf_lan){ .addr = htonl(GATEWAY),
					     .net = htonl(GATEWAY & ~255u),
					     .mask = htonl(~255u),
					     .mtu = 1500 };
	memcpy(d->conf.lans[0].mac.b, lan_mac, sizeof(lan_mac));
	return d;
}

static void desk_free(struct desk *d)
{
	answers_free(d->answers);
	free(d);
}

/* Hands over a frame of 's' with 'len' bytes of 'msg'. */
static bool tap(struct desk *d, struct spec s, const uint8_t *msg, size_t len)
{
	uint8_t *ip = d->mem + 14, *udp;
	uint16_t n;

	s.payload = (uint16_t)len;
	memset(d->mem, 0, sizeof(d->mem));
	memcpy(d->mem, lan_mac, 6);
	memcpy(d->mem + 6, client_mac, 6);
	d->mem[6] |= d->group;
	d->mem[12] = 8;
	n = lab_write(ip, sizeof(d->mem) - 14, &s);
	udp = ip + (size_t)(ip[0] & 15) * 4;
	memcpy(udp + 8, msg, len);
	rewrite_store16(udp + UDP_CSUM, 0);
	d->p = (struct pkt){ .data = d->mem,
			     .len = 14u + n,
			     .room = sizeof(d->mem),
			     .side = s.side };
	assert_true(parse(&d->p));
	d->p.verdict = VERDICT_FORWARD;
	return dns_tap(d->answers, &d->conf, &d->p, PORT, NOW_MS);
}

static bool ask(struct desk *d, const char *name, uint16_t size)
{
	uint8_t msg[DNS_QUERY_MAX];

	return tap(d, question, msg, write_query(msg, name, size));
}

/* With the pseudo-header: all ones when it is right (RFC 768). */
static uint16_t sum_of_udp(const struct pkt *p)
{
	uint64_t sum = csum_partial(p->data + p->l3 + 12, 8);

	sum += htons(IPPROTO_UDP) + htons((uint16_t)(p->l3_len - 20));
	sum += csum_partial(p->data + p->l4, p->l3_len - 20u);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return csum_fold((uint32_t)((sum & 0xffffffff) + (sum >> 32)));
}

/* The answer in the frame, whose sums are right and whose ends are turned. */
static void read_answer(struct desk *d, struct dns_answer *out)
{
	struct pkt p = { .data = d->p.data,
			 .len = d->p.len,
			 .room = d->p.room };

	assert_int_equal(d->p.verdict, VERDICT_ANSWERED);
	assert_memory_equal(p.data, client_mac, 6);
	assert_memory_equal(p.data + 6, lan_mac, 6);
	assert_true(parse(&p));
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_int_equal(addr_to_v4(&p.src), htonl(GATEWAY));
	assert_int_equal(addr_to_v4(&p.dst), htonl(CLIENT));
	assert_int_equal(p.sport, htons(53));
	assert_int_equal(p.dport, htons(5000));
	assert_int_equal(sum_of_udp(&p), 0xffff);
	assert_int_equal(
		dns_answer_read(p.data + p.l4 + 8, p.l3_len - 28u, out), 0);
}

static void what_is_posted_is_answered(void **state)
{
	struct desk *d = desk_new();
	struct answers_counts c;
	struct dns_answer a;

	(void)state;
	post(d, 2);
	assert_true(ask(d, "WWW.example", 0));
	read_answer(d, &a);
	assert_int_equal(a.id, 0x1234);
	assert_int_equal(a.an, 2);
	assert_int_equal(a.ttl_s, 50);
	assert_memory_equal(a.q.name.b, "\3WWW", 4);
	assert_true(ask(d, "www.example", 1232));
	read_answer(d, &a);
	answers_counts(d->answers, &c);
	assert_int_equal(c.hits, 2);
	desk_free(d);
}

static void other_questions_are_asked_on(void **state)
{
	struct desk *d = desk_new();
	struct answers_question q;

	(void)state;
	post(d, 1);
	assert_true(ask(d, "other.example", 0));
	assert_int_equal(d->p.verdict, VERDICT_HELD);
	assert_true(answers_next_question(d->answers, &q));
	assert_int_equal(q.from.port, htons(5000));
	assert_int_equal(addr_to_v4(&q.from.addr), htonl(CLIENT));
	assert_int_equal(addr_to_v4(&q.to), htonl(GATEWAY));
	assert_int_equal(q.len, d->p.l3_len - 28);
	assert_memory_equal(q.msg, d->p.data + d->p.l4 + 8, q.len);
	assert_int_equal(q.way.ifindex, PORT);
	assert_int_equal(q.way.room, ANSWERS_MSG_MAX);
	assert_memory_equal(q.way.mac.b, client_mac, 6);
	/* What is no query is DNS's to count. */
	assert_true(tap(d, question, (const uint8_t *)"no", 2));
	assert_int_equal(d->p.verdict, VERDICT_HELD);
	answers_clear(d->answers);
	assert_true(ask(d, "www.example", 0));
	assert_int_equal(d->p.verdict, VERDICT_HELD);
	desk_free(d);
}

static void what_is_long_or_not_plain_goes_to_the_socket(void **state)
{
	struct spec s = question;
	struct desk *d = desk_new();
	uint8_t msg[1000] = { 0 };

	(void)state;
	post(d, 1);
	assert_true(tap(d, s, msg, ANSWERS_ASK_MAX + 1));
	assert_int_equal(d->p.verdict, VERDICT_LOCAL);
	s.options[0] = 1;
	s.options_n = 4;
	assert_true(tap(d, s, msg, write_query(msg, "www.example", 0)));
	assert_int_equal(d->p.verdict, VERDICT_LOCAL);
	desk_free(d);
}

static void strangers_and_others_are_told_nothing(void **state)
{
	static const struct spec to_world = { TUPLE(SIDE_LAN, CLIENT, 5000,
						    REMOTE, 53) };
	static const struct spec other_port = { TUPLE(SIDE_LAN, CLIENT, 5000,
						      GATEWAY, 54) };
	static const struct spec from_wan = { TUPLE(SIDE_WAN, CLIENT, 5000,
						    GATEWAY, 53) };
	static const struct spec stranger = { TUPLE(SIDE_LAN, IP(10, 77, 1, 2),
						    5000, GATEWAY, 53) };
	struct desk *d = desk_new();
	uint8_t msg[DNS_QUERY_MAX];
	size_t len = write_query(msg, "www.example", 0);

	(void)state;
	post(d, 1);
	assert_false(tap(d, to_world, msg, len));
	assert_false(tap(d, other_port, msg, len));
	assert_false(tap(d, from_wan, msg, len));
	assert_int_equal(d->p.verdict, VERDICT_FORWARD);
	assert_true(tap(d, stranger, msg, len));
	assert_int_equal(d->p.verdict, VERDICT_DROP);
	assert_int_equal(d->p.drop, DROP_SPOOFED);
	d->group = 1;
	assert_true(ask(d, "www.example", 0));
	assert_int_equal(d->p.verdict, VERDICT_DROP);
	desk_free(d);
}

static void many_addresses_fit(void **state)
{
	struct desk *d = desk_new();
	struct dns_answer a;

	(void)state;
	post(d, 14);
	assert_true(ask(d, "www.example", 1232));
	read_answer(d, &a);
	assert_int_equal(a.an, 14);
	desk_free(d);
}

/* The resolver's answer to what was asked on. */
static struct answers_reply reply_to(struct desk *d, const char *name)
{
	struct answers_reply r = { .len = ANSWERS_MSG_MAX };
	struct answers_question q;

	assert_true(ask(d, name, 0));
	assert_int_equal(d->p.verdict, VERDICT_HELD);
	assert_true(answers_next_question(d->answers, &q));
	r.way = q.way;
	r.to = q.from;
	r.from = q.to;
	memcpy(r.msg, q.msg, q.len);
	r.msg[2] |= 0x80;
	return r;
}

static bool put(struct desk *d, const struct answers_reply *r)
{
	memset(d->mem, 0xee, sizeof(d->mem));
	d->p = (struct pkt){ .data = d->mem, .room = sizeof(d->mem) };
	return dns_tap_reply(&d->conf, r, &d->p);
}

static void the_resolver_s_answer_becomes_a_frame(void **state)
{
	struct desk *d = desk_new();
	struct answers_reply r = reply_to(d, "www.example");
	struct dns_answer a;

	(void)state;
	assert_true(put(d, &r));
	assert_int_equal(d->p.len, 14 + 28 + ANSWERS_MSG_MAX);
	read_answer(d, &a);
	assert_int_equal(a.id, 0x1234);
	assert_memory_equal(a.q.name.b, "\3www", 4);
	/* A frame that is too small for it. */
	d->p.room = d->p.len - 1;
	d->p.data = d->mem;
	assert_false(dns_tap_reply(&d->conf, &r, &d->p));
	desk_free(d);
}

static void a_small_network_leaves_less_room(void **state)
{
	struct desk *d = desk_new();

	(void)state;
	d->conf.lans[0].mtu = 600;
	assert_int_equal(reply_to(d, "www.example").way.room, 572);
	d->conf.lans[0].mtu = 0;
	assert_int_equal(reply_to(d, "www.example").way.room, 0);
	desk_free(d);
}

static void no_answer_for_whom_the_network_is_not_any_more(void **state)
{
	struct desk *d = desk_new();
	const struct answers_reply good = reply_to(d, "www.example");
	struct answers_reply r = good;

	(void)state;
	assert_true(put(d, &r));
	r.to.addr = addr_v4(htonl(IP(10, 77, 1, 2)));
	assert_false(put(d, &r));
	r = good;
	r.to.addr = addr_v4(htonl(GATEWAY | 255));
	assert_false(put(d, &r));
	r = good;
	r.way.mac.b[0] |= 1;
	assert_false(put(d, &r));
	r = good;
	r.way.lan = 1;
	assert_false(put(d, &r));
	r = good;
	r.from = addr_v4(htonl(GATEWAY + 7));
	assert_false(put(d, &r));
	r = good;
	d->conf.lans[0].addr = 0;
	assert_false(put(d, &r));
	desk_free(d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_posted_is_answered),
		cmocka_unit_test(other_questions_are_asked_on),
		cmocka_unit_test(what_is_long_or_not_plain_goes_to_the_socket),
		cmocka_unit_test(strangers_and_others_are_told_nothing),
		cmocka_unit_test(many_addresses_fit),
		cmocka_unit_test(the_resolver_s_answer_becomes_a_frame),
		cmocka_unit_test(a_small_network_leaves_less_room),
		cmocka_unit_test(
			no_answer_for_whom_the_network_is_not_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
