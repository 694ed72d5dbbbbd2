/* ask.c - see ask.h.
 *
 * Called by client.c. No state; the only thread. */
#include "ask.h"

#include <errno.h>
#include <llhttp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../state/instance.h"

#define REPLY_MAX  (512u << 20)
#define PATIENCE_S 15

struct reading {
	struct ask_reply *out;
	size_t room;
	bool whole;
	int (*sink)(void *arg, const char *data, size_t len);
	void *arg;
	int sunk; /* its error */
};

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct reading *r = parser->data;
	size_t room = r->room ? r->room : 4096;
	char *more;

	if (r->sink && parser->status_code == 200) {
		r->sunk = r->sink(r->arg, at, len);
		return r->sunk ? -1 : 0;
	}
	if (r->out->len + len >= REPLY_MAX)
		return -1;
	while (room <= r->out->len + len)
		room *= 2;
	if (room != r->room) {
		more = realloc(r->out->body, room);
		if (!more)
			return -1;
		r->out->body = more;
		r->room = room;
	}
	memcpy(r->out->body + r->out->len, at, len);
	r->out->len += len;
	r->out->body[r->out->len] = '\0';
	return 0;
}

static int on_whole(llhttp_t *parser)
{
	struct reading *r = parser->data;

	r->out->status = parser->status_code;
	r->whole = true;
	return HPE_PAUSED;
}

static int dial(const char *instance, struct error *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct instance files;
	int fd, r;

	instance_init(&files, instance);
	/* Instances have short names: it always fits. */
	snprintf(name.sun_path, sizeof(name.sun_path), "%.*s",
		 (int)sizeof(name.sun_path) - 1, files.socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, -errno, "no socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&name, sizeof(name)))
		return fd;
	r = -errno;
	close(fd);
	if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
		return error_set(
			err, -ENOENT,
			"no gateway named '%s' is running; `portcullis "
			"run` starts one",
			instance);
	if (r == -EACCES || r == -EPERM)
		return error_set(
			err, r, "only root may speak to the gateway; try sudo");
	return error_set(err, r, "%s: %s", name.sun_path, strerror(-r));
}

static int send_all(int fd, const char *data, size_t len, struct error *err)
{
	ssize_t n;

	while (len) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, -errno,
					 "the gateway does not listen: %s",
					 strerror(errno));
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int receive(int fd, struct reading *r, struct error *err)
{
	static llhttp_settings_t callbacks;
	char data[65536];
	llhttp_t parser;
	ssize_t n;

	callbacks.on_body = on_body;
	callbacks.on_message_complete = on_whole;
	llhttp_init(&parser, HTTP_RESPONSE, &callbacks);
	parser.data = r;
	while (!r->whole) {
		n = recv(fd, data, sizeof(data), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, -errno,
					 "the gateway does not answer: %s",
					 errno == EAGAIN ? "it is busy"
							 : strerror(errno));
		if (!n)
			return error_set(
				err, -ECONNRESET,
				"the gateway ended before it answered");
		if (llhttp_execute(&parser, data, (size_t)n) && !r->whole)
			return r->sunk ? r->sunk
				       : error_set(err, -EBADMSG,
						   "the gateway's answer is "
						   "malformed");
	}
	return 0;
}

static int converse(const char *instance, const char *method, const char *path,
		    const char *body, struct reading *reading,
		    struct error *err)
{
	char head[2048];
	int fd, r, len;

	*reading->out = (struct ask_reply){ 0 };
	fd = dial(instance, err);
	if (fd < 0)
		return fd;
	len = snprintf(head, sizeof(head),
		       "%s %s HTTP/1.1\r\nHost: portcullis\r\n"
		       "Connection: close\r\nContent-Type: application/json\r\n"
		       "Content-Length: %zu\r\n\r\n",
		       method, path, body ? strlen(body) : 0);
	if (len >= (int)sizeof(head)) {
		close(fd);
		return error_set(err, -EINVAL, "that is too long a question");
	}
	r = send_all(fd, head, (size_t)len, err);
	if (!r && body)
		r = send_all(fd, body, strlen(body), err);
	if (!r)
		r = receive(fd, reading, err);
	close(fd);
	if (r)
		ask_free(reading->out);
	return r;
}

int ask(const char *instance, const char *method, const char *path,
	const char *body, struct ask_reply *out, struct error *err)
{
	struct reading r = { .out = out };

	return converse(instance, method, path, body, &r, err);
}

int ask_stream(const char *instance, const char *path,
	       int (*sink)(void *arg, const char *data, size_t len), void *arg,
	       struct ask_reply *out, struct error *err)
{
	struct reading r = { .out = out, .sink = sink, .arg = arg };

	return converse(instance, "GET", path, NULL, &r, err);
}

void ask_free(struct ask_reply *r)
{
	free(r->body);
	r->body = NULL;
	r->len = 0;
}
