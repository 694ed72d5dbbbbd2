/* test_dhcp_commit.c - promises wait for the disk, and share its work.
 *
 * The disk is ours: syncing goes through a gate, and is counted. */
#include <dlfcn.h>
#include <stdatomic.h>

#include "dhcp_desk.h"

#define CROWD	 40
#define SYNCS_MS 5 /* groups begin no closer */

static atomic_bool shut;
static atomic_uint syncs;

/* Instead of libc's: the journal's writer comes here. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	while (shut)
		usleep(1000);
	syncs++;
	return real(fd);
}

static int open_gate_and_start(void **state)
{
	shut = false;
	syncs = 0;
	return setup(state);
}

static int open_gate_and_leave(void **state)
{
	shut = false;
	return teardown(state);
}

static __be32 address(unsigned n)
{
	return ip("10.77.0.100") + htonl(n);
}

/* INIT-REBOOT to an address that is nobody's: one message, one lease. */
static void request(unsigned n)
{
	struct kit_msg k;

	kit_begin(&k, n, DHCP_REQUEST, 0);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, address(n));
	kit_end(&k);
	send_from(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, &k);
}

static unsigned leases(void)
{
	const struct dhcp_lease *list;

	return dhcp_leases(desk.server, &list);
}

static void await_leases(unsigned n)
{
	uint64_t until_ms = clock_ms() + PATIENCE_MS;

	while (leases() < n && clock_ms() < until_ms)
		turn();
	assert_int_equal(leases(), n);
}

/* How many of the crowd are told that they have it. */
static unsigned confirmed(unsigned n, uint64_t ms)
{
	static uint8_t frame[2048];
	uint64_t until_ms = clock_ms() + ms;
	unsigned acks = 0;
	struct udp_frame f;
	struct dhcp_msg m;
	struct rd payload;
	ssize_t len;

	while (acks < n && clock_ms() < until_ms) {
		turn();
		while ((len = recv(desk.ear, frame, sizeof(frame),
				   MSG_DONTWAIT)) > 0) {
			assert_int_equal(udp_frame_parse(&f, &payload, frame,
							 (size_t)len),
					 0);
			assert_int_equal(dhcp_msg_parse(&m, payload.p,
							rd_left(&payload)),
					 0);
			acks += m.type == DHCP_ACK;
		}
	}
	return acks;
}

static void nothing_is_confirmed_that_is_not_synced(void **state)
{
	(void)state;
	shut = true;
	request(1);
	await_leases(1);
	assert_int_equal(confirmed(1, 300), 0);
	assert_int_equal(syncs, 0);
	shut = false;
	assert_int_equal(confirmed(1, PATIENCE_MS), 1);
	assert_int_equal(syncs, 1);
}

static void what_comes_while_the_disk_is_busy_shares_a_sync(void **state)
{
	unsigned n;

	(void)state;
	shut = true;
	request(0);
	await_leases(1);
	for (n = 1; n < CROWD; n++)
		request(n);
	await_leases(CROWD);
	shut = false;
	assert_int_equal(confirmed(CROWD, PATIENCE_MS), CROWD);
	assert_int_equal(syncs, 2);
}

/* One lease a turn, and a disk that would keep up with each. */
static void what_comes_shortly_after_another_shares_a_sync(void **state)
{
	uint64_t began_ms;
	unsigned n;

	(void)state;
	get_lease(CROWD); /* the server listens */
	syncs = 0;
	began_ms = clock_ms();
	for (n = 0; n < CROWD; n++) {
		request(n);
		turn();
	}
	assert_int_equal(confirmed(CROWD, PATIENCE_MS), CROWD);
	assert_in_range(syncs, 1, 2 + (clock_ms() - began_ms) / SYNCS_MS);
}

static void a_group_that_waits_is_kept_by_a_stop(void **state)
{
	(void)state;
	get_lease(CROWD);
	request(1);
	while (leases() < 2)
		uv_run(&desk.loop, UV_RUN_NOWAIT);
	stop();
	assert_true(sh_prints("cat " PATH, "bind 10.77.0.101 "));
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, open_gate_and_start,             \
					open_gate_and_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_confirmed_that_is_not_synced),
		CASE(what_comes_while_the_disk_is_busy_shares_a_sync),
		CASE(what_comes_shortly_after_another_shares_a_sync),
		CASE(a_group_that_waits_is_kept_by_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
