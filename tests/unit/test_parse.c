/* test_parse.c - which frames are packets, and why the others are not. */
#include "nat_lab.h"

static const struct spec udp = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
				 .payload = 20 };
static const struct spec tcp = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 80),
				 .proto = IPPROTO_TCP, .flags = TCP_SYN,
				 .payload = 20 };

struct frame {
	struct pkt p;
	uint8_t mem[2048];
};

static struct frame *make(const struct spec *s)
{
	struct frame *f = calloc(1, sizeof(*f));
	uint8_t *ip = f->mem + 14;
	uint16_t len;

	assert_non_null(f);
	f->mem[12] = 8;
	len = lab_write(ip, sizeof(f->mem) - 14, s);
	f->p = (struct pkt){ .data = f->mem,
			     .len = 14u + len,
			     .room = sizeof(f->mem) };
	return f;
}

/* The header's sum again, after a byte was changed. */
static void reseal(struct frame *f)
{
	uint8_t *ip = f->mem + 14;
	uint16_t csum;

	rewrite_store16(ip + IPV4_CSUM, 0);
	csum = csum_of(ip, (size_t)(ip[0] & 15) * 4);
	rewrite_store16(ip + IPV4_CSUM, csum);
}

static void test_fields(void **state)
{
	struct spec s = tcp;
	struct frame *f;

	(void)state;
	s.id = 4711;
	s.df = true;
	s.ttl = 9;
	s.options[0] = 1;
	s.options_n = 4;
	f = make(&s);
	f->p.len += 6; /* link padding */
	assert_true(parse(&f->p));
	assert_int_equal(f->p.l3, 14);
	assert_int_equal(f->p.l4, 38);
	assert_int_equal(f->p.l3_len, 24 + 20 + 20);
	assert_int_equal(f->p.proto, IPPROTO_TCP);
	assert_int_equal(f->p.ttl, 9);
	assert_int_equal(f->p.ip_id, 4711);
	assert_int_equal(f->p.tcp_flags, TCP_SYN);
	assert_int_equal(f->p.flags, PKT_DF | PKT_OPTIONS);
	assert_int_equal(addr_to_v4(&f->p.src), net32(HOST_A));
	assert_int_equal(addr_to_v4(&f->p.dst), net32(REMOTE));
	assert_int_equal(f->p.sport, htons(5000));
	assert_int_equal(f->p.dport, htons(80));
	free(f);
}

static void test_icmp_kinds(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t flags;
	} rows[] = { { 0, PKT_ICMP_QUERY },
		     { 8, PKT_ICMP_QUERY },
		     { 13, PKT_ICMP_QUERY },
		     { 14, PKT_ICMP_QUERY },
		     { 3, PKT_ICMP_ERROR },
		     { 11, PKT_ICMP_ERROR },
		     { 12, PKT_ICMP_ERROR },
		     { 4, 0 },
		     { 5, 0 },
		     { 9, 0 },
		     { 42, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec s = { TUPLE(SIDE_LAN, HOST_A, 77, REMOTE, 0),
				  .proto = IPPROTO_ICMP, .type = rows[i].type };
		struct frame *f = make(&s);

		assert_true(parse(&f->p));
		assert_int_equal(f->p.icmp_type, rows[i].type);
		assert_int_equal(f->p.flags, rows[i].flags);
		assert_int_equal(ntohs(f->p.sport),
				 rows[i].flags == PKT_ICMP_QUERY ? 77 : 0);
		assert_int_equal(f->p.dport, f->p.sport);
		free(f);
	}
}

static void test_fragments(void **state)
{
	struct spec s = udp;
	struct frame *f;

	(void)state;
	s.more = true;
	s.whole = 4000;
	s.payload = 504;
	f = make(&s);
	assert_true(parse(&f->p));
	assert_int_equal(f->p.flags, PKT_FRAG | PKT_FRAG_FIRST | PKT_FRAG_MORE);
	free(f);
	s.off = 1480;
	f = make(&s);
	assert_true(parse(&f->p));
	assert_int_equal(f->p.flags, PKT_FRAG | PKT_FRAG_MORE);
	assert_int_equal(f->p.frag_off, 1480);
	assert_int_equal(f->p.sport, 0);
	free(f);
	s.more = false;
	s.payload = 3;
	f = make(&s);
	assert_true(parse(&f->p));
	assert_int_equal(f->p.flags, PKT_FRAG);
	free(f);
}

/* What is wrong, by the spec alone. */
/* nat.md 34 */
static void test_refused_packets(void **state)
{
	static const struct {
		struct spec s;
		enum gate_drop why;
	} rows[] = {
		{ { TUPLE(SIDE_LAN, IP(0, 1, 2, 3), 1, REMOTE, 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, IP(127, 0, 0, 1), 1, REMOTE, 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, IP(224, 0, 0, 1), 1, REMOTE, 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, IP(255, 255, 255, 255), 1, REMOTE, 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, IP(0, 0, 0, 0), 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, IP(127, 0, 0, 1), 1) },
		  DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, HOST_A, 1) }, DROP_MARTIAN },
		{ { TUPLE(SIDE_LAN, HOST_A, 0, REMOTE, 1) }, DROP_MALFORMED },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, REMOTE, 0) }, DROP_MALFORMED },
		{ { TUPLE(SIDE_LAN, HOST_A, 0, REMOTE, 1),
		    .proto = IPPROTO_TCP },
		  DROP_MALFORMED },
		/* longer than the packet */
		{ { TUPLE(SIDE_LAN, HOST_A, 1, REMOTE, 1), .whole = 99 },
		  DROP_MALFORMED },
		/* beyond 64 KiB; not a multiple of 8; nothing in it */
		{ { TUPLE(SIDE_LAN, HOST_A, 1, REMOTE, 1), .off = 65528,
		    .payload = 8 },
		  DROP_MALFORMED },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, REMOTE, 1), .off = 800,
		    .more = true, .payload = 9 },
		  DROP_MALFORMED },
		{ { TUPLE(SIDE_LAN, HOST_A, 1, REMOTE, 1), .off = 800 },
		  DROP_MALFORMED },
		/* RFC 1858: over the first one's flags */
		{ { TUPLE(SIDE_LAN, HOST_A, 1, REMOTE, 1), .proto = IPPROTO_TCP,
		    .off = 8, .payload = 8 },
		  DROP_MALFORMED },
		{ { TUPLE(SIDE_WAN, REMOTE, 0, WAN, 0), .proto = IPPROTO_ICMP,
		    .type = 3, .more = true, .payload = 64 },
		  DROP_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame *f = make(&rows[i].s);

		assert_false(parse(&f->p));
		assert_int_equal(f->p.drop, rows[i].why);
		free(f);
	}
}

static void test_rfc7126_source_routes_from_the_wan(void **state)
{
	static const struct {
		enum side side;
		uint8_t options[8];
		int why; /* -1: it passes */
	} rows[] = {
		{ SIDE_WAN, { 131, 7, 4, 10, 77, 0, 2 }, DROP_MARTIAN },
		{ SIDE_WAN, { 137, 7, 4, 10, 77, 0, 2 }, DROP_MARTIAN },
		{ SIDE_WAN, { 1, 131, 7, 4, 10, 77, 0, 2 }, DROP_MARTIAN },
		{ SIDE_WAN, { 148, 4, 0, 0, 131, 3, 4 }, DROP_MARTIAN },
		{ SIDE_LAN, { 131, 7, 4, 10, 77, 0, 2 }, -1 },
		/* record route, router alert, behind the end */
		{ SIDE_WAN, { 7, 7, 4 }, -1 },
		{ SIDE_WAN, { 148, 4 }, -1 },
		{ SIDE_WAN, { 0, 131, 7, 4 }, -1 },
		/* it has no length; too short; beyond the header */
		{ SIDE_WAN, { 1, 1, 1, 1, 1, 1, 1, 131 }, DROP_MALFORMED },
		{ SIDE_WAN, { 7, 1, 131, 7 }, DROP_MALFORMED },
		{ SIDE_WAN, { 7, 9 }, DROP_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec s = { TUPLE(SIDE_WAN, REMOTE, 53, WAN, 5000),
				  .options_n = 8 };
		struct frame *f;

		memcpy(s.options, rows[i].options, 8);
		f = make(&s);
		f->p.side = rows[i].side;
		assert_int_equal(parse(&f->p), rows[i].why < 0);
		if (rows[i].why >= 0)
			assert_int_equal(f->p.drop, rows[i].why);
		free(f);
	}
}

/* What is wrong, by one byte of the IPv4 packet. */
/* nat.md 34 */
static void test_refused_bytes(void **state)
{
	static const struct {
		const struct spec *s;
		uint8_t at, value;
		bool sealed;
		enum gate_drop why;
	} rows[] = {
		{ &udp, 0, 0x55, true, DROP_MALFORMED },  /* version */
		{ &udp, 0, 0x44, false, DROP_MALFORMED }, /* header length */
		{ &udp, 0, 0x4f, false, DROP_MALFORMED },
		{ &udp, 3, 19, true, DROP_MALFORMED }, /* total length */
		{ &udp, 3, 49, true, DROP_MALFORMED },
		{ &udp, 3, 27, true, DROP_MALFORMED }, /* half a UDP header */
		{ &udp, 8, 7, false, DROP_BAD_CHECKSUM },
		{ &udp, 25, 7, true, DROP_MALFORMED }, /* UDP length */
		{ &tcp, 3, 39, true, DROP_MALFORMED }, /* half a TCP header */
		{ &tcp, 32, 0x40, true, DROP_MALFORMED }, /* data offset */
		{ &tcp, 32, 0xb0, true, DROP_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame *f = make(rows[i].s);

		f->mem[14 + rows[i].at] = rows[i].value;
		if (rows[i].sealed)
			reseal(f);
		assert_false(parse(&f->p));
		assert_int_equal(f->p.drop, rows[i].why);
		free(f);
	}
}

/* Cut anywhere: malformed, and nothing behind the end is read (ASan). */
/* nat.md 34 */
static void test_every_length(void **state)
{
	static const struct spec *const all[] = { &udp, &tcp };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct frame *f = make(all[i]);

		for (uint32_t len = 0; len < f->p.len; len++) {
			uint8_t *cut = malloc(len ? len : 1);
			struct pkt p = { .data = cut, .len = len, .room = len };

			assert_non_null(cut);
			memcpy(cut, f->mem, len);
			assert_false(parse(&p));
			assert_int_equal(p.drop, DROP_MALFORMED);
			free(cut);
		}
		free(f);
	}
}

static struct frame *tagged(unsigned tags, uint16_t tci, uint16_t type)
{
	struct frame *f = make(&udp);

	memset(f->mem, 0xab, 12);
	memmove(f->mem + 12 + 4 * tags, f->mem + 12, f->p.len - 12);
	for (unsigned i = 0; i < tags; i++) {
		struct wr w = wr_init(f->mem + 12 + 4 * i, 4);

		wr_be16(&w, type);
		wr_be16(&w, tci);
	}
	f->p.len += 4 * tags;
	return f;
}

static void test_tags(void **state)
{
	struct frame *f;

	(void)state;
	for (unsigned tags = 1; tags < 3; tags++) {
		f = tagged(tags, 0x6000, 0x8100); /* priority 3, VID 0 */
		assert_true(parse(&f->p));
		assert_ptr_equal(f->p.data, f->mem + 4 * tags);
		assert_int_equal(f->p.l3, 14);
		assert_int_equal(f->p.data[0], 0xab);
		assert_int_equal(f->p.data[11], 0xab);
		assert_int_equal(f->p.data[12], 8);
		assert_int_equal(f->p.room, sizeof(f->mem) - 4 * tags);
		free(f);
	}
	f = tagged(3, 0, 0x88a8);
	assert_false(parse(&f->p));
	assert_int_equal(f->p.drop, DROP_NO_PROTOCOL);
	free(f);
	f = tagged(1, 5, 0x8100);
	assert_false(parse(&f->p));
	assert_int_equal(f->p.drop, DROP_NO_PROTOCOL);
	free(f);
}

static void test_other_ethertypes(void **state)
{
	struct frame *f = make(&udp);

	(void)state;
	f->mem[12] = 0x86;
	f->mem[13] = 0xdd;
	assert_false(parse(&f->p));
	assert_int_equal(f->p.drop, DROP_MALFORMED); /* IPv4 inside */
	f->mem[12] = 0x08;
	f->mem[13] = 0x06;
	assert_false(parse(&f->p));
	assert_int_equal(f->p.drop, DROP_NO_PROTOCOL);
	free(f);
}

/* UDP options live behind the length (RFC 9868). */
static void test_udp_shorter_than_its_packet(void **state)
{
	struct spec s = udp;
	struct frame *f;

	(void)state;
	s.whole = 10;
	f = make(&s);
	assert_true(parse(&f->p));
	free(f);
}

/* BIG TCP: longer than a header can say, and so with a length of 0. */
static void test_more_than_a_header_can_say(void **state)
{
	static uint8_t mem[70000];
	struct frame *f = make(&tcp);

	(void)state;
	f->mem[16] = 0;
	f->mem[17] = 0;
	reseal(f);
	memcpy(mem, f->mem, sizeof(f->mem));
	f->p.data = mem;
	f->p.room = sizeof(mem);
	f->p.len = 14 + 65535;
	assert_false(parse(&f->p));
	assert_int_equal(f->p.drop, DROP_MALFORMED);
	f->p.len = 14 + 65536;
	assert_false(parse(&f->p));
	assert_int_equal(f->p.drop, DROP_TOO_BIG);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_icmp_kinds),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_refused_packets),
		cmocka_unit_test(test_rfc7126_source_routes_from_the_wan),
		cmocka_unit_test(test_refused_bytes),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_other_ethertypes),
		cmocka_unit_test(test_udp_shorter_than_its_packet),
		cmocka_unit_test(test_more_than_a_header_can_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
