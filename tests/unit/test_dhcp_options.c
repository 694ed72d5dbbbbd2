/* test_dhcp_options.c - what stands in an answer: names, boot servers, the
 * owner's own options, what relays and clients want back; and what is done when
 * there is no room. */
#include "dhcp_kit.h"
#include "../../ctl/dhcp/dora.h"
#include "../../ctl/proto/dhcp_opt.h"

static struct dora server;
static struct dora_reply out;
static struct dhcp_msg reply; /* 'out' as the client reads it */

static int setup(void **state)
{
	(void)state;
	memset(&server, 0, sizeof(server));
	server.conf = kit_conf("255.255.255.0");
	return pool_new(&server.pool, &server.conf);
}

static int teardown(void **state)
{
	(void)state;
	pool_free(server.pool);
	return 0;
}

static enum dhcp_drop say(struct kit_msg *k)
{
	struct dhcp_msg m = kit_end(k);
	enum dhcp_drop drop = dora_handle(&server, &m, 0, &out);

	memset(&reply, 0, sizeof(reply));
	if (out.len)
		assert_int_equal(dhcp_msg_parse(&reply, out.bytes, out.len), 0);
	return drop;
}

/* A discovery that wants these options; more may be added until say(). */
static void begin(struct kit_msg *k, const void *wanted, size_t n)
{
	kit_begin(k, 1, DHCP_DISCOVER, 0);
	dhcp_msg_write_option(&k->w, DHCP_OPT_PARAMETERS, wanted, n);
}

static bool has(uint8_t code)
{
	uint8_t join[DHCP_MSG_MAX];

	return dhcp_msg_option(&reply, code, join).p;
}

static void assert_option(uint8_t code, const void *value, size_t len)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(&reply, code, join);

	assert_int_equal(rd_left(&r), len);
	assert_memory_equal(r.p, value, len);
}

static struct dhcp_extra *extra(uint8_t code, const void *value, size_t len)
{
	struct dhcp_extra *e = &server.conf.extras[server.conf.extras_n++];

	e->code = code;
	e->len = (uint8_t)len;
	memcpy(e->value, value, len);
	return e;
}

static void options_by_number_go_to_who_asks_or_to_all(void **state)
{
	static const uint8_t wanted[] = { 42, 3 };
	struct kit_msg k;

	(void)state;
	extra(42, "\x0a\x4d\0\5", 4);
	extra(114, "urn:x", 5);
	extra(150, "\x0a\x4d\0\6", 4)->always = true;
	extra(3, "\x0a\x4d\0\7", 4); /* comes before our own */
	begin(&k, wanted, sizeof(wanted));
	assert_int_equal(say(&k), DHCP_DROP_NONE);
	assert_option(42, "\x0a\x4d\0\5", 4);
	assert_option(150, "\x0a\x4d\0\6", 4);
	assert_option(3, "\x0a\x4d\0\7", 4);
	assert_false(has(114));
}

static void nobody_orders_what_the_protocol_itself_says(void **state)
{
	static const uint8_t wanted[] = { 53, 54, 51, 58, 59, 61, 52, 80, 82 };
	struct kit_msg k;

	(void)state;
	extra(53, "\7", 1)->always = true;
	extra(80, "x", 1)->always = true;
	begin(&k, wanted, sizeof(wanted));
	assert_int_equal(say(&k), DHCP_DROP_NONE);
	assert_option(53, "\2", 1);
	assert_false(has(80));
	assert_false(has(82));
	assert_false(has(61));
}

static void boot_clients_are_told_where(void **state)
{
	static const uint8_t uuid[17] = { 0, 1, 2, 3 };
	struct kit_msg k;

	(void)state;
	strcpy(server.conf.boot.file, "ipxe.efi");
	strcpy(server.conf.boot.server, "10.77.0.5");
	server.conf.boot.addr = ip("10.77.0.5");
	begin(&k, "\3", 1);
	dhcp_msg_write_option(&k.w, DHCP_OPT_CLASS,
			      "PXEClient:Arch:00007:UNDI:003016", 32);
	dhcp_msg_write_option(&k.w, DHCP_OPT_MACHINE_ID, uuid, sizeof(uuid));
	assert_int_equal(say(&k), DHCP_DROP_NONE);
	assert_int_equal(reply.siaddr, ip("10.77.0.5"));
	assert_string_equal((const char *)out.bytes + 108, "ipxe.efi");
	assert_option(DHCP_OPT_CLASS, "PXEClient", 9);
	assert_option(DHCP_OPT_VENDOR, "\6\1\10\xff", 4);
	assert_option(DHCP_OPT_BOOT_SERVER, "10.77.0.5", 9);
	assert_option(DHCP_OPT_BOOT_FILE, "ipxe.efi", 8);
	assert_option(DHCP_OPT_MACHINE_ID, uuid, sizeof(uuid));

	/* By HTTP the class alone is said, and the owner's own word counts. */
	extra(DHCP_OPT_VENDOR, "\1\1\1", 3)->always = true;
	begin(&k, "\3", 1);
	dhcp_msg_write_option(&k.w, DHCP_OPT_CLASS, "HTTPClient:Arch:00016",
			      21);
	say(&k);
	assert_option(DHCP_OPT_CLASS, "HTTPClient", 10);
	assert_option(DHCP_OPT_VENDOR, "\1\1\1", 3);
	assert_option(DHCP_OPT_BOOT_FILE, "ipxe.efi", 8);
}

static void other_clients_hear_of_boot_files_when_they_ask(void **state)
{
	static const uint8_t wanted[] = { 66, 67, 60, 43 };
	struct kit_msg k;

	(void)state;
	strcpy(server.conf.boot.file, "pxelinux.0");
	begin(&k, wanted, sizeof(wanted));
	say(&k);
	assert_int_equal(reply.siaddr, ip("10.77.0.1"));
	assert_option(66, "10.77.0.1", 9);
	assert_option(67, "pxelinux.0", 10);
	assert_false(has(60));
	assert_false(has(43));
	server.conf.boot.file[0] = '\0';
	begin(&k, wanted, sizeof(wanted));
	say(&k);
	assert_int_equal(reply.siaddr, 0);
	assert_false(has(66));
	assert_false(has(67));
}

static void full_names_are_taken_and_answered_in_kind(void **state)
{
	struct dhcp_fqdn f;
	uint8_t join[DHCP_MSG_MAX];
	struct kit_msg k;
	__be32 addr;

	(void)state;
	begin(&k, "\3", 1);
	say(&k);
	addr = reply.yiaddr;
	kit_begin(&k, 1, DHCP_REQUEST, addr);
	dhcp_msg_write_option(&k.w, DHCP_OPT_FQDN, "\4\0\0\3Pad\7example\0",
			      16);
	dhcp_msg_write_option(&k.w, DHCP_OPT_HOSTNAME, "other", 5);
	say(&k);
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(
		dhcp_fqdn_parse(&f,
				dhcp_msg_option(&reply, DHCP_OPT_FQDN, join)),
		0);
	assert_string_equal(f.name, "pad.lan");
	assert_int_equal(f.flags, DHCP_FQDN_E | DHCP_FQDN_S | DHCP_FQDN_O);
	/* Who does not speak of full names hears of none. */
	kit_begin(&k, 1, DHCP_REQUEST, addr);
	say(&k);
	assert_false(has(DHCP_OPT_FQDN));
}

static void the_owners_name_comes_before_the_devices(void **state)
{
	struct kit_msg k;

	(void)state;
	server.conf.names_n = 1;
	server.conf.names[0].mac = kit_mac(1);
	strcpy(server.conf.names[0].label, "kitchen-radio");
	kit_begin(&k, 1, DHCP_REQUEST, ip("10.77.0.90"));
	dhcp_msg_write_option(&k.w, DHCP_OPT_HOSTNAME, "android-77", 10);
	dhcp_msg_write_option(&k.w, DHCP_OPT_PARAMETERS, "\14", 1);
	say(&k);
	assert_option(DHCP_OPT_HOSTNAME, "kitchen-radio", 13);
}

static void rapid_clients_need_two_messages(void **state)
{
	struct kit_msg k;

	(void)state;
	begin(&k, "\3", 1);
	dhcp_msg_write_option(&k.w, DHCP_OPT_RAPID_COMMIT, "", 0);
	assert_int_equal(say(&k), DHCP_DROP_NONE);
	assert_int_equal(reply.type, DHCP_ACK);
	assert_true(has(DHCP_OPT_RAPID_COMMIT));
	assert_true(out.durable);
	assert_int_not_equal(reply.yiaddr, 0);
	/* A flag with a value is not that flag. */
	begin(&k, "\3", 1);
	dhcp_msg_write_option(&k.w, DHCP_OPT_RAPID_COMMIT, "x", 1);
	say(&k);
	assert_int_equal(reply.type, DHCP_OFFER);
	assert_false(has(DHCP_OPT_RAPID_COMMIT));
}

static void relays_of_this_network_are_answered(void **state)
{
	static const uint8_t info[] = { 1, 2, 'g', '1', 2, 1, 'x' };
	struct kit_msg k;
	struct dhcp_msg m;

	(void)state;
	begin(&k, "\3", 1);
	dhcp_msg_write_option(&k.w, DHCP_OPT_RELAY_INFO, info, sizeof(info));
	m = kit_end(&k);
	m.giaddr = ip("10.77.0.3");
	assert_int_equal(dora_handle(&server, &m, 0, &out), DHCP_DROP_NONE);
	assert_int_equal(dhcp_msg_parse(&reply, out.bytes, out.len), 0);
	assert_int_equal(out.way, DORA_TO_RELAY);
	assert_int_equal(out.ip, ip("10.77.0.3"));
	assert_int_equal(reply.giaddr, ip("10.77.0.3"));
	assert_option(DHCP_OPT_RELAY_INFO, info, sizeof(info));
	/* A NAK reaches the client by broadcast from there. */
	kit_begin(&k, 1, DHCP_REQUEST, 0);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, ip("192.168.1.9"));
	m = kit_end(&k);
	m.giaddr = ip("10.77.0.3");
	dora_handle(&server, &m, 0, &out);
	assert_int_equal(dhcp_msg_parse(&reply, out.bytes, out.len), 0);
	assert_int_equal(reply.type, DHCP_NAK);
	assert_int_equal(reply.flags, DHCP_BROADCAST);
	assert_int_equal(out.way, DORA_TO_RELAY);
	m.giaddr = ip("10.9.9.9");
	assert_int_equal(dora_handle(&server, &m, 0, &out), DHCP_DROP_RELAYED);
}

static void fill_up(void)
{
	static const uint8_t big[210] = { 'v' };

	extra(224, big, 210)->always = true;
	extra(225, big, 100)->always = true;
	extra(226, big, 58)->always = true;
}

static void what_finds_no_room_goes_to_the_old_fields(void **state)
{
	struct kit_msg k;

	(void)state;
	fill_up();
	begin(&k, "\3", 1);
	say(&k);
	assert_true(out.len <= DHCP_REPLY_MIN);
	assert_int_equal(reply.areas_n, 3);
	assert_true(has(224) && has(225) && has(226));
	/* Unless a boot file has the larger one. */
	strcpy(server.conf.boot.file, "ipxe.efi");
	begin(&k, "\3", 1);
	say(&k);
	assert_string_equal((const char *)out.bytes + 108, "ipxe.efi");
	assert_true(has(224));
	assert_false(has(225));
	assert_true(has(226));
}

static void a_client_that_takes_more_gets_more(void **state)
{
	struct kit_msg k;

	(void)state;
	fill_up();
	begin(&k, "\3", 1);
	dhcp_msg_write_be16(&k.w, DHCP_OPT_SIZE_MAX, 1500);
	say(&k);
	assert_true(out.len > DHCP_REPLY_MIN && out.len <= DHCP_REPLY_MAX);
	assert_int_equal(reply.areas_n, 1);
	assert_true(has(224) && has(225) && has(226));
	/* Less than everyone must take is not believed. */
	begin(&k, "\3", 1);
	dhcp_msg_write_be16(&k.w, DHCP_OPT_SIZE_MAX, 64);
	say(&k);
	assert_true(out.len > 300 && out.len <= DHCP_REPLY_MIN);
	begin(&k, "\3", 1);
	dhcp_msg_write_be16(&k.w, DHCP_OPT_SIZE_MAX, 65535);
	say(&k);
	assert_true(out.len <= DHCP_REPLY_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(options_by_number_go_to_who_asks_or_to_all),
		CASE(nobody_orders_what_the_protocol_itself_says),
		CASE(boot_clients_are_told_where),
		CASE(other_clients_hear_of_boot_files_when_they_ask),
		CASE(full_names_are_taken_and_answered_in_kind),
		CASE(the_owners_name_comes_before_the_devices),
		CASE(rapid_clients_need_two_messages),
		CASE(relays_of_this_network_are_answered),
		CASE(what_finds_no_room_goes_to_the_old_fields),
		CASE(a_client_that_takes_more_gets_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
