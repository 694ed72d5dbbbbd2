/* server.c - listening sockets and the bounds that hold for all connections.
 *
 * Started by gateway.c, calls conn.c. Control thread. The sweep runs only
 * while there are connections: a server nobody visits costs nothing.
 * Invariant: conns_n is the length of the list and at most HTTP_CONNS_MAX. */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/log.h"
#include "conn.h"

#define BACKLOG	 128
#define SWEEP_MS 1000

void server_unref(struct http_server *s)
{
	if (!--s->handles)
		free(s);
}

static void on_listener_closed(uv_handle_t *handle)
{
	server_unref(container_of(handle, struct http_server, listener));
}

static void on_sweep_closed(uv_handle_t *handle)
{
	server_unref(container_of(handle, struct http_server, sweep));
}

static void on_sweep(uv_timer_t *timer)
{
	struct http_server *s = container_of(timer, struct http_server, sweep);
	struct http_conn *c, *next;
	uint64_t now = uv_now(s->loop);

	for (c = s->conns; c; c = next) {
		next = c->next;
		if (c->deadline_ms <= now)
			conn_expire(c);
	}
	if (!s->conns)
		uv_timer_stop(timer);
}

/* ---- accepting */

static bool peer_has_many(const struct http_server *s, const struct addr *peer)
{
	const struct http_conn *c;
	unsigned n = 0;

	for (c = s->conns; c; c = c->next)
		n += addr_eq(&c->peer, peer);
	return n >= HTTP_PEER_MAX;
}

/* The one that has been idle for longest makes room. */
static bool make_room(struct http_server *s)
{
	struct http_conn *c, *victim = NULL;

	for (c = s->conns; c; c = c->next)
		if (conn_is_idle(c) &&
		    (!victim || c->deadline_ms < victim->deadline_ms))
			victim = c;
	if (victim)
		conn_close(victim);
	return victim;
}

static bool may_enter(struct http_server *s, const struct http_conn *c)
{
	bool full = s->conns_n >= HTTP_CONNS_MAX && !make_room(s);

	if (full && !s->full)
		log_warn("http: %u connections are busy, more are refused",
			 s->conns_n);
	s->full = full;
	return !full && (s->is_unix || !peer_has_many(s, &c->peer));
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct http_server *s =
		container_of(listener, struct http_server, listener);
	struct http_conn *c;

	if (status) {
		log_warn("http: a connection was lost: %s",
			 uv_strerror(status));
		return;
	}
	c = conn_accept(s);
	if (!c)
		return;
	if (!may_enter(s, c)) {
		reply_no_room(c);
		conn_close(c);
		return;
	}
	c->next = s->conns;
	c->link = &s->conns;
	if (c->next)
		c->next->link = &c->next;
	s->conns = c;
	s->conns_n++;
	if (!uv_is_active((uv_handle_t *)&s->sweep))
		uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	conn_start(c);
}

/* ---- starting and ending */

static struct http_server *server_new(uv_loop_t *loop, bool is_unix,
				      http_handler *handler, void *arg)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = loop;
	s->is_unix = is_unix;
	s->handler = handler;
	s->arg = arg;
	if (is_unix)
		uv_pipe_init(loop, &s->listener.pipe, 0);
	else
		uv_tcp_init(loop, &s->listener.tcp);
	uv_timer_init(loop, &s->sweep);
	s->handles = 2;
	return s;
}

void http_close(struct http_server *s)
{
	if (s->closing)
		return;
	s->closing = true;
	while (s->conns)
		conn_close(s->conns);
	uv_close(&s->listener.handle, on_listener_closed);
	uv_close((uv_handle_t *)&s->sweep, on_sweep_closed);
}

int http_listen_tcp(struct http_server **out, uv_loop_t *loop,
		    const struct endpoint *at, http_handler *handler, void *arg,
		    struct error *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = at->port };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = at->port };
	bool is_v4 = addr_is_v4(&at->addr);
	struct http_server *s = server_new(loop, false, handler, arg);
	char text[ENDPOINT_STRLEN];
	int r;

	if (!s)
		return error_set(err, -ENOMEM, "http: out of memory");
	v4.sin_addr.s_addr = addr_to_v4(&at->addr);
	memcpy(&v6.sin6_addr, at->addr.b, sizeof(at->addr.b));
	r = uv_tcp_bind(&s->listener.tcp,
			is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
			0);
	if (!r)
		r = uv_listen(&s->listener.stream, BACKLOG, on_connection);
	if (r) {
		http_close(s);
		return error_set(err, r, "http: cannot listen at %s: %s",
				 endpoint_format(at, text), uv_strerror(r));
	}
	*out = s;
	return 0;
}

/* Does a process answer at this socket? EAGAIN: one that is busy. */
static bool is_alive(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = !connect(fd, (const struct sockaddr *)name, sizeof(*name)) ||
		(errno != ECONNREFUSED && errno != ENOENT);
	close(fd);
	return alive;
}

/* What a killed instance left is removed; what is in use or not ours stays. */
static int clear_way(const char *path, struct error *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	struct stat st;

	if (len >= sizeof(name.sun_path))
		return error_set(err, -ENAMETOOLONG,
				 "%.150s: is too long for a socket", path);
	memcpy(name.sun_path, path, len + 1);
	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, -EEXIST,
				 "%s: is no socket but in its place, remove it",
				 path);
	if (is_alive(&name))
		return error_set(err, -EADDRINUSE,
				 "%s: another instance is running, stop it or "
				 "choose another --name",
				 path);
	if (unlink(path))
		return error_set(err, -errno, "%s: cannot be removed: %s", path,
				 strerror(errno));
	return 0;
}

int http_listen_unix(struct http_server **out, uv_loop_t *loop,
		     const char *path, http_handler *handler, void *arg,
		     struct error *err)
{
	struct http_server *s;
	mode_t mask;
	int r = clear_way(path, err);

	if (r)
		return r;
	s = server_new(loop, true, handler, arg);
	if (!s)
		return error_set(err, -ENOMEM, "http: out of memory");
	/* The socket must never be open to others, not even for a moment. */
	mask = umask(0177);
	r = uv_pipe_bind(&s->listener.pipe, path);
	umask(mask);
	if (!r)
		r = uv_listen(&s->listener.stream, BACKLOG, on_connection);
	if (r) {
		http_close(s);
		return error_set(err, r, "%s: cannot listen: %s", path,
				 uv_strerror(r));
	}
	*out = s;
	return 0;
}

bool http_is_unix(const struct http_request *r)
{
	return r->conn->server->is_unix;
}

const struct addr *http_peer(const struct http_request *r)
{
	return &r->conn->peer;
}
