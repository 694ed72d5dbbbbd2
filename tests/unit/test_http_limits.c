/* test_http_limits.c - clients that flood, stall, crowd and leave. */
#include "http_house.h"

#include <sys/stat.h>
#include <sys/un.h>

static void expire_all(void)
{
	struct http_conn *c;

	for (c = server->conns; c; c = c->next)
		if (c->deadline_ms != UINT64_MAX)
			c->deadline_ms = 0;
	/* The sweep comes by once a second. */
	usleep(1100 * 1000);
	spin(5);
}

static void slow_senders_and_idlers_are_sent_away(void **state)
{
	int slow = client(), idle = client();
	bool ended;

	(void)state;
	say(slow, "GET / HT");
	spin(5);
	assert_int_equal(server->conns_n, 2);
	expire_all();
	assert_non_null(strstr(hear(slow, &ended), " 408 "));
	assert_true(ended);
	assert_string_equal(hear(idle, &ended), "");
	assert_true(ended);
	close(slow);
	close(idle);
	spin(5);
	assert_int_equal(server->conns_n, 0);
}

static void slow_readers_are_cut_off(void **state)
{
	int fd = client();

	(void)state;
	say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	spin(20);
	assert_int_equal(server->conns->state, CONN_WRITING);
	assert_true(server->queued > BIG);
	expire_all();
	assert_int_equal(server->conns_n, 0);
	assert_int_equal(server->queued, 0);
	close(fd);
}

static void queued_replies_are_bounded(void **state)
{
	int fds[HTTP_QUEUE_MAX / BIG];
	unsigned i, n = sizeof(fds) / sizeof(fds[0]);

	(void)state;
	for (i = 0; i < n; i++) {
		fds[i] = client();
		say(fds[i], "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
		spin(5);
	}
	assert_true(server->queued <= HTTP_QUEUE_MAX);
	hears(fds[n - 1], " 503 ");
	for (i = 0; i < n; i++)
		close(fds[i]);
	spin(50);
	assert_int_equal(server->queued, 0);
}

static void a_client_may_leave_while_it_waits(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	int fd = client();

	(void)state;
	gone = 0;
	say(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	spin(5);
	assert_non_null(held);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	spin(5);
	assert_int_equal(gone, 1);
	assert_int_equal(server->conns_n, 0);
}

static void no_address_takes_all_connections(void **state)
{
	int fds[HTTP_CONNS_MAX + 1];
	char source[INET_ADDRSTRLEN];
	unsigned i;
	bool ended;

	(void)state;
	for (i = 0; i < HTTP_PEER_MAX; i++)
		fds[i] = client();
	spin(100);
	assert_int_equal(server->conns_n, HTTP_PEER_MAX);
	fds[i] = client();
	assert_non_null(strstr(hear(fds[i], &ended), "HTTP/1.1 503 "));
	assert_true(ended);
	close(fds[i]);

	for (; i < HTTP_CONNS_MAX; i++) {
		snprintf(source, sizeof(source), "127.0.1.%u",
			 i / HTTP_PEER_MAX);
		fds[i] = client_from(source);
		spin(2);
	}
	spin(100);
	assert_int_equal(server->conns_n, HTTP_CONNS_MAX);
	fds[i] = client_from("127.0.2.1"); /* an idle one makes room */
	say(fds[i], "GET /room HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(fds[i], "GET /room ");
	assert_int_equal(server->conns_n, HTTP_CONNS_MAX);
	for (i = 0; i <= HTTP_CONNS_MAX; i++)
		close(fds[i]);
	spin(300);
	assert_int_equal(server->conns_n, 0);
}

static void a_unix_socket_is_private_and_exclusive(void **state)
{
	char dir[] = "/tmp/test_http.XXXXXX", path[PATH_MAX];
	struct http_server *a, *b;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stat st;
	struct error err;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s.sock", dir);
	strcpy(name.sun_path, path);

	fd = socket(AF_UNIX, SOCK_STREAM, 0); /* a stale socket */
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	assert_int_equal(http_listen_unix(&a, &loop, path, handler, NULL, &err),
			 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(http_listen_unix(&b, &loop, path, handler, NULL, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, "another instance"));

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)),
			 0);
	say(fd, "GET /unix HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(fd, "GET /unix ");
	close(fd);
	http_close(a);
	spin(5);
	assert_int_equal(stat(path, &st), -1);

	fd = open(path, O_CREAT | O_WRONLY, 0600); /* a file in the way */
	close(fd);
	assert_int_equal(http_listen_unix(&a, &loop, path, handler, NULL, &err),
			 -EEXIST);
	unlink(path);
	rmdir(dir);
}

static void a_busy_port_is_said(void **state)
{
	struct endpoint e = { addr_v4(at.sin_addr.s_addr), at.sin_port };
	struct http_server *s;
	struct error err;

	(void)state;
	assert_int_equal(http_listen_tcp(&s, &loop, &e, handler, NULL, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, "127.0.0.1:"));
	spin(5);
}

static void closing_ends_those_who_wait(void **state)
{
	int fd = client();
	bool ended;

	(void)state;
	gone = 0;
	say(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
	spin(5);
	http_close(server);
	server = NULL;
	assert_int_equal(gone, 1);
	hear(fd, &ended);
	assert_true(ended);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_senders_and_idlers_are_sent_away),
		cmocka_unit_test(slow_readers_are_cut_off),
		cmocka_unit_test(queued_replies_are_bounded),
		cmocka_unit_test(a_client_may_leave_while_it_waits),
		cmocka_unit_test(no_address_takes_all_connections),
		cmocka_unit_test(a_unix_socket_is_private_and_exclusive),
		cmocka_unit_test(a_busy_port_is_said),
		cmocka_unit_test(closing_ends_those_who_wait),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
