/* test_http_stream.c - replies in pieces: whole, refused, broken off, and to a
 * reader who does not read. */
#include "http_house.h"

/* One reply at a time: so many pieces, each of so many bytes. */
static struct {
	struct http_request *request;
	unsigned pieces, sent, gone;
	size_t len;
	bool breaks, later;
} job;

static void more(void *arg)
{
	(void)arg;
	if (job.later)
		return;
	if (job.sent == job.pieces) {
		http_stream_end(job.request, !job.breaks);
		job.request = NULL;
		return;
	}
	memset(big, 'a' + (int)(job.sent++ % 26), job.len);
	http_stream_write(job.request, big, job.len);
}

static void left(void *arg)
{
	(void)arg;
	job.gone++;
	job.request = NULL;
}

static void stream(void *arg, struct http_request *r)
{
	(void)arg;
	job.request = r;
	job.sent = job.gone = 0;
	if (!http_stream(r, "text/x", "X-A: b\r\n", more, left, NULL))
		job.request = NULL;
}

static int begin(void **state)
{
	int rc = start(state);

	memset(&job, 0, sizeof(job));
	server->handler = stream;
	return rc;
}

static void pieces_arrive_in_order(void **state)
{
	int fd = client();
	const char *text;

	(void)state;
	job.pieces = 3;
	job.len = 18;
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	text = hear(fd, NULL);
	assert_non_null(strstr(text, "200 OK"));
	assert_non_null(strstr(text, "Content-Type: text/x\r\n"));
	assert_non_null(strstr(text, "X-A: b\r\n"));
	assert_null(strstr(text, "Content-Length"));
	assert_non_null(strstr(text, "\r\n\r\n12\r\naaaaaaaaaaaaaaaaaa\r\n"
				     "12\r\nbbbbbbbbbbbbbbbbbb\r\n"
				     "12\r\ncccccccccccccccccc\r\n0\r\n\r\n"));
	/* And the connection serves on. */
	job.pieces = 1;
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(fd, "12\r\naaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n");
	assert_int_equal(job.gone, 0);
	assert_int_equal(server->queued, 0);
	close(fd);
}

static void an_old_client_gets_it_without_chunks(void **state)
{
	int fd = client();
	const char *text;
	bool ended;

	(void)state;
	job.pieces = 2;
	job.len = 5;
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	text = hear(fd, &ended);
	assert_null(strstr(text, "chunked"));
	assert_non_null(strstr(text, "\r\n\r\naaaaabbbbb"));
	assert_true(ended);
	close(fd);
}

static void head_has_no_pieces(void **state)
{
	int fd = client();
	const char *text;

	(void)state;
	job.pieces = 2;
	job.len = 5;
	say(fd, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	text = hear(fd, NULL);
	assert_non_null(strstr(text, "200 OK"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(job.sent, 0);
	close(fd);
}

static void what_breaks_off_is_seen(void **state)
{
	int fd = client();
	const char *text;
	bool ended;

	(void)state;
	job.pieces = 1;
	job.len = 5;
	job.breaks = true;
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	text = hear(fd, &ended);
	assert_non_null(strstr(text, "aaaaa"));
	assert_null(strstr(text, "\r\n0\r\n"));
	assert_true(ended);
	close(fd);
}

static void who_leaves_is_missed_once(void **state)
{
	struct linger reset = { .l_onoff = 1 };
	int fd = client();

	(void)state;
	job.later = true;
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(fd, "200 OK");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	spin(10);
	assert_int_equal(job.gone, 1);
	assert_null(job.request);
}

/* No more than one piece waits for it, and not for ever. */
static void who_does_not_read_holds_one_piece(void **state)
{
	int fd = client();

	(void)state;
	job.pieces = 1000;
	job.len = 1 << 20;
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	spin(2000);
	assert_true(job.sent < 100);
	assert_in_range(server->queued, 1 << 20, (1 << 20) + 100);
	assert_int_equal(job.gone, 0);
	server->conns->deadline_ms = 0;
	conn_expire(server->conns);
	spin(10);
	assert_int_equal(job.gone, 1);
	assert_int_equal(server->queued, 0);
	close(fd);
}

static void the_end_of_the_server_is_an_end(void **state)
{
	int fd = client();

	(void)state;
	job.later = true;
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(fd, "200 OK");
	http_close(server);
	server = NULL;
	spin(10);
	assert_int_equal(job.gone, 1);
	close(fd);
}

#define house_test(f) cmocka_unit_test_setup_teardown(f, begin, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(pieces_arrive_in_order),
		house_test(an_old_client_gets_it_without_chunks),
		house_test(head_has_no_pieces),
		house_test(what_breaks_off_is_seen),
		house_test(who_leaves_is_missed_once),
		house_test(who_does_not_read_holds_one_piece),
		house_test(the_end_of_the_server_is_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
