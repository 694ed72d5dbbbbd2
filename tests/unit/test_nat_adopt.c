/* test_nat_adopt.c - the tables outlive their process: nat.md 32, and what a
 * file may hold that no engine of ours has left. */
#include "nat6_lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/engine/nat/nat_core.h"

static const struct engine_limits limits = { 1024, 4096, 64 };
static const struct hash_key first_key = { { 1, 2 } };
static const struct hash_key other_key = { { 3, 4 } };
static char path[64];
static uint64_t line; /* of names */

static struct nat *open_nat(const struct engine_limits *of,
			    const struct hash_key *key, uint64_t now_ms)
{
	const struct engine_tables tables = { path, line };
	struct nat *n = nat_new_kept(of, key, 5, &tables, now_ms);

	assert_non_null(n);
	assert_true(nat_check(n));
	return n;
}

/* As after kill -9: nothing is said to the file but that its owner is gone. */
static void again(struct lab *l, const struct engine_limits *of)
{
	nat_free(l->n);
	l->n = open_nat(of, &other_key, l->now);
}

static int setup(void **state)
{
	struct lab *l = lab_new();

	snprintf(path, sizeof(path), "/dev/shm/portcullis-test-%d.nat",
		 (int)getpid());
	unlink(path);
	nat_free(l->n);
	l->n = open_nat(&limits, &first_key, l->now);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	lab_free(*state);
	unlink(path);
	return 0;
}

/* nat.md 32 */
static void test_sessions_go_on_by_the_same_ports(void **state)
{
	struct lab *l = *state;
	struct flow_row row;
	uint16_t port;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	port = out_sport(l);
	lab_tcp(l, SIDE_LAN, HOST_A, 6000, REMOTE, 80, TCP_SYN);
	lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 6000, TCP_SYN | TCP_ACK);
	lab_tcp(l, SIDE_LAN, HOST_A, 6000, REMOTE, 80, TCP_ACK);
	again(l, &limits);
	assert_int_equal(lab_sessions(l), 3);
	assert_int_equal(lab_mappings(l), 3);
	assert_int_equal(lab_in(l, REMOTE, 53, port), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_B);
	assert_int_equal(lab_in(l, STRANGER, 9, 5000), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 6000, TCP_ACK),
			 VERDICT_FORWARD);
	row = lab_flow(l);
	assert_int_equal(row.tx_packets + row.rx_packets > 0, true);
	/* Established: two hours and four minutes, not four minutes. */
	lab_wait(l, 10 * MINUTE);
	assert_int_equal(lab_sessions(l), 1);
	assert_int_equal(lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 6000, TCP_ACK),
			 VERDICT_FORWARD);
}

static void test_claimed_is_there_before_the_first_packet(void **state)
{
	static uint64_t claimed[GATE_BITS_WORDS];
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	again(l, &limits);
	nat_bind_claimed(l->n, claimed);
	assert_true(claimed[gate_bits_word(GATE_BITS_UDP, 5000)] &
		    gate_bits_mask(5000));
	nat_bind_claimed(l->n, NULL);
}

/* A resolver's answers are read on, but not those of what the lane carried. */
static void test_dns_goes_on_being_read(void **state)
{
	static const uint8_t question[] = {
		1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0
	};
	const struct spec asks = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
				   .quote = question,
				   .quote_n = sizeof(question) };
	struct lab *l = *state;

	lab_send(l, asks);
	assert_true(l->p.flags & PKT_DNS);
	again(l, &limits);
	lab_in(l, REMOTE, 53, 5000);
	assert_true(l->p.flags & PKT_DNS);
	lab_in(l, STRANGER, 53, 5000);
	again(l, &limits);
	lab_in(l, STRANGER, 53, 5000);
	assert_false(l->p.flags & PKT_DNS);
	lab_in(l, REMOTE, 53, 5000);
	nat_promoted(l->n, l->p.session, 1);
	lab_in(l, REMOTE, 53, 5000);
	assert_false(l->p.flags & PKT_DNS);
	nat_promoted(l->n, l->p.session, 0);
}

/* A label is a number: it means something to who has the same names. */
static void test_labels_go_on_in_one_line_of_names(void **state)
{
	struct lab *l = *state;

	line = 77;
	again(l, &limits);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	nat_set_label(l->n, l->p.session, nat_serial(l->n, l->p.session), 9,
		      false);
	lab_out(l, HOST_B, 5001, REMOTE, 53);
	again(l, &limits);
	again(l, &limits);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(l->p.label, 9);
	lab_out(l, HOST_B, 5001, REMOTE, 53);
	assert_int_equal(l->p.label, 0);
	/* Who comes next in the record has a name of its own, or none. */
	lab_wait(l, 6 * MINUTE);
	lab_wait(l, 10 * MINUTE);
	lab_out(l, HOST_B, 5002, REMOTE, 53);
	again(l, &limits);
	lab_out(l, HOST_B, 5002, REMOTE, 53);
	assert_int_equal(l->p.label, 0);
	nat_set_label(l->n, l->p.session, nat_serial(l->n, l->p.session), 8,
		      false);
	line = 78;
	again(l, &limits);
	lab_out(l, HOST_B, 5002, REMOTE, 53);
	assert_int_equal(l->p.label, 0);
	line = 0;
}

/* nat.md 27 */
static void test_ports_rest_on(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_wait(l, 5 * MINUTE + 2 * SECOND);
	again(l, &limits);
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	assert_int_not_equal(out_sport(l), 5000);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(out_sport(l), 5000);
}

static void test_what_is_over_is_not_taken(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	nat_free(l->n);
	l->now += 6 * MINUTE;
	l->n = open_nat(&limits, &other_key, l->now);
	assert_int_equal(lab_sessions(l), 0);
	lab_wait(l, 2 * SECOND);
	assert_int_equal(lab_mappings(l), 0);
}

/* nat.md 31 */
static void test_another_wan_address_since(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_tcp(l, SIDE_LAN, HOST_A, 6000, REMOTE, 80, TCP_SYN);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	again(l, &limits);
	assert_int_equal(
		lab_tcp(l, SIDE_WAN, REMOTE, 80, WAN, 6000, TCP_SYN | TCP_ACK),
		VERDICT_DROP);
	lab_wait(l, 0);
	assert_int_equal(lab_sessions(l), 0);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(out_src(l), IP(203, 0, 113, 200));
	assert_int_equal(out_sport(l), 5000);
}

/* Killed while the old address's sessions were being cleared away. */
static void test_amid_an_address_change(void **state)
{
	struct lab *l = *state;

	for (uint16_t i = 0; i < 200; i++)
		lab_tcp(l, SIDE_LAN, HOST_A, 5000 + i, REMOTE, 80, TCP_SYN);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	lab_tcp(l, SIDE_LAN, HOST_A, 5100, REMOTE, 80, TCP_SYN);
	nat_expire(l->n, &l->conf, l->now, 10);
	assert_true(lab_sessions(l) > 100);
	again(l, &limits);
	assert_int_equal(lab_sessions(l), 1);
	assert_int_equal(
		lab_send(l, (struct spec){ TUPLE(SIDE_WAN, REMOTE, 80,
						 IP(203, 0, 113, 200), 5100),
					   .proto = IPPROTO_TCP,
					   .flags = TCP_SYN | TCP_ACK }),
		VERDICT_FORWARD);
}

/* The latest used stay. */
static void test_smaller_tables_take_what_fits(void **state)
{
	static const struct engine_limits small = { 1024, 10, 64 };
	struct lab *l = *state;

	for (uint16_t i = 0; i < 50; i++) {
		lab_out(l, HOST_A, 5000 + i, REMOTE, 53);
		l->now += 10;
	}
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	again(l, &small);
	assert_int_equal(lab_sessions(l), 10);
	assert_int_equal(lab_in(l, REMOTE, 53, 5049), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
}

/* nat.md 26 */
static void test_the_longest_idle_still_goes_first(void **state)
{
	struct lab *l = *state;

	l->conf.host_sessions = 10;
	for (uint16_t i = 0; i < 10; i++) {
		lab_out(l, HOST_A, 5009 - i, REMOTE, 53);
		lab_wait(l, 2 * SECOND);
	}
	lab_out(l, HOST_A, 5009, REMOTE, 53); /* the first, again */
	again(l, &limits);
	lab_out(l, HOST_A, 7000, REMOTE, 53);
	assert_int_equal(lab_sessions(l), 10);
	assert_int_equal(lab_in(l, REMOTE, 53, 5009), VERDICT_FORWARD);
	assert_int_equal(lab_in(l, REMOTE, 53, 5008), VERDICT_DROP);
}

/* nat.md 26 */
/* A device's share of IPv6 is its own after a crash, too, whatever addresses
 * it had and takes. */
static void test_a_devices_share_of_ipv6_goes_on(void **state)
{
	struct spec6 s = { TUPLE(SIDE_LAN, HOST6_A, 5000, REMOTE6, 53),
			   .mac = 0xa };
	struct lab *l = *state, *home = lab6_new();

	l->conf = home->conf;
	lab_free(home);
	l->conf.host_sessions = 20;
	for (unsigned i = 0; i < 20; i++) {
		s.src = addr6(LAN6, 0x1000 + i);
		lab6_send(l, s);
	}
	again(l, &limits);
	assert_int_equal(lab_sessions(l), 20);
	for (unsigned i = 0; i < 20; i++) {
		s.src = addr6(LAN6, 0x2000 + i);
		assert_int_equal(lab6_send(l, s), VERDICT_FORWARD);
	}
	assert_int_equal(lab_sessions(l), 20);
	assert_int_equal(lab6_in(l, REMOTE6, 53, s.src, 5000), VERDICT_FORWARD);
}

/* nat.md 29 */
static void test_a_forward_goes_on(void **state)
{
	struct lab *l = *state;

	l->conf.forwards[0] =
		(struct conf_forward){ IPPROTO_TCP, 8443, net32(HOST_B), 443 };
	l->conf.forwards_n = 1;
	l->conf.generation++;
	lab_tcp(l, SIDE_WAN, STRANGER, 1000, WAN, 8443, TCP_SYN);
	again(l, &limits);
	assert_int_equal(lab_tcp(l, SIDE_LAN, HOST_B, 443, STRANGER, 1000,
				 TCP_SYN | TCP_ACK),
			 VERDICT_FORWARD);
	assert_int_equal(out_sport(l), 8443);
	lab_wait(l, 24u * 60 * MINUTE);
	assert_int_equal(lab_mappings(l), 1);
	/* The owner took it back while nobody ran. */
	l->conf.forwards_n = 0;
	l->conf.generation++;
	again(l, &limits);
	lab_wait(l, 60 * MINUTE);
	assert_int_equal(lab_mappings(l), 0);
}

/* ---- files that are no good */

static void write_at(off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}

static void assert_anew(struct lab *l)
{
	l->n = open_nat(&limits, &other_key, l->now);
	assert_int_equal(lab_mappings(l), 0);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	/* And the next one finds a good one. */
	again(l, &limits);
	assert_int_equal(lab_mappings(l), 1);
	nat_free(l->n);
}

static void test_a_file_of_others_is_begun_anew(void **state)
{
	static const uint32_t layout = NAT_FILE_LAYOUT + 1, bump = 5000;
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	nat_free(l->n);
	write_at(0, "other", 5);
	assert_anew(l);
	write_at(offsetof(struct nat_file_head, layout), &layout,
		 sizeof(layout));
	assert_anew(l);
	write_at(offsetof(struct nat_file_head, boot), "another", 7);
	assert_anew(l);
	write_at(offsetof(struct nat_file_head, mappings_bump), &bump,
		 sizeof(bump));
	assert_anew(l);
	assert_int_equal(truncate(path, 5000), 0);
	assert_anew(l);
	assert_int_equal(truncate(path, 0), 0);
	assert_anew(l);
	l->n = open_nat(&limits, &other_key, l->now);
}

/* Its engine lives: what it has is its own, and stays. */
static void test_a_file_in_use_is_left_alone(void **state)
{
	struct lab *l = *state;
	struct nat *other;
	uint32_t mappings, sessions;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	other = open_nat(&limits, &other_key, l->now);
	nat_totals(other, &mappings, &sessions);
	assert_int_equal(mappings, 0);
	nat_free(other);
	again(l, &limits);
	assert_int_equal(lab_mappings(l), 1);
}

/* Any byte of any record may be anything: the tables agree all the same. */
static void test_broken_records_are_left_out(void **state)
{
	struct lab *l = *state;
	unsigned seed = 1;

	for (unsigned round = 0; round < 60; round++) {
		size_t maps = 64, sessions = 128, head = 4096;

		for (uint16_t i = 0; i < 20; i++)
			lab_out(l, i & 1 ? HOST_A : HOST_B, 5000 + i, REMOTE,
				53);
		lab_tcp(l, SIDE_LAN, HOST_A, 6000, REMOTE, 80, TCP_SYN);
		nat_free(l->n);
		for (unsigned i = 0; i < 40; i++) {
			bool map = rand_r(&seed) & 1;
			size_t size = map ? maps : sessions;
			size_t base = map ? head
					  : head + (maps * (3 * 1024 + 1) +
						    63) / 64 * 64;
			uint8_t byte = (uint8_t)rand_r(&seed);

			write_at((off_t)(base +
					 size * (1 +
						 (unsigned)rand_r(&seed) % 21) +
					 (unsigned)rand_r(&seed) % size),
				 &byte, 1);
		}
		l->n = open_nat(&limits, &other_key, l->now);
		lab_wait(l, 3 * SECOND);
	}
}

/* ---- killed at any moment */

static void live_on(const struct engine_limits *of, unsigned seed,
		    uint64_t now_ms)
{
	struct lab *l = calloc(1, sizeof(*l));

	l->n = nat_new_kept(of, &first_key, seed,
			    &(struct engine_tables){ .path = path }, now_ms);
	l->conf = lab_conf();
	l->conf.host_sessions = 300;
	l->now = now_ms;
	l->unchecked = true;
	for (;;) {
		uint16_t port =
			(uint16_t)(5000 + (unsigned)rand_r(&seed) % 400);
		uint32_t host = HOST_A + (unsigned)rand_r(&seed) % 3;

		if (rand_r(&seed) & 1)
			lab_out(l, host, port, REMOTE + port % 5, 53);
		else
			lab_tcp(l, SIDE_LAN, host, port, REMOTE, 80,
				rand_r(&seed) & 1 ? TCP_SYN : TCP_RST);
		if (!(rand_r(&seed) % 64)) {
			l->conf.wan.addr ^= htonl(4);
			l->conf.generation++;
		}
		nat_expire(l->n, &l->conf, l->now, 2);
	}
}

/* nat.md 32 */
static void test_kill_at_any_instruction(void **state)
{
	struct lab *l = *state;
	uint32_t taken = 0;

	nat_free(l->n);
	for (unsigned round = 0; round < 40; round++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (!child)
			live_on(&limits, round, l->now);
		usleep(2000 + round * 300);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		l->n = open_nat(&limits, &other_key, l->now);
		taken += lab_sessions(l);
		lab_wait(l, 5 * SECOND);
		nat_free(l->n);
	}
	assert_true(taken > 0);
	l->n = open_nat(&limits, &other_key, l->now);
}

#define adopt_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		adopt_test(test_sessions_go_on_by_the_same_ports),
		adopt_test(test_claimed_is_there_before_the_first_packet),
		adopt_test(test_labels_go_on_in_one_line_of_names),
		adopt_test(test_dns_goes_on_being_read),
		adopt_test(test_ports_rest_on),
		adopt_test(test_what_is_over_is_not_taken),
		adopt_test(test_another_wan_address_since),
		adopt_test(test_amid_an_address_change),
		adopt_test(test_smaller_tables_take_what_fits),
		adopt_test(test_the_longest_idle_still_goes_first),
		adopt_test(test_a_devices_share_of_ipv6_goes_on),
		adopt_test(test_a_forward_goes_on),
		adopt_test(test_a_file_of_others_is_begun_anew),
		adopt_test(test_a_file_in_use_is_left_alone),
		adopt_test(test_broken_records_are_left_out),
		adopt_test(test_kill_at_any_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
