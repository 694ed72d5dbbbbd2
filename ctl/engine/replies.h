/* replies.h - the resolver's answers, sent as the frames that questions came
 * as, a few a turn. Engine thread. */
#ifndef ENGINE_REPLIES_H
#define ENGINE_REPLIES_H

#include "worker.h"

/* True: there may be more. */
bool replies_send(struct worker *w, const struct engine_conf *conf,
		  uint64_t now_ms);

#endif
