/* http_house.h - a server with one handler, and clients that do not block.
 *
 * For test_http.c and test_http_limits.c. One thread: the loop runs between the
 * clients' steps. Private structs are seen, to make time pass at will. */
#ifndef TEST_HTTP_HOUSE_H
#define TEST_HTTP_HOUSE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ctl/http/conn.h"

#define BIG (4u << 20)

static uv_loop_t loop;
static struct http_server *server;
static struct sockaddr_in at;
static struct http_request *held;
static unsigned gone, asked;
static char *big;

/* ---- the house under test: one handler */

static inline void on_gone(void *arg)
{
	(void)arg;
	held = NULL;
	gone++;
}

static inline void handler(void *arg, struct http_request *r)
{
	const char *name = http_query(r, "name"), *x = http_header(r, "x-test");
	const char *path = http_path(r);
	char text[512];
	size_t len;
	int n;

	(void)arg;
	asked++;
	if (!strcmp(path, "/hold")) {
		held = r;
		http_hold(r, on_gone, NULL);
		return;
	}
	if (!strcmp(path, "/big")) {
		http_reply(r, 200, "text/plain", NULL, big, BIG);
		return;
	}
	if (!strcmp(path, "/none")) {
		http_reply(r, 304, "text/plain", "ETag: \"1\"\r\n", "no", 2);
		return;
	}
	http_body(r, &len);
	n = snprintf(text, sizeof(text), "%s %s name=%s x=%s body=%zu:%.*s.",
		     http_method(r), path, name ? name : "-", x ? x : "-", len,
		     (int)(len < 20 ? len : 20), http_body(r, &len));
	http_reply(r, 200, "text/plain", NULL, text, (size_t)n);
}

/* ---- clients */

static inline int client_from(const char *source)
{
	struct sockaddr_in me = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, source, &me.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&me, sizeof(me)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static inline int client(void)
{
	return client_from("127.0.0.1");
}

static inline void spin(unsigned rounds)
{
	while (rounds--)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static inline void say_bytes(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		spin(1);
	}
}

static inline void say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

/* All that comes until the connection ends or nothing came for 50 ms. */
static inline const char *hear(int fd, bool *ended)
{
	static char text[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	unsigned quiet = 0;
	ssize_t n = -1;

	while (n && quiet < 50 && len < sizeof(text) - 1) {
		spin(2);
		quiet = poll(&p, 1, 1) > 0 ? 0 : quiet + 1;
		n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (n < 0 && errno != EAGAIN)
			n = 0;
		len += n > 0 ? (size_t)n : 0;
	}
	if (ended)
		*ended = !n;
	text[len] = '\0';
	return text;
}

static inline void hears(int fd, const char *part)
{
	const char *text = hear(fd, NULL);

	if (!strstr(text, part))
		fail_msg("no '%s' in '%s'", part, text);
}

static inline int start(void **state)
{
	struct endpoint e = { .port = 0 };
	socklen_t len = sizeof(at);
	struct error err;
	int fd;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	big = malloc(BIG);
	memset(big, 'x', BIG);
	uv_loop_init(&loop);
	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	e.addr = addr_v4(at.sin_addr.s_addr);
	if (http_listen_tcp(&server, &loop, &e, handler, NULL, &err))
		return -1;
	uv_fileno(&server->listener.handle, &fd);
	return getsockname(fd, (struct sockaddr *)&at, &len);
}

static inline int stop(void **state)
{
	(void)state;
	if (server)
		http_close(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	free(big);
	return uv_loop_close(&loop);
}

#endif
