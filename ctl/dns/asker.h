/* asker.h - who asked, and the way back: what a listener hands on with each
 * message, and what an answer is sent through.
 *
 * Copied freely. Good until its listener says that 'via' is gone. */
#ifndef DNS_ASKER_H
#define DNS_ASKER_H

#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/answers.h"

struct querylog;
struct teller;

struct asker {
	void *via; /* the listener, or the connection */
	struct endpoint from;
	/* Once for each message. 'len' 0: there is no answer. */
	void (*send)(const struct asker *a, const uint8_t *msg, size_t len);
	bool by_tcp;
	struct answers_way way; /* by the data path; ifindex 0: by socket */
	uint64_t asked_us;	/* filled by serve.c */
	struct querylog *log;	/* the same; NULL: is not noted */
	const struct teller *teller; /* the same */
};

struct asker_events {
	void *arg;
	void (*on_message)(void *arg, const struct asker *a, const uint8_t *msg,
			   size_t len);
	/* Nothing more can be sent to those who came by 'via'. */
	void (*on_gone)(void *arg, const void *via);
	/* Whether 'addr' is served at all. */
	bool (*is_served)(void *arg, const struct addr *addr);
	/* From 'at', the way that the question came, which has the room. False:
	 * not now. */
	bool (*send_back)(void *arg, const struct asker *a,
			  const struct addr *at, const uint8_t *msg,
			  size_t len);
};

#endif
