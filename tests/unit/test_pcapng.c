/* test_pcapng.c - capture files are written as the draft has them, and as
 * Wireshark's own tools read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/proto/pcapng.h"

/* An ARP request: what it is does not matter, that it is whole does. */
static const uint8_t frame[43] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
				   0,	 0,    0,    0,	   1,	 8,    6,
				   0,	 1,    8,    0,	   6,	 4,    0,
				   1,	 2,    0,    0,	   0,	 0,    1 };

static uint32_t get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Both lengths of every block agree, and lead to the end. Returns how many
 * blocks there are of a type. */
static unsigned count_blocks(const struct wr *w, uint32_t type)
{
	size_t at = 0, len = wr_len(w);
	unsigned n = 0;

	assert_false(w->bad);
	while (at < len) {
		uint32_t size;

		assert_true(len - at >= 12);
		size = get32(w->start + at + 4);
		assert_true(size >= 12 && size % 4 == 0 && size <= len - at);
		assert_int_equal(get32(w->start + at + size - 4), size);
		n += get32(w->start + at) == type;
		at += size;
	}
	return n;
}

static void write_all(struct wr *w)
{
	static const struct mac mac = { { 2, 0, 0, 0, 0, 1 } };
	static const char *const said[] = { "first", "second" };
	struct pcapng_name names[2] = { { addr_v4(htonl(0xcb007107)), "far" },
					{ .name = "gäst.example" } };

	addr_parse("2001:db8::7", &names[1].addr);
	pcapng_section(w, &(struct pcapng_section){ .hardware = "x86_64",
						    .os = "Linux",
						    .application = "Portc" });
	pcapng_interface(w, &(struct pcapng_interface){
				    .name = "lan",
				    .description = "Phone",
				    .filter = "ether host 02:00:00:00:00:01",
				    .os = "Linux",
				    .snaplen = 65504,
				    .mac = &mac,
				    .comments = { 1, said } });
	pcapng_names(w, names, 2);
	pcapng_packet(w, &(struct pcapng_packet){ .at_ns = 1700000000123456789,
						  .data = frame,
						  .kept = sizeof(frame),
						  .len = 1500,
						  .direction = PCAPNG_INBOUND,
						  .comments = { 2, said } });
	pcapng_packet(w,
		      &(struct pcapng_packet){ .at_ns = 1700000001000000001,
					       .data = frame,
					       .kept = 42,
					       .len = 42,
					       .direction = PCAPNG_OUTBOUND });
	pcapng_statistics(
		w, &(struct pcapng_statistics){ .at_ns = 1700000002000000000,
						.start_ns = 1700000000000000000,
						.end_ns = 1700000002000000000,
						.received = 100,
						.dropped = 98,
						.accepted = 3,
						.os_dropped = 1,
						.delivered = 2 });
}

static void blocks_are_whole(void **state)
{
	uint8_t data[2048];
	struct wr w = wr_init(data, sizeof(data));

	(void)state;
	write_all(&w);
	assert_int_equal(count_blocks(&w, 0x0a0d0d0a), 1);
	assert_int_equal(count_blocks(&w, 1), 1);
	assert_int_equal(count_blocks(&w, 4), 1);
	assert_int_equal(count_blocks(&w, 6), 2);
	assert_int_equal(count_blocks(&w, 5), 1);
}

static void a_packets_block_is_as_drafted(void **state)
{
	static const uint8_t wanted[] = {
		6,    0,    0,	  0,	48,   0,    0,	  0, /* type, length */
		0,    0,    0,	  0,			     /* interface */
		0x15, 0x99, 0x97, 0x17, 0x15, 0xcd, 0x5b, 0x07,
		3,    0,    0,	  0,	9,    0,    0,	  0, /* kept, had */
		'a',  'b',  'c',  0,			     /* padded */
		2,    0,    4,	  0,	2,    0,    0,	  0, /* flags: out */
		0,    0,    0,	  0, /* end of options */
		48,   0,    0,	  0,
	};
	uint8_t data[128];
	struct wr w = wr_init(data, sizeof(data));

	(void)state;
	pcapng_packet(&w,
		      &(struct pcapng_packet){ .at_ns = 0x17979915075bcd15,
					       .data = (const uint8_t *)"abc",
					       .kept = 3,
					       .len = 9,
					       .direction = PCAPNG_OUTBOUND });
	assert_int_equal(wr_len(&w), sizeof(wanted));
	assert_memory_equal(data, wanted, sizeof(wanted));
}

/* Draft 4.6: what an interface did, each as a number of 8 bytes. */
static void statistics_are_as_drafted(void **state)
{
	static const struct pcapng_statistics s = { .at_ns = 0x0000000500000006,
						    .received = 1,
						    .dropped = 2,
						    .accepted = 3,
						    .os_dropped = 4,
						    .delivered = 5 };
	static const uint8_t times[] = { 5, 0, 0, 0, 6, 0, 0, 0 };
	uint8_t data[256], wanted[12] = { 0 };
	struct wr w = wr_init(data, sizeof(data));
	unsigned codes[] = { 4, 5, 6, 7, 8 };

	(void)state;
	pcapng_statistics(&w, &s);
	assert_int_equal(count_blocks(&w, 5), 1);
	assert_memory_equal(data + 12, times, sizeof(times));
	for (uint8_t i = 0; i < 5; i++) {
		wanted[0] = (uint8_t)codes[i];
		wanted[2] = 8;
		wanted[4] = i + 1;
		/* Behind both times. */
		assert_memory_equal(data + 20 + 24 + 12 * i, wanted, 12);
	}
}

static void without_room_it_is_bad_and_no_more(void **state)
{
	uint8_t data[2048];
	struct wr all = wr_init(data, sizeof(data));

	(void)state;
	write_all(&all);
	for (size_t len = 0; len < wr_len(&all); len++) {
		uint8_t *tight = malloc(len + 1);
		struct wr w = wr_init(tight, len);

		write_all(&w);
		assert_true(w.bad);
		free(tight);
	}
}

static void long_texts_are_cut_between_characters(void **state)
{
	char longest[PCAPNG_TEXT_MAX + 3];
	uint8_t data[4096];
	struct wr w = wr_init(data, sizeof(data));

	(void)state;
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + PCAPNG_TEXT_MAX - 1, "\xc3\xa4", 3);
	pcapng_section(&w, &(struct pcapng_section){ .os = longest });
	assert_int_equal(count_blocks(&w, 0x0a0d0d0a), 1);
	assert_int_equal(data[24] | data[25] << 8, 3);
	assert_int_equal(data[26] | data[27] << 8, PCAPNG_TEXT_MAX - 1);
}

/* What a command says of the file. */
static void ask(const char *command, char *out, size_t size)
{
	FILE *said = popen(command, "r");
	size_t n;

	assert_non_null(said);
	n = fread(out, 1, size - 1, said);
	out[n] = '\0';
	assert_int_equal(pclose(said), 0);
}

static void wiresharks_tools_read_it(void **state)
{
	char path[] = "/tmp/pcapng-XXXXXX", command[512], said[8192];
	uint8_t data[2048];
	struct wr w = wr_init(data, sizeof(data));
	int fd;

	(void)state;
	if (system("command -v tshark >/dev/null"))
		skip();
	fd = mkstemp(path);
	assert_true(fd >= 0);
	write_all(&w);
	assert_int_equal(write(fd, data, wr_len(&w)), wr_len(&w));
	close(fd);
	snprintf(command, sizeof(command),
		 "tshark -n -r %s -T fields -e frame.time_epoch -e frame.len "
		 "-e frame.cap_len -e frame.packet_flags_direction "
		 "-e frame.comment -e frame.interface_name 2>&1",
		 path);
	ask(command, said, sizeof(said));
	/* Some versions warn of running as root, before. */
	assert_non_null(strstr(said, "1700000000.123456789\t1500\t43\t"
				     "0x00000001\tfirst,second\tlan\n"
				     "1700000001.000000001\t42\t42\t"
				     "0x00000002\t\tlan\n"));
	snprintf(command, sizeof(command), "capinfos %s 2>&1", path);
	ask(command, said, sizeof(said));
	assert_non_null(strstr(said, "pcapng"));
	assert_non_null(strstr(said, "Portc"));
	assert_non_null(strstr(said, "ether host 02:00:00:00:00:01"));
	assert_non_null(strstr(said, "Number of stat entries = 1"));
	assert_non_null(strstr(said, "Number of resolved IPv4 addresses in "
				     "file: 1"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_whole),
		cmocka_unit_test(a_packets_block_is_as_drafted),
		cmocka_unit_test(statistics_are_as_drafted),
		cmocka_unit_test(without_room_it_is_bad_and_no_more),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(wiresharks_tools_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
