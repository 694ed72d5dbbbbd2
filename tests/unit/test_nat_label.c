/* test_nat_label.c - what a session is called, from its first packet on. */
#include "nat6_lab.h"

#include "ctl/engine/tap/labels.h"

static uint32_t serial_of(struct lab *l)
{
	struct nat_offer o;

	assert_true(nat_offer(l->n, l->p.session, true, &o));
	return o.serial;
}

static void only_the_first_packet_opens(void **state)
{
	struct lab *l = *state;
	struct engine_report r = { 0 };

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_true(l->p.flags & PKT_OPENED);
	assert_true(nat_ends(l->n, &l->p, &r));
	assert_int_equal(r.proto, IPPROTO_UDP);
	assert_int_equal(ntohl(addr_to_v4(&r.inside.addr)), HOST_A);
	assert_int_equal(ntohs(r.inside.port), 5000);
	assert_int_equal(ntohl(addr_to_v4(&r.outside.addr)), WAN);
	assert_int_equal(ntohs(r.outside.port), 5000);
	assert_int_equal(ntohl(addr_to_v4(&r.remote.addr)), REMOTE);
	assert_int_equal(ntohs(r.remote.port), 53);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_false(l->p.flags & PKT_OPENED);
	lab_in(l, REMOTE, 53, 5000);
	assert_false(l->p.flags & PKT_OPENED);
	/* A stranger, under the same mapping. */
	lab_in(l, STRANGER, 1234, 5000);
	assert_true(l->p.flags & PKT_OPENED);
	assert_true(nat_ends(l->n, &l->p, &r));
	assert_int_equal(ntohl(addr_to_v4(&r.remote.addr)), STRANGER);
	assert_int_equal(ntohl(addr_to_v4(&r.inside.addr)), HOST_A);
}

static void who_opened_and_is_another_by_now_is_not_told(void **state)
{
	struct lab *l = *state;
	struct engine_report r;
	struct pkt late;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	late = l->p;
	lab_wait(l, 400 * SECOND);
	assert_false(nat_ends(l->n, &late, &r));
	lab_out(l, HOST_B, 5000, REMOTE, 53);
	assert_int_equal(l->p.session, late.session);
	assert_false(nat_ends(l->n, &late, &r));
}

static void every_packet_bears_its_sessions_label(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 443);
	assert_int_equal(l->p.label, 0);
	nat_set_label(l->n, l->p.session, serial_of(l), 7, true);
	lab_out(l, HOST_A, 5000, REMOTE, 443);
	assert_int_equal(l->p.label, 7);
	lab_in(l, REMOTE, 443, 5000);
	assert_int_equal(l->p.label, 7);
	assert_int_equal(nat_label(l->n, l->p.session), 7);
	assert_int_equal(lab_flow(l).label, 7);
	/* What has a name is not named anew by a weaker source. */
	nat_set_label(l->n, l->p.session, serial_of(l), 8, true);
	assert_int_equal(nat_label(l->n, l->p.session), 7);
	nat_set_label(l->n, l->p.session, serial_of(l), 9, false);
	assert_int_equal(nat_label(l->n, l->p.session), 9);
	lab_out(l, HOST_A, 5000, STRANGER, 443);
	assert_int_equal(l->p.label, 0);
}

static void a_label_ends_with_its_session(void **state)
{
	struct lab *l = *state;
	uint32_t session, serial;

	lab_out(l, HOST_A, 5000, REMOTE, 443);
	session = l->p.session;
	serial = serial_of(l);
	nat_set_label(l->n, session, serial, 7, true);
	lab_wait(l, 400 * SECOND);
	nat_set_label(l->n, session, serial, 7, false);
	assert_int_equal(nat_label(l->n, session), 0);
	lab_out(l, HOST_A, 5000, REMOTE, 443);
	assert_int_equal(l->p.session, session);
	assert_int_equal(l->p.label, 0);
	nat_set_label(l->n, session, serial, 7, false);
	assert_int_equal(nat_label(l->n, session), 0);
}

static void a_session_goes_by_the_name_its_host_was_told(void **state)
{
	static const struct hash_key key = { { 1, 2 } };
	struct labels *labels = labels_new(&key);
	struct addr host = addr_v4(htonl(HOST_A)), web = addr_v4(htonl(REMOTE));
	struct lab *l = *state;

	nat_bind_labels(l->n, labels);
	labels_learn(labels, &l->p.host_mac, &host, &web, 7, 60, l->now);
	lab_out(l, HOST_A, 5000, REMOTE, 443);
	assert_int_equal(l->p.label, 7);
	assert_int_equal(lab_flow(l).label, 7);
	lab_in(l, REMOTE, 443, 5000);
	assert_int_equal(l->p.label, 7);
	/* A later answer is for later sessions. */
	labels_learn(labels, &l->p.host_mac, &host, &web, 8, 60, l->now);
	lab_out(l, HOST_A, 5000, REMOTE, 443);
	assert_int_equal(l->p.label, 7);
	lab_out(l, HOST_A, 5001, REMOTE, 443);
	assert_int_equal(l->p.label, 8);
	lab_out(l, HOST_B, 5001, REMOTE, 443);
	assert_int_equal(l->p.label, 0);
	nat_bind_labels(l->n, NULL);
	labels_free(labels);
}

/* Host A was told that 'remote' is 7's. */
static void late(struct lab *l, uint32_t remote, uint32_t before,
		 uint64_t since)
{
	const struct nat_told told = { .host = addr_v4(htonl(HOST_A)),
				       .remote = addr_v4(htonl(remote)),
				       .before = before,
				       .label = 7,
				       .since_ms = since };

	nat_label_late(l->n, &told);
}

/* A host does not wait until we have read what it was told. */
static void what_was_opened_meanwhile_is_named_late(void **state)
{
	struct lab *l = *state;
	uint32_t before, named, other, mine;
	uint64_t told;

	lab_out(l, HOST_A, 5000, REMOTE, 443);
	before = l->p.session;
	lab_wait(l, 2 * SECOND);
	told = l->now;
	lab_out(l, HOST_A, 5001, REMOTE, 443);
	named = l->p.session;
	nat_set_label(l->n, named, serial_of(l), 6, false);
	lab_out(l, HOST_A, 5002, STRANGER, 443);
	other = l->p.session;
	lab_out(l, HOST_A, 5003, REMOTE, 443);
	mine = l->p.session;
	lab_out(l, HOST_A, 5000, REMOTE, 443); /* in use, but older */
	lab_out(l, HOST_B, 5003, REMOTE, 443);
	late(l, REMOTE, 0, told);
	assert_int_equal(nat_label(l->n, l->p.session), 0);
	assert_int_equal(nat_label(l->n, before), 0);
	assert_int_equal(nat_label(l->n, named), 6);
	assert_int_equal(nat_label(l->n, other), 0);
	assert_int_equal(nat_label(l->n, mine), 7);
	/* By an older answer, as the new one was not known yet. */
	late(l, REMOTE, 6, told);
	assert_int_equal(nat_label(l->n, named), 7);
	assert_int_equal(nat_label(l->n, before), 0);
}

/* A host that opens many costs no more than a look at some. */
static void late_names_are_looked_for_in_measure(void **state)
{
	struct lab *l = *state;
	uint32_t first, last;

	lab_out(l, HOST_A, 5000, REMOTE, 443);
	first = l->p.session;
	for (uint16_t port = 5001; port < 5500; port++)
		lab_out(l, HOST_A, port, REMOTE, 443);
	last = l->p.session;
	late(l, REMOTE, 0, l->now);
	assert_int_equal(nat_label(l->n, last), 7);
	assert_int_equal(nat_label(l->n, first), 0);
}

static void a_late_name_is_for_both_families(void **state)
{
	struct spec6 s = { TUPLE(SIDE_LAN, HOST6_A, 5000, REMOTE6, 443),
			   .payload = 10, .mac = 0xa };
	struct lab *l = *state, *six = lab6_new();
	struct nat_told told = { .mac = { { 2, 0, 0, 0, 0, 0xa } },
				 .host = addr_v4(htonl(HOST_A)),
				 .remote = REMOTE6,
				 .label = 7,
				 .since_ms = l->now };

	l->conf = six->conf;
	lab_free(six);
	assert_int_equal(lab6_send(l, s), VERDICT_FORWARD);
	nat_label_late(l->n, &told);
	assert_int_equal(nat_label(l->n, l->p.session), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(only_the_first_packet_opens),
		lab_test(who_opened_and_is_another_by_now_is_not_told),
		lab_test(every_packet_bears_its_sessions_label),
		lab_test(a_label_ends_with_its_session),
		lab_test(a_session_goes_by_the_name_its_host_was_told),
		lab_test(what_was_opened_meanwhile_is_named_late),
		lab_test(late_names_are_looked_for_in_measure),
		lab_test(a_late_name_is_for_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
