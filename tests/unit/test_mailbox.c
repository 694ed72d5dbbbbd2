/* test_mailbox.c - for which commands the engine is woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>

#include "ctl/engine/mailbox.h"

static bool rings(const struct mailbox *m)
{
	struct pollfd fd = { .fd = m->wake.fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static void a_command_rings_a_remark_does_not(void **state)
{
	struct engine_command remark = { .kind = CMD_ANSWER, .label = 7 }, got;
	struct engine_command command = { .kind = CMD_NEIGH };
	struct mailbox m;

	(void)state;
	assert_int_equal(mailbox_init(&m), 0);
	assert_true(mailbox_remark(&m, &remark));
	assert_false(rings(&m));
	assert_true(mailbox_command(&m, &command));
	assert_true(rings(&m));
	/* Both are there, as they came. */
	assert_true(mailbox_next_command(&m, &got));
	assert_int_equal(got.kind, CMD_ANSWER);
	assert_int_equal(got.label, 7);
	assert_true(mailbox_next_command(&m, &got));
	assert_int_equal(got.kind, CMD_NEIGH);
	mailbox_fini(&m);
}

static void many_remarks_ring(void **state)
{
	struct engine_command remark = { .kind = CMD_ANSWER };
	struct mailbox m;
	unsigned n = 0;

	(void)state;
	assert_int_equal(mailbox_init(&m), 0);
	while (!rings(&m)) {
		assert_true(mailbox_remark(&m, &remark));
		n++;
	}
	assert_int_equal(n, MAILBOX_QUIET);
	mailbox_fini(&m);
}

/* A host may be told as much as its resolver likes, and who waits for its next
 * hop shall not wait for that. */
static void remarks_leave_room_for_commands(void **state)
{
	struct engine_command remark = { .kind = CMD_ANSWER };
	struct engine_command command = { .kind = CMD_NEIGH };
	struct mailbox m;
	unsigned n = 0;

	(void)state;
	assert_int_equal(mailbox_init(&m), 0);
	while (mailbox_remark(&m, &remark))
		n++;
	assert_int_equal(n, MAILBOX_REMARKS);
	while (mailbox_command(&m, &command))
		n++;
	assert_int_equal(n, MAILBOX_COMMANDS - 1);
	assert_false(mailbox_remark(&m, &remark));
	mailbox_fini(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_rings_a_remark_does_not),
		cmocka_unit_test(many_remarks_ring),
		cmocka_unit_test(remarks_leave_room_for_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
