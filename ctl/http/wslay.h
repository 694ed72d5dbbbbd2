/* wslay.h - libwslay, opened when the first page wants to be live.
 *
 * Debian has no archive of it to link with. Needing the shared one to start
 * would keep the executable from running where only it was copied to: so it is
 * the page that needs libwslay1, not the gateway. Private to http/. */
#ifndef HTTP_WSLAY_H
#define HTTP_WSLAY_H

#include <wslay/wslay.h>

struct wslay {
	__typeof__(wslay_frame_context_init) *init;
	__typeof__(wslay_frame_context_free) *fini;
	__typeof__(wslay_frame_recv) *recv;
	__typeof__(wslay_frame_send) *send;
};

/* NULL: it is not installed. Never closed again. */
const struct wslay *wslay(void);

#endif
