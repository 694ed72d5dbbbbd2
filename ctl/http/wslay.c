/* wslay.c - see wslay.h. Called by ws_wire.c and handshake.c. Control thread.
 * Invariant: 'calls' is whole, or 'library' is NULL. A missing library is
 * looked for again each time, as it may be installed by then, but said once. */
#include "wslay.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#include "../base/log.h"

#define LIBRARY "libwslay.so.1"

static void *library;
static bool said;
static struct wslay calls;

/* POSIX makes a function's address fit a void pointer; C does not say so. */
static bool find(void *from, const char *name, void *call)
{
	void *address = dlsym(from, name);

	*(void **)call = address;
	return address;
}

static bool find_all(void *from)
{
	return find(from, "wslay_frame_context_init", &calls.init) &&
	       find(from, "wslay_frame_context_free", &calls.fini) &&
	       find(from, "wslay_frame_recv", &calls.recv) &&
	       find(from, "wslay_frame_send", &calls.send);
}

const struct wslay *wslay(void)
{
	void *opened;

	if (library)
		return &calls;
	opened = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (opened && find_all(opened)) {
		library = opened;
		return &calls;
	}
	if (opened)
		dlclose(opened);
	if (!said)
		log_warn("http: the page cannot be live without %s: install "
			 "libwslay1",
			 LIBRARY);
	said = true;
	return NULL;
}
