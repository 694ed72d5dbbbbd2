/* listeners.h - where clients are listened to: a UDP and a TCP socket on port
 * 53 of each of the gateway's LAN addresses.
 *
 * Embedded by dns.c. Control thread's loop. */
#ifndef DNS_LISTENERS_H
#define DNS_LISTENERS_H

#include <uv.h>

#include "../base/answers.h"
#include "../base/error.h"
#include "asker.h"
#include "tally.h"

struct listen_udp;
struct listen_tcp;

struct listener {
	struct addr addr;
	struct listen_udp *udp;
	struct listen_tcp *tcp;
};

struct listeners {
	/* filled by who embeds it */
	uv_loop_t *loop;
	struct tally *tally;
	struct asker_events events;

	unsigned n;
	struct listener l[DNS_LISTEN_MAX];
};

/* Those that stay go on without a gap; new ones open before old ones close. On
 * an error, which is said, nothing changed. */
int listeners_set(struct listeners *ls, const struct addr *at, unsigned n,
		  struct error *err);
bool listeners_has(const struct listeners *ls, const struct addr *addr);
/* Takes questions as if they had come by the socket of the address that was
 * asked. */
void listeners_take(struct listeners *ls, const struct answers_question *q,
		    unsigned n);
void listeners_close(struct listeners *ls);

#endif
