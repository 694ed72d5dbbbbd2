/* test_nat_ports.c - which outside port is given, when few are left and when
 * none is. */
#include "nat_lab.h"

#include <time.h>

#include "ctl/engine/nat/nat_ports.h"

static uint64_t thread_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct ports *ports_lab(void)
{
	static const struct hash_key key = { { 1, 2 } };
	struct ports *p = malloc(sizeof(*p));

	assert_non_null(p);
	ports_init(p,
		   calloc(GATE_BITS_PROTOS * PORTS_SPACE,
			  sizeof(struct port_hold)),
		   &key, 3);
	return p;
}

static void ports_lab_free(struct ports *p)
{
	free(p->holds);
	free(p);
}

/* Every port of a class once, none twice, and of the other parity when there is
 * no more of this one (nat.md 2); who wants a high port never gets a low one.
 */
static void test_all_ports_of_a_class_and_no_more(void **state)
{
	static const struct {
		uint16_t want;
		unsigned count;
		uint16_t odd;
	} classes[] = { { 5000, 32256, 0 }, /* high */
			{ 5000, 32256, 1 },
			{ 2, 511, 0 }, /* low, without 0 */
			{ 2, 512, 1 } };
	struct ports *p = ports_lab();

	(void)state;
	for (unsigned c = 0; c < 4; c++) {
		uint64_t seen[PORTS_WORDS] = { 0 };

		/* The high ones are gone, the low ones are kept for low. */
		if (c == 2)
			assert_int_equal(ports_take(p, GATE_BITS_TCP, 5001, 1),
					 -1);

		for (unsigned i = 0; i < classes[c].count; i++) {
			int port = ports_take(p, GATE_BITS_TCP, classes[c].want,
					      1);

			assert_in_range(port, 1, 65535);
			assert_int_equal(port % 2, classes[c].odd);
			assert_int_equal(port < 1024, classes[c].want < 1024);
			assert_false(seen[port / 64] >> port % 64 & 1);
			seen[port / 64] |= 1ULL << port % 64;
		}
	}
	assert_int_equal(ports_take(p, GATE_BITS_TCP, 2, 1), -1);
	ports_lab_free(p);
}

/* A low class fits into one host's share: the others go on, in the high class
 * of its parity, and the port that its host left goes first. */
/* nat.md 2 */
static void test_rfc4787_req3_full_low_class_goes_high(void **state)
{
	struct ports *p = ports_lab();
	int port;

	(void)state;
	for (unsigned i = 0; i < 511; i++)
		assert_in_range(ports_take(p, GATE_BITS_UDP, 2, 1), 2, 1022);
	for (unsigned i = 0; i < 1000; i++) {
		port = ports_take(p, GATE_BITS_UDP, 122, 2);
		assert_in_range(port, 1024, 65534);
		assert_int_equal(port % 2, 0);
	}
	/* The other classes and spaces know nothing of it. */
	assert_int_equal(ports_take(p, GATE_BITS_UDP, 123, 2), 123);
	assert_int_equal(ports_take(p, GATE_BITS_TCP, 122, 2), 122);
	ports_hold(p, GATE_BITS_UDP, 500, 1, 1000);
	assert_int_equal(ports_take(p, GATE_BITS_UDP, 122, 2), 500);
	assert_int_equal(p->yielded, 1);
	ports_lab_free(p);
}

static void test_one_host_cannot_take_all_low_ports(void **state)
{
	struct lab *l = lab_with((struct engine_limits){ 65536, 4096, 64 });

	(void)state;
	l->unchecked = true;
	for (uint16_t port = 2; port < 1024; port += 2)
		lab_out(l, HOST_A, port, REMOTE, 53);
	assert_int_equal(lab_mappings(l), 511);
	assert_int_equal(lab_out(l, HOST_B, 500, REMOTE, 500), VERDICT_FORWARD);
	assert_int_equal(l->p.flags & PKT_REPLY, 0);
	assert_true(out_sport(l) >= 1024 && out_sport(l) % 2 == 0);
	assert_int_equal(lab_in(l, REMOTE, 500, out_sport(l)), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(out_dport(l), 500);
	lab_free(l);
}

/* 99 % full costs what empty does: the two levels are looked through at most
 * twice. The bound is generous, for sanitizers and busy machines. */
static void test_allocation_is_flat_when_full(void **state)
{
	struct ports *p = ports_lab();
	uint64_t start, empty, full;

	(void)state;
	assert_int_equal(ports_take(p, GATE_BITS_UDP, 5000, 1), 5000);
	start = thread_us();
	for (unsigned i = 0; i < 2000; i++)
		ports_give(p, GATE_BITS_UDP,
			   (uint16_t)ports_take(p, GATE_BITS_UDP, 5000, 1));
	empty = thread_us() - start;
	for (unsigned i = 0; i < 32256 * 99 / 100; i++)
		assert_true(ports_take(p, GATE_BITS_UDP, 5000, 1) > 0);
	start = thread_us();
	for (unsigned i = 0; i < 2000; i++)
		ports_give(p, GATE_BITS_UDP,
			   (uint16_t)ports_take(p, GATE_BITS_UDP, 5000, 1));
	full = thread_us() - start;
	assert_true(full < empty * 5 + 2000);
	ports_lab_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_ports_of_a_class_and_no_more),
		cmocka_unit_test(test_rfc4787_req3_full_low_class_goes_high),
		cmocka_unit_test(test_one_host_cannot_take_all_low_ports),
		cmocka_unit_test(test_allocation_is_flat_when_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
