/* capture.c - `portcullis capture`: a device's packets into a file or a pipe.
 *
 * Called by client.c. A file is the owner's alone; one that is not whole goes
 * again. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "client.h"

#define PATH_BYTES 1536

/* A file is opened when there is something to write: a question that is refused
 * harms none. */
struct target {
	int fd; /* -1: not open yet */
	const char *path;
	unsigned long long bytes;
};

static int write_out(void *arg, const char *data, size_t len)
{
	struct target *t = arg;
	ssize_t n;

	if (t->fd < 0)
		t->fd = open(t->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0600);
	if (t->fd < 0)
		return -errno;
	while (len) {
		n = write(t->fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
		t->bytes += (size_t)n;
	}
	return 0;
}

/* RFC 3986, 2.1. false: it does not fit. */
static bool append_encoded(char out[PATH_BYTES], const char *text)
{
	size_t at = strlen(out);

	for (; *text; text++) {
		bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
				    "QRSTUVWXYZ0123456789-._~:",
				    *text);

		if (at + 4 >= PATH_BYTES)
			return false;
		at += (size_t)snprintf(out + at, 4, plain ? "%c" : "%%%02X",
				       (unsigned char)*text);
	}
	return true;
}

static bool make_path(const struct args *a, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "/api/v1/capture/");
	if (!append_encoded(out, a->words[0]))
		return false;
	if (a->last_s)
		snprintf(out + strlen(out), PATH_BYTES - strlen(out),
			 "?last_s=%u", a->last_s);
	if (!a->remote)
		return strlen(out) + 1 < PATH_BYTES;
	snprintf(out + strlen(out), PATH_BYTES - strlen(out),
		 "%sremote=", a->last_s ? "&" : "?");
	return append_encoded(out, a->remote);
}

/* What the gateway says instead. */
static int refused(struct ask_reply *reply)
{
	json_t *json =
		json_loadb(reply->body ? reply->body : "", reply->len, 0, NULL);
	const char *sentence =
		json_string_value(json_object_get(json, "error"));

	client_fail(sentence ? sentence
			     : "the gateway's answer makes no sense");
	json_decref(json);
	ask_free(reply);
	return 1;
}

static int say_errno(const char *what, int rc)
{
	struct error err;

	error_set(&err, rc, "%.200s: %s", what, strerror(-rc));
	return client_fail(err.text);
}

static int receive(const struct args *a, const char *path, struct target *t)
{
	const char *where = a->output ? a->output : "standard output";
	struct error err = { "" };
	struct ask_reply reply;
	int rc = ask_stream(a->instance, path, write_out, t, &reply, &err);

	if (!rc && reply.status != 200)
		return refused(&reply);
	if (!rc) {
		ask_free(&reply);
		return 0;
	}
	/* Who reads has seen enough. */
	if (rc == -EPIPE && !err.text[0])
		return 1;
	return err.text[0] ? client_fail(err.text) : say_errno(where, rc);
}

/* A part of a capture is none; what is no file of ours stays. */
static int to_file(const struct args *a, const char *path)
{
	struct target t = { .fd = -1, .path = a->output };
	int rc = receive(a, path, &t);
	struct stat st;

	if (t.fd < 0)
		return rc;
	if (rc && !fstat(t.fd, &st) && S_ISREG(st.st_mode))
		unlink(a->output);
	if (close(t.fd) && !rc)
		return say_errno(a->output, -errno);
	if (!rc)
		fprintf(stderr, "%s: %llu bytes\n", a->output, t.bytes);
	return rc;
}

int capture_main(const struct args *a)
{
	struct target out = { .fd = STDOUT_FILENO };
	char path[PATH_BYTES];

	if (!make_path(a, path))
		return client_fail("that is no device's name");
	if (a->output)
		return to_file(a, path);
	if (isatty(STDOUT_FILENO))
		return client_fail("what comes is no text: name a file with "
				   "-o, or append `| wireshark -k -i -`");
	return receive(a, path, &out);
}
