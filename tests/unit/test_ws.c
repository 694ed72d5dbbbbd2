/* test_ws.c - WebSockets: the handshake, frames cut and malformed, and clients
 * that leave, stall or fall silent. */
#include "http_house.h"

#include "../../ctl/http/ws_wire.h"
#include "../../ctl/proto/sha1.h"
#include "../../ctl/proto/ws_key.h"

#define OFFER                                                                  \
	"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"              \
	"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"     \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static struct ws *page;
static unsigned left;
static uint64_t ahead_ms; /* of the loop's clock */

static void on_left(void *arg)
{
	(void)arg;
	page = NULL;
	left++;
}

static void listener(void *arg, struct http_request *r)
{
	struct ws *w;

	(void)arg;
	w = ws_accept(r, on_left, NULL);
	if (w)
		page = w;
}

static int start_ws(void **state)
{
	if (start(state))
		return -1;
	server->handler = listener;
	return 0;
}

/* A client's frame; masked with zeros, which leaves the payload readable. */
static size_t frame(char *out, uint8_t first, const char *payload, size_t len)
{
	struct wr w = wr_init(out, len + 14);

	wr_u8(&w, first);
	if (len < 126) {
		wr_u8(&w, (uint8_t)(0x80 | len));
	} else {
		wr_u8(&w, 0x80 | 126);
		wr_be16(&w, (uint16_t)len);
	}
	wr_be32(&w, 0);
	wr_bytes(&w, payload, len);
	return wr_len(&w);
}

/* A client that is listening. */
static int listening(void)
{
	int fd = client();

	say(fd, OFFER);
	hears(fd, "HTTP/1.1 101 ");
	assert_non_null(page);
	ahead_ms = 0;
	return fd;
}

/* What comes from the socket, as bytes. */
static size_t hear_bytes(int fd, uint8_t *out, size_t room)
{
	ssize_t n;

	spin(10);
	n = recv(fd, out, room, 0);
	return n > 0 ? (size_t)n : 0;
}

/* ---- keys */

static void hashes_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *text, *hash;
	} cases[] = {
		{ "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		/* Where the padding just fits, and needs a block of its own. */
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaa",
		  "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
	};
	char text[2 * SHA1_LEN + 1];
	uint8_t hash[SHA1_LEN];
	unsigned i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sha1(cases[i].text, strlen(cases[i].text), hash);
		for (k = 0; k < SHA1_LEN; k++)
			sprintf(text + 2 * k, "%02x", hash[k]);
		assert_string_equal(text, cases[i].hash);
	}
}

static void keys_are_answered_or_refused(void **state)
{
	static const char *const bad[] = { "",
					   "dGhlIHNhbXBsZSBub25jZQ=",
					   "dGhlIHNhbXBsZSBub25jZQ===",
					   "dGhlIHNhbXBsZSBub25jZ===",
					   "dGhl!HNhbXBsZSBub25jZQ==",
					   "dGhlIHNhbXBsZSBub25jZQab" };
	char accept[WS_ACCEPT_MAX];
	unsigned i;

	(void)state;
	/* RFC 6455, 1.3 */
	assert_true(ws_key_accept("dGhlIHNhbXBsZSBub25jZQ==", accept));
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ws_key_accept(bad[i], accept));
}

static void offers_are_judged(void **state)
{
#define ASK(method, rest) method " /live HTTP/1.1\r\nHost: x\r\n" rest "\r\n"
#define UP		  "Upgrade: WebSocket\r\nConnection: upgrade\r\n"
#define KEY		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13		  "Sec-WebSocket-Version: 13\r\n"
	static const struct {
		const char *offer, *reply;
	} cases[] = {
		{ ASK("GET", UP KEY V13), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" },
		{ ASK("GET", ""), "HTTP/1.1 426 " },
		{ ASK("GET", KEY V13), "HTTP/1.1 426 " },
		{ ASK("GET", "Upgrade: websocket\r\n" KEY V13), " 426 " },
		{ ASK("GET", "Upgrade: h2c\r\nConnection: upgrade\r\n" KEY V13),
		  " 426 " },
		{ ASK("GET", UP KEY), "Sec-WebSocket-Version: 13\r\n" },
		{ ASK("GET", UP KEY "Sec-WebSocket-Version: 8\r\n"),
		  "HTTP/1.1 426 " },
		{ ASK("GET", UP V13), "HTTP/1.1 400 " },
		{ ASK("GET", UP V13 "Sec-WebSocket-Key: x\r\n"),
		  "HTTP/1.1 400 " },
		{ ASK("GET", UP KEY V13 "Content-Length: 1\r\n") "x",
		  "HTTP/1.1 400 " },
		{ ASK("POST", UP KEY V13), "HTTP/1.1 405 " },
		{ ASK("HEAD", UP KEY V13), "HTTP/1.1 405 " },
		{ "GET /live HTTP/1.0\r\n" UP KEY V13 "\r\n", " 426 " },
	};
	unsigned i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = client();
		say(fd, cases[i].offer);
		hears(fd, cases[i].reply);
		close(fd);
		spin(5);
	}
	assert_null(page);
}

/* ---- frames */

static void wire_events_are_told(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		enum ws_event event;
		uint16_t code;
	} cases[] = {
		{ "\x89\x82\1\2\3\4\x69\x6b", 8, WS_PING, 0 },
		{ "\x8a\x80\0\0\0\0", 6, WS_PONG, 0 },
		{ "\x88\x80\0\0\0\0", 6, WS_CLOSE, 1000 },
		{ "\x88\x82\0\0\0\0\x03\xe9", 8, WS_CLOSE, 1001 },
		{ "\x88\x82\0\0\0\0\x03\xed", 8, WS_REFUSED, 1002 },
		{ "\x88\x81\0\0\0\0\x03", 7, WS_REFUSED, 1002 },
		{ "\x89\x00", 2, WS_REFUSED, 1002 },	     /* unmasked */
		{ "\xc9\x80\0\0\0\0", 6, WS_REFUSED, 1002 }, /* RSV1 */
		{ "\x09\x80\0\0\0\0", 6, WS_REFUSED, 1002 }, /* cut control */
		{ "\x80\x80\0\0\0\0", 6, WS_REFUSED, 1002 }, /* continues ? */
		{ "\x83\x80\0\0\0\0", 6, WS_REFUSED, 1002 }, /* reserved */
		{ "\x8b\x80\0\0\0\0", 6, WS_REFUSED, 1002 }, /* reserved */
		{ "\x89\xfe\x00\x7e\0\0\0\0", 8, WS_REFUSED, 1002 },
		{ "\x89\xff\0\0\0\0\0\0\0\x01\0\0\0\0", 14, WS_REFUSED, 1002 },
		{ "\x81\x81\0\0\0\0x", 7, WS_REFUSED, 1008 }, /* text */
		{ "\x82\x81\0\0\0\0x", 7, WS_REFUSED, 1008 }, /* binary */
		{ "\x82\xfe\x10\x01\0\0\0\0x", 9, WS_REFUSED, 1009 },
		{ "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", 15,
		  WS_REFUSED, 1009 },
		{ "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x", 15,
		  WS_REFUSED, 1002 },
	};
	enum ws_event event;
	struct ws_wire w;
	size_t fed;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ws_wire_init(&w), 0);
		event = WS_MORE;
		/* Byte by byte: the hardest of all cuts. */
		for (fed = 0; fed < cases[i].len && event == WS_MORE; fed++) {
			ws_wire_feed(&w, cases[i].in + fed, 1);
			event = ws_wire_next(&w);
		}
		if (event != cases[i].event)
			fail_msg("case %u: event %d", i, event);
		if (cases[i].code && w.code != cases[i].code)
			fail_msg("case %u: code %u", i, w.code);
		if (event == WS_PING)
			assert_memory_equal(w.payload, "hi", w.payload_len);
		ws_wire_fini(&w);
	}
}

static void frames_are_as_the_standard_draws_them(void **state)
{
	static const struct {
		size_t len, head;
		uint8_t length[9];
	} cases[] = {
		{ 0, 2, { 0 } },
		{ 125, 2, { 125 } },
		{ 126, 4, { 126, 0, 126 } },
		{ 65535, 4, { 126, 0xff, 0xff } },
		{ 65536, 10, { 127, 0, 0, 0, 0, 0, 1, 0, 0 } },
	};
	struct ws_frame *f;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = ws_frame_new(big, cases[i].len);
		assert_non_null(f);
		assert_int_equal(f->len, cases[i].head + cases[i].len);
		assert_int_equal(f->data[0], 0x82);
		assert_memory_equal(f->data + 1, cases[i].length,
				    cases[i].head - 1);
		assert_memory_equal(f->data + cases[i].head, big, cases[i].len);
		ws_frame_free(ws_frame_hold(f));
		ws_frame_free(f);
	}
}

/* ---- clients */

static void messages_reach_the_page(void **state)
{
	struct ws_frame *f = ws_frame_new("news", 4);
	int fd = listening();
	uint8_t heard[64];

	(void)state;
	assert_true(ws_send(page, f));
	ws_frame_free(f);
	assert_int_equal(hear_bytes(fd, heard, sizeof(heard)), 6);
	assert_memory_equal(heard, "\x82\x04news", 6);
	close(fd);
	left = 0;
	spin(5);
	assert_int_equal(left, 1);
	assert_int_equal(server->conns_n, 0);
}

static void pings_are_answered_once_for_all(void **state)
{
	char out[64], all[8192];
	uint8_t heard[256];
	size_t n = frame(out, 0x89, "one", 3), len;
	int fd = listening();

	(void)state;
	say_bytes(fd, out, n);
	assert_int_equal(hear_bytes(fd, heard, sizeof(heard)), 5);
	assert_memory_equal(heard, "\x8a\x03one", 5);
	for (len = 0; len + n <= sizeof(all); len += n)
		memcpy(all + len, out, n);
	say_bytes(fd, all, len);
	n = hear_bytes(fd, heard, sizeof(heard));
	assert_true(n >= 5 && n <= 25);
	assert_non_null(page);
	close(fd);
	spin(5);
}

/* Says 'first' and a payload; hears a closing frame with 'code', then silence.
 */
static void is_closed(uint8_t first, const char *payload, size_t len,
		      uint16_t code)
{
	static char out[70000];
	uint8_t wanted[4] = { 0x88, 2, (uint8_t)(code >> 8), (uint8_t)code };
	uint8_t heard[64];
	int fd = listening();

	left = 0;
	say_bytes(fd, out, frame(out, first, payload, len));
	assert_int_equal(hear_bytes(fd, heard, sizeof(heard)), 4);
	assert_memory_equal(heard, wanted, 4);
	assert_int_equal(left, 1);
	assert_int_equal(server->conns->state, CONN_LINGERING);
	say_bytes(fd, out, 100); /* what it still says is passed over */
	spin(3);
	close(fd);
	spin(5);
	assert_int_equal(server->conns_n, 0);
}

static void talkers_are_sent_away(void **state)
{
	(void)state;
	is_closed(0x81, "hello", 5, 1008);
	is_closed(0x82, "hello", 5, 1008);
	is_closed(0x82, big, 5000, 1009);
	is_closed(0x80, "", 0, 1002);
	is_closed(0x88, "", 0, 1000);
	is_closed(0x88, "\x03\xe9 bye", 6, 1001);
}

static void frames_may_come_with_the_offer(void **state)
{
	char text[sizeof(OFFER) + 32] = OFFER;
	uint8_t heard[1024];
	int fd = client();
	size_t n;

	(void)state;
	n = frame(text + sizeof(OFFER) - 1, 0x89, "x", 1);
	say_bytes(fd, text, sizeof(OFFER) - 1 + n);
	n = hear_bytes(fd, heard, sizeof(heard));
	assert_true(n > 3);
	assert_memory_equal(heard + n - 3, "\x8a\x01x", 3);
	close(fd);
	spin(5);
}

/* Lets 'ms' more go by for the only client. */
static void pass(uint64_t ms)
{
	ahead_ms += ms;
	ws_look(server->conns, uv_now(&loop) + ahead_ms);
	spin(3);
}

static void the_silent_are_pinged_and_then_closed(void **state)
{
	int fd = listening();
	uint8_t heard[64];
	char out[16];

	(void)state;
	left = 0;
	pass(WS_SILENCE_MS - 1000);
	assert_int_equal(hear_bytes(fd, heard, sizeof(heard)), 0);
	pass(1000);
	pass(1000); /* once is enough */
	assert_int_equal(hear_bytes(fd, heard, sizeof(heard)), 2);
	assert_memory_equal(heard, "\x89\0", 2);
	say_bytes(fd, out, frame(out, 0x8a, "", 0));
	spin(3);
	ahead_ms = 0;
	pass(WS_SILENCE_MS);
	pass(WS_SILENCE_MS - 1000);
	assert_int_equal(left, 0);
	pass(2000);
	assert_int_equal(left, 1);
	assert_int_equal(server->conns_n, 0);
	close(fd);
}

static void who_does_not_read_is_closed(void **state)
{
	struct ws_frame *f = ws_frame_new(big, BIG);
	int fd = listening();
	char out[16];

	(void)state;
	left = 0;
	ws_send(page, f);
	ws_send(page, f);
	ws_frame_free(f);
	spin(5);
	assert_true(ws_unsent(page) > BIG);
	pass(1000);
	pass(WS_STALL_MS - 1000);
	say_bytes(fd, out, frame(out, 0x8a, "", 0)); /* being heard helps not */
	assert_int_equal(left, 0);
	pass(1000);
	assert_int_equal(left, 1);
	close(fd);
	spin(5);
}

static void who_does_not_read_is_owed_no_pongs(void **state)
{
	struct ws_frame *f = ws_frame_new(big, BIG);
	int fd = listening();
	size_t unsent;
	char out[16];

	(void)state;
	ws_send(page, f);
	ws_frame_free(f);
	spin(5);
	unsent = ws_unsent(page);
	say_bytes(fd, out, frame(out, 0x89, "", 0));
	spin(5);
	assert_true(ws_unsent(page) <= unsent);
	close(fd);
	spin(5);
}

static void closing_the_server_ends_the_pages(void **state)
{
	int fd = listening();
	bool ended;

	(void)state;
	left = 0;
	http_close(server);
	server = NULL;
	assert_int_equal(left, 1);
	hear(fd, &ended);
	assert_true(ended);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_standard),
		cmocka_unit_test(keys_are_answered_or_refused),
		cmocka_unit_test(offers_are_judged),
		cmocka_unit_test(wire_events_are_told),
		cmocka_unit_test(frames_are_as_the_standard_draws_them),
		cmocka_unit_test(messages_reach_the_page),
		cmocka_unit_test(pings_are_answered_once_for_all),
		cmocka_unit_test(talkers_are_sent_away),
		cmocka_unit_test(frames_may_come_with_the_offer),
		cmocka_unit_test(the_silent_are_pinged_and_then_closed),
		cmocka_unit_test(who_does_not_read_is_closed),
		cmocka_unit_test(who_does_not_read_is_owed_no_pongs),
		cmocka_unit_test(closing_the_server_ends_the_pages),
	};

	return cmocka_run_group_tests(tests, start_ws, stop);
}
