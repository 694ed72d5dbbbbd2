/* test_gate_adopt.c - one run leaves the gate standing, the next takes it over.
 */
#include "house.h"

#include <glob.h>
#include <sys/stat.h>

static const struct spec claimed = {
	.src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLAIMED
};

/* ---- what the kernel says */

static uint32_t program_on(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, on);

	assert_int_equal(bpf_xdp_query((int)ifindex, 0, &on), 0);
	return on.prog_id;
}

static void pin_path(const struct house *h, const char *name, char path[128])
{
	snprintf(path, 128, "%s/" INSTANCE "/v%d/%s", h->bpffs, GATE_ABI, name);
}

static uint32_t link_id(const struct house *h, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	char name[32], path[128];
	int fd;

	snprintf(name, sizeof(name), "link_%u", ifindex);
	pin_path(h, name, path);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return info.id;
}

/* Programs pinned under another hash are those of another object. */
static void rename_programs(const struct house *h)
{
	char pattern[128], path[160];
	glob_t found;
	int fd;

	pin_path(h, "prog_*", pattern);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *hash = strstr(found.gl_pathv[i], "prog_") + 5;

		fd = bpf_obj_get(found.gl_pathv[i]);
		assert_true(fd >= 0);
		assert_int_equal(unlink(found.gl_pathv[i]), 0);
		snprintf(path, sizeof(path), "%s", found.gl_pathv[i]);
		path[hash - found.gl_pathv[i]] = *hash == '0' ? '1' : '0';
		assert_int_equal(bpf_obj_pin(fd, path), 0);
		close(fd);
	}
	globfree(&found);
}

static size_t programs_pinned(const struct house *h)
{
	char pattern[128];
	glob_t found;
	size_t n;

	pin_path(h, "prog_*", pattern);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* ---- from one run to the next */

static void leave(struct house *h)
{
	gate_leave(h->gate);
	assert_int_equal(gate_left(h->bpffs, INSTANCE), GATE_LEFT_OURS);
}

static void open_again(struct house *h)
{
	struct error err = { "" };

	if (gate_open(&h->gate, h->bpffs, INSTANCE, &err))
		fail_msg("%s", err.text);
}

static void attach_again(struct house *h)
{
	struct error err = { "" };

	if (gate_attach(h->gate, h->wan, "gatew", true, &err) ||
	    gate_attach(h->gate, h->lan, "gatel", false, &err))
		fail_msg("%s", err.text);
}

static void test_links_maps_and_programs_are_the_same(void **state)
{
	struct house *h = *state;
	uint32_t link = link_id(h, h->wan), prog = program_on(h->wan);
	struct error err;

	leave(h);
	/* Meanwhile it stands. */
	assert_int_equal(program_on(h->wan), prog);
	assert_int_equal(
		gate_foreign(h->bpffs, INSTANCE, h->wan, "gatew", &err), 0);
	open_again(h);
	attach_again(h);
	assert_int_equal(link_id(h, h->wan), link);
	assert_int_equal(program_on(h->wan), prog);
	assert_int_equal(programs_pinned(h), GATE_PROGRAMS);
	assert_true(gate_attached(h->gate, h->wan));
	assert_int_equal(house_asks_spec(h, true, &claimed), ENGINE);
	assert_true(
		gate_claimed(h->gate)[gate_bits_word(GATE_BITS_UDP, CLAIMED)] &
		gate_bits_mask(CLAIMED));
}

static void test_programs_of_another_object_are_replaced(void **state)
{
	struct house *h = *state;
	uint32_t link = link_id(h, h->wan), prog = program_on(h->wan);

	leave(h);
	rename_programs(h);
	open_again(h);
	assert_int_equal(program_on(h->wan), prog);
	attach_again(h);
	assert_int_equal(link_id(h, h->wan), link);
	assert_int_not_equal(program_on(h->wan), prog);
	assert_int_equal(programs_pinned(h), GATE_PROGRAMS);
	assert_int_equal(house_asks_spec(h, true, &claimed), ENGINE);
}

static void test_a_port_that_changes_sides(void **state)
{
	struct house *h = *state;
	uint32_t link = link_id(h, h->wan), prog = program_on(h->wan);
	struct error err;

	leave(h);
	open_again(h);
	assert_int_equal(gate_attach(h->gate, h->wan, "gatew", false, &err), 0);
	assert_int_equal(link_id(h, h->wan), link);
	assert_int_not_equal(program_on(h->wan), prog);
	assert_int_equal(program_on(h->wan), program_on(h->lan));
	attach_again(h);
	assert_int_equal(program_on(h->wan), prog);
}

static void test_what_is_not_taken_up_is_let_go(void **state)
{
	struct house *h = *state;
	struct error err;

	leave(h);
	open_again(h);
	assert_int_equal(gate_attach(h->gate, h->wan, "gatew", true, &err), 0);
	assert_int_not_equal(program_on(h->lan), 0);
	gate_settle(h->gate);
	assert_int_equal(program_on(h->lan), 0);
	assert_int_equal(link_id(h, h->lan), 0);
	assert_int_not_equal(program_on(h->wan), 0);
	attach_again(h);
	house_ports(h);
}

/* Somebody took the program off, and a pin without a port is left. */
static void test_a_link_that_lost_its_port(void **state)
{
	struct house *h = *state;
	uint32_t link = link_id(h, h->wan);
	char path[128], name[32];
	int fd;

	snprintf(name, sizeof(name), "link_%u", h->wan);
	pin_path(h, name, path);
	leave(h);
	fd = bpf_obj_get(path);
	assert_int_equal(bpf_link_detach(fd), 0);
	close(fd);
	open_again(h);
	attach_again(h);
	assert_int_not_equal(link_id(h, h->wan), link);
	assert_int_not_equal(program_on(h->wan), 0);
}

static void test_a_map_of_another_form_means_a_new_start(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct house *h = *state;
	char path[128];
	int fd;

	leave(h);
	pin_path(h, "lan_macs", path);
	assert_int_equal(unlink(path), 0);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "lan_macs", 4, 4, 1, &opts);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	close(fd);
	open_again(h);
	assert_int_equal(program_on(h->wan), 0);
	house_ports(h);
	house_bits(h);
	attach_again(h);
	house_engine(h);
	assert_int_equal(house_asks_spec(h, true, &claimed), ENGINE);
}

static void test_another_version_is_told(void **state)
{
	struct house *h = *state;
	char path[128];

	assert_int_equal(gate_left(h->bpffs, "nobody"), GATE_LEFT_NOTHING);
	assert_int_equal(gate_left(h->bpffs, "a/b"), GATE_LEFT_NOTHING);
	snprintf(path, sizeof(path), "%s/" INSTANCE "/v%d", h->bpffs,
		 GATE_ABI + 1);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(gate_left(h->bpffs, INSTANCE), GATE_LEFT_OTHER);
	assert_int_equal(rmdir(path), 0);
}

static void test_another_instance_s_program_is_foreign(void **state)
{
	struct house *h = *state;
	struct error err = { "" };

	assert_int_equal(gate_foreign(h->bpffs, "other", h->wan, "gatew", &err),
			 -EBUSY);
	assert_non_null(strstr(err.text, "wan_xdp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_maps_and_programs_are_the_same),
		cmocka_unit_test(test_programs_of_another_object_are_replaced),
		cmocka_unit_test(test_a_port_that_changes_sides),
		cmocka_unit_test(test_what_is_not_taken_up_is_let_go),
		cmocka_unit_test(test_a_link_that_lost_its_port),
		cmocka_unit_test(test_a_map_of_another_form_means_a_new_start),
		cmocka_unit_test(test_another_version_is_told),
		cmocka_unit_test(test_another_instance_s_program_is_foreign),
	};

	return cmocka_run_group_tests_name("gate_adopt", tests, house_open,
					   house_close);
}
