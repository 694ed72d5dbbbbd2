/* dot.h - questions to upstreams by TLS (RFC 7858).
 *
 * One connection to each server, opened by the first question, kept for a
 * while, shared by all that come meanwhile (pipelined; answered in any order).
 * Where a server closes one that rests, the next question opens another.
 * Has no clock for questions: the caller gives up by dot_cancel(). Control
 * thread's loop. */
#ifndef DNS_DOT_H
#define DNS_DOT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "../base/nameserver.h"

struct dots; /* all connections */
struct dot;

/* Embedded in who asks; zeroed before. */
struct dot_question {
	struct dot *dot; /* NULL: not under way */
	struct dot_question *next, **at;
	bool again; /* was put once more, as its connection had ended */
	/* Once: 0 and a whole message with the question's ID, or -errno. The
	 * question is not under way any more. */
	void (*done)(struct dot_question *q, int err, const uint8_t *msg,
		     size_t len);
	const uint8_t *msg; /* the caller's, until it is over */
	size_t len;
};

/* NULL: no memory. */
struct dots *dots_new(uv_loop_t *loop);
/* No question is under way. Connections are freed when the loop ran. */
void dots_free(struct dots *d);

/* Never calls 'done' before it returns. -EEXIST: a question with that ID is
 * under way there; choose another. */
int dot_ask(struct dots *all, const struct nameserver *to,
	    struct dot_question *q);
/* TLS failed there within the last minutes. */
bool dot_is_hopeless(const struct dots *d, const struct nameserver *to);
void dot_cancel(struct dot_question *q);

#endif
