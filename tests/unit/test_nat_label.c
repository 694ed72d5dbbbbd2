/* test_nat_label.c - what a session is called, from its first packet on. */
#include "nat_lab.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(only_the_first_packet_opens),
		lab_test(who_opened_and_is_another_by_now_is_not_told),
		lab_test(every_packet_bears_its_sessions_label),
		lab_test(a_label_ends_with_its_session),
		lab_test(a_session_goes_by_the_name_its_host_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
