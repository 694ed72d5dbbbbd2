/* fetch.c - an HTTPS client for one file.
 *
 * Called by lists.c on a worker thread; touches nothing but what it is given.
 * The socket does not block: whoever stops waits for one slice at most. */
#include "fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <llhttp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../base/clock.h"
#include "sock.h"
#include "tls.h"

#define SLICE_MS   100
#define PORT_HTTPS 443
#define FIELD_MAX  FETCH_URL_MAX

/* One run. */
struct run {
	struct fetch *f;
	uint64_t end_ms;
	int fd;
	struct tls *tls;
	llhttp_t parser;
	FILE *out;
	char temp[520];
	size_t bytes;
	bool whole;
	/* The header that is being read. */
	char field[32], value[FIELD_MAX];
	char etag[128], modified[64];
};

/* It goes into a line of the request. */
static bool is_printable(const char *s)
{
	while (*s > ' ' && *s <= '~')
		s++;
	return !*s;
}

int fetch_url(struct fetch *f, const char *url)
{
	const char *host = url + strlen("https://"), *path, *end;
	char *colon;
	size_t len;

	if (strncmp(url, "https://", strlen("https://")))
		return -EINVAL;
	path = strchr(host, '/');
	end = path ? path : host + strlen(host);
	len = (size_t)(end - host);
	if (!is_printable(url) || !len || len >= sizeof(f->host) ||
	    (path && strlen(path) >= sizeof(f->path)))
		return -EINVAL;
	memcpy(f->host, host, len);
	f->host[len] = '\0';
	snprintf(f->path, sizeof(f->path), "%s", path ? path : "/");
	f->port = PORT_HTTPS;
	colon = strchr(f->host, ':');
	if (!colon)
		return 0;
	f->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	*colon = '\0';
	return f->port && *f->host ? 0 : -EINVAL;
}

static int fail(struct run *r, int err, const char *why)
{
	if (!*r->f->why)
		snprintf(r->f->why, sizeof(r->f->why), "%s", why);
	return err;
}

/* ---- the socket */

static int await(struct run *r, short events)
{
	struct pollfd p = { .fd = r->fd, .events = events };

	while (clock_ms() < r->end_ms) {
		if (r->f->stop)
			return fail(r, -ECANCELED, "stopped");
		if (poll(&p, 1, SLICE_MS) > 0)
			return 0;
	}
	return fail(r, -ETIMEDOUT, "it takes too long");
}

static int dial(struct run *r)
{
	struct endpoint to = { r->f->addr, htons(r->f->port) };
	struct sockaddr_storage ss;
	socklen_t len = sock_from_endpoint(&ss, &to), err_len;
	int err = 0;

	r->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0);
	if (r->fd < 0)
		return fail(r, -errno, strerror(errno));
	if (!connect(r->fd, (struct sockaddr *)&ss, len))
		return 0;
	if (errno != EINPROGRESS)
		return fail(r, -errno, strerror(errno));
	err = await(r, POLLOUT);
	if (err)
		return err;
	err_len = sizeof(err);
	getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &err_len);
	return err ? fail(r, -err, strerror(err)) : 0;
}

/* Sends what TLS has to say. */
static int flush(struct run *r)
{
	char bytes[4096];
	size_t n, at;

	while ((n = tls_drain(r->tls, bytes, sizeof(bytes)))) {
		for (at = 0; at < n;) {
			ssize_t sent =
				send(r->fd, bytes + at, n - at, MSG_NOSIGNAL);
			int err = 0;

			if (sent > 0)
				at += (size_t)sent;
			else if (errno == EAGAIN)
				err = await(r, POLLOUT);
			else
				err = fail(r, -errno, strerror(errno));
			if (err)
				return err;
		}
	}
	return 0;
}

/* More bytes of the wire. -ECONNRESET: there are no more. */
static int fill(struct run *r)
{
	char bytes[16384];
	ssize_t n;
	int err = await(r, POLLIN);

	if (err)
		return err;
	n = recv(r->fd, bytes, sizeof(bytes), 0);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -ECONNRESET;
	return tls_feed(r->tls, bytes, (size_t)n);
}

static int shake(struct run *r)
{
	struct addr a;
	bool literal = addr_parse(r->f->host, &a);
	struct tls_peer peer = {
		.name = literal ? NULL : r->f->host,
		.addr = literal ? &r->f->addr : NULL,
		.alpn = "http/1.1",
	};
	int err, flushed;

	r->tls = tls_new(&peer);
	if (!r->tls)
		return fail(r, -ENOMEM, "no memory");
	while ((err = tls_handshake(r->tls)) == -EAGAIN) {
		flushed = flush(r);
		if (flushed)
			return flushed;
		err = fill(r);
		if (err)
			return fail(r, err, "it hung up");
	}
	return err ? fail(r, err, tls_why(r->tls)) : flush(r);
}

/* ---- HTTP */

/* llhttp gives pieces: what does not fit is cut, and then means nothing. */
static void append(char *to, size_t size, const char *at, size_t len)
{
	size_t have = strlen(to);

	if (have + len >= size)
		len = size - have - 1;
	memcpy(to + have, at, len);
	to[have + len] = '\0';
}

static int on_field(llhttp_t *p, const char *at, size_t len)
{
	struct run *r = p->data;

	append(r->field, sizeof(r->field), at, len);
	return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	struct run *r = p->data;

	append(r->value, sizeof(r->value), at, len);
	return 0;
}

static int on_header(llhttp_t *p)
{
	struct run *r = p->data;

	if (!strcasecmp(r->field, "location"))
		snprintf(r->f->location, sizeof(r->f->location), "%s",
			 r->value);
	if (!strcasecmp(r->field, "etag") && strlen(r->value) < 128)
		snprintf(r->etag, sizeof(r->etag), "%.127s", r->value);
	if (!strcasecmp(r->field, "last-modified") && strlen(r->value) < 64)
		snprintf(r->modified, sizeof(r->modified), "%.63s", r->value);
	*r->field = *r->value = '\0';
	return 0;
}

static int on_headers(llhttp_t *p)
{
	struct run *r = p->data;

	r->f->status = p->status_code;
	if (p->status_code != 200)
		return 0;
	snprintf(r->temp, sizeof(r->temp), "%s.new", r->f->file);
	r->out = fopen(r->temp, "we");
	if (r->out)
		return 0;
	fail(r, -errno, strerror(errno));
	return -1;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct run *r = p->data;

	if (!r->out)
		return 0;
	r->bytes += len;
	if (r->bytes > FETCH_BYTES_MAX) {
		fail(r, -EFBIG, "it is larger than 64 MiB");
		return -1;
	}
	if (fwrite(at, 1, len, r->out) == len)
		return 0;
	fail(r, -EIO, "the file cannot be written");
	return -1;
}

static int on_whole(llhttp_t *p)
{
	struct run *r = p->data;

	r->whole = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_header_value_complete = on_header,
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_whole,
};

static int ask(struct run *r)
{
	const struct fetch *f = r->f;
	char text[2048], port[8] = "";
	int n;

	if (f->port != PORT_HTTPS)
		snprintf(port, sizeof(port), ":%u", f->port);
	n = snprintf(text, sizeof(text),
		     "GET %s HTTP/1.1\r\nHost: %s%s\r\n"
		     "User-Agent: portcullis/" VERSION "\r\n"
		     "Accept-Encoding: identity\r\nConnection: close\r\n"
		     "%s%s%s%s%s%s\r\n",
		     f->path, f->host, port, *f->etag ? "If-None-Match: " : "",
		     f->etag, *f->etag ? "\r\n" : "",
		     *f->modified ? "If-Modified-Since: " : "", f->modified,
		     *f->modified ? "\r\n" : "");
	if (n >= (int)sizeof(text) || tls_write(r->tls, text, (size_t)n))
		return fail(r, -EPROTO, "it cannot be asked");
	return flush(r);
}

/* The end of the stream may be the end of the message. */
static int take_end(struct run *r)
{
	llhttp_finish(&r->parser);
	return r->whole ? 0 : fail(r, -ECONNRESET, "it hung up");
}

static int take(struct run *r)
{
	char bytes[16384];
	int n, err;

	while (!r->whole) {
		n = tls_read(r->tls, bytes, sizeof(bytes));
		if (n == -EAGAIN) {
			err = fill(r);
			if (err == -ECONNRESET)
				return take_end(r);
			if (err)
				return err;
			continue;
		}
		if (n <= 0)
			return n ? fail(r, n, tls_why(r->tls)) : take_end(r);
		if (llhttp_execute(&r->parser, bytes, (size_t)n) && !r->whole)
			return fail(r, -EBADMSG, "its answer is no HTTP");
	}
	return 0;
}

/* The new file in place of the old, and what is known of it: on disk before
 * that is, or a later "not modified" would be believed of an empty one. */
static int finish(struct run *r)
{
	int err;

	if (r->f->status != 200)
		return 0;
	err = fflush(r->out) || fsync(fileno(r->out)) ? -errno : 0;
	if (fclose(r->out) && !err)
		err = -errno;
	r->out = NULL;
	if (err)
		return fail(r, err, strerror(-err));
	if (rename(r->temp, r->f->file))
		return fail(r, -errno, strerror(errno));
	memcpy(r->f->etag, r->etag, sizeof(r->etag));
	memcpy(r->f->modified, r->modified, sizeof(r->modified));
	return 0;
}

void fetch_run(struct fetch *f)
{
	struct run r = { .f = f, .fd = -1 };
	int err;

	f->status = 0;
	*f->why = *f->location = '\0';
	r.end_ms = clock_ms() + FETCH_MS;
	llhttp_init(&r.parser, HTTP_RESPONSE, &callbacks);
	r.parser.data = &r;
	err = dial(&r);
	if (!err)
		err = shake(&r);
	if (!err)
		err = ask(&r);
	if (!err)
		err = take(&r);
	if (!err)
		err = finish(&r);
	if (err) {
		f->status = 0;
		fail(&r, err, strerror(-err));
	}
	if (r.out) {
		fclose(r.out);
		unlink(r.temp);
	}
	tls_free(r.tls);
	if (r.fd >= 0)
		close(r.fd);
}
