/* test_parse_ipv6.c - the IPv6 header and what may stand behind it: nat.md 33,
 * 34. */
#include "nat6_lab.h"

struct frame {
	struct pkt p;
	uint16_t len;
	uint8_t mem[PKT_HEADROOM + LAB_FRAME];
};

static const struct addr host = { .b = { 0x20, 1, 0xd, 0xb8, [15] = 0xa } };
static const struct addr far = { .b = { 0x20, 1, 0xd, 0xb9, [15] = 7 } };

/* On the heap and no longer than it is, so that ASan sees who reads on. */
static bool parse_at(const uint8_t *frame, uint32_t len, struct pkt *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	bool ok;

	memcpy(copy, frame, len);
	*out = (struct pkt){ .data = copy, .len = len, .room = len };
	ok = parse(out);
	free(copy);
	return ok;
}

static struct frame make(struct spec6 s)
{
	static const uint8_t ether[ETHER] = { [12] = 0x86, 0xdd };
	struct frame f = { 0 };

	if (!s.src.q[0])
		s.src = host;
	if (!s.dst.q[0])
		s.dst = far;
	s.sport = s.sport ? s.sport : 5000;
	s.dport = s.dport ? s.dport : 53;
	memcpy(f.mem, ether, ETHER);
	f.len = ETHER + lab6_write(f.mem + ETHER, LAB_FRAME, &s);
	return f;
}

static bool parse_spec(struct spec6 s, struct pkt *p)
{
	struct frame f = make(s);

	return parse_at(f.mem, f.len, p);
}

static void test_fields(void **state)
{
	struct pkt p;

	(void)state;
	assert_true(parse_spec((struct spec6){ .proto = IPPROTO_TCP,
					       .flags = TCP_SYN,
					       .hops = 9 },
			       &p));
	assert_int_equal(p.l3, 14);
	assert_int_equal(p.l4, 54);
	assert_int_equal(p.l3_len, 60);
	assert_int_equal(p.ttl, 9);
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.tcp_flags, TCP_SYN);
	assert_int_equal(ntohs(p.sport), 5000);
	assert_int_equal(p.flags, PKT_IPV6 | PKT_DF);
	assert_true(is_addr(&p.src, host));
	assert_true(is_addr(&p.dst, far));
}

static void test_extension_headers(void **state)
{
	/* Hop by hop, 16 bytes; destination options; routing, type 2. */
	static const uint8_t chain[] = { 60, 1, 1,  4, 0, 0,  0, 0, 0, 0, 0,
					 0,  0, 0,  0, 0, 43, 0, 1, 4, 0, 0,
					 0,  0, 17, 0, 2, 1,  0, 0, 0, 0 };
	uint8_t source_route[sizeof(chain)];
	struct spec6 s = { .extend = chain,
			   .extend_n = sizeof(chain),
			   .payload = 4 };
	struct pkt p;

	(void)state;
	assert_true(parse_spec(s, &p));
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_int_equal(p.l4, 14 + 40 + 32);
	assert_int_equal(ntohs(p.dport), 53);
	assert_true(p.flags & PKT_OPTIONS);
	/* RFC 5095: type 0 that is not used up. */
	memcpy(source_route, chain, sizeof(chain));
	source_route[26] = 0;
	s.extend = source_route;
	assert_false(parse_spec(s, &p));
	assert_int_equal(p.drop, DROP_MARTIAN);
	source_route[27] = 0;
	assert_true(parse_spec(s, &p));
	/* Hop by hop is the first or none (RFC 8200 4.1). */
	source_route[16] = 0;
	assert_false(parse_spec(s, &p));
	assert_int_equal(p.drop, DROP_MALFORMED);
}

static void test_too_many_headers(void **state)
{
	uint8_t chain[8 * 9];
	struct spec6 s = { .first = 60, .extend = chain };
	struct pkt p;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		memcpy(chain + 8 * i, (uint8_t[8]){ 60, 0, 1, 4 }, 8);
	s.extend_n = 8 * 8;
	chain[8 * 7] = IPPROTO_UDP;
	assert_true(parse_spec(s, &p));
	chain[8 * 7] = 60;
	chain[8 * 8] = IPPROTO_UDP;
	s.extend_n = 8 * 9;
	assert_false(parse_spec(s, &p));
	assert_int_equal(p.drop, DROP_MALFORMED);
}

static void test_fragments(void **state)
{
	struct spec6 s = {
		.fragment = true, .more = true, .id = 0x12345678, .payload = 16
	};
	struct pkt p;

	(void)state;
	assert_true(parse_spec(s, &p));
	assert_int_equal(p.flags & (PKT_FRAG | PKT_FRAG_FIRST | PKT_FRAG_MORE),
			 PKT_FRAG | PKT_FRAG_FIRST | PKT_FRAG_MORE);
	assert_int_equal(p.ip_id, 0x12345678);
	assert_int_equal(ntohs(p.sport), 5000);
	s.off = 1208;
	s.more = false;
	assert_true(parse_spec(s, &p));
	assert_int_equal(p.frag_off, 1208);
	assert_int_equal(p.flags & (PKT_FRAG | PKT_FRAG_FIRST | PKT_FRAG_MORE),
			 PKT_FRAG);
	/* RFC 6946: atomic, a packet like any other. */
	s.off = 0;
	assert_true(parse_spec(s, &p));
	assert_int_equal(p.flags & PKT_FRAG, 0);
	/* A length that cannot be continued; over the flags of TCP's first;
	 * beyond the end of any datagram. */
	s.more = true;
	s.payload = 17;
	assert_false(parse_spec(s, &p));
	s.payload = 16;
	s.proto = IPPROTO_TCP;
	s.off = 8;
	assert_false(parse_spec(s, &p));
	s.proto = IPPROTO_UDP;
	s.off = 65528;
	assert_false(parse_spec(s, &p));
	assert_int_equal(p.drop, DROP_MALFORMED);
	/* RFC 7112: a first one without its upper header. */
	s = (struct spec6){ .fragment = true,
			    .more = true,
			    .proto = IPPROTO_TCP };
	{
		struct frame f = make(s);

		f.mem[ETHER + 5] = 16;
		assert_false(parse_at(f.mem, ETHER + 56, &p));
		assert_int_equal(p.drop, DROP_MALFORMED);
	}
}

static void test_martians(void **state)
{
	const struct addr bad_src[] = { addr6(0, 0), addr6(0, 1),
					addr6(0xff02000000000000ull, 1),
					addr_v4(htonl(0x0a4d0002)), far };
	const struct addr bad_dst[] = { addr6(0, 0), addr6(0, 1),
					addr_v4(htonl(0x0a4d0002)), host };
	struct pkt p;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad_src) / sizeof(*bad_src); i++) {
		struct frame f = make((struct spec6){ 0 });

		memcpy(f.mem + ETHER + 8, &bad_src[i], 16);
		assert_false(parse_at(f.mem, f.len, &p));
		assert_int_equal(p.drop, DROP_MARTIAN);
	}
	for (unsigned i = 0; i < sizeof(bad_dst) / sizeof(*bad_dst); i++) {
		struct frame f = make((struct spec6){ 0 });

		memcpy(f.mem + ETHER + 24, &bad_dst[i], 16);
		assert_false(parse_at(f.mem, f.len, &p));
		assert_int_equal(p.drop, DROP_MARTIAN);
	}
}

/* nat.md 34 */
static void test_every_length_and_every_byte(void **state)
{
	static const uint8_t chain[] = { 60, 0, 1, 4, 0, 0, 0, 0,
					 44, 0, 1, 4, 0, 0, 0, 0 };
	struct frame f = make((struct spec6){ .extend = chain,
					      .extend_n = sizeof(chain),
					      .fragment = true,
					      .more = true,
					      .payload = 24 });
	struct pkt p;

	(void)state;
	for (uint32_t len = 0; len < f.len; len++)
		assert_false(parse_at(f.mem, len, &p));
	assert_true(parse_at(f.mem, f.len, &p));
	for (uint32_t at = ETHER; at < f.len; at++)
		for (unsigned v = 0; v < 256; v++) {
			struct frame g = f;

			g.mem[at] = (uint8_t)v;
			if (!parse_at(g.mem, g.len, &p))
				continue;
			assert_true(p.l4 >= p.l3 + 40u);
			assert_true(p.l4 - p.l3 <= p.l3_len);
			assert_true(p.l3_len + p.l3 <= p.len);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_extension_headers),
		cmocka_unit_test(test_too_many_headers),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_martians),
		cmocka_unit_test(test_every_length_and_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
