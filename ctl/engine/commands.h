/* commands.h - what the control thread tells the engine, obeyed a bit a turn.
 */
#ifndef ENGINE_COMMANDS_H
#define ENGINE_COMMANDS_H

#include "worker.h"

/* True: there may be more. */
bool commands_take(struct worker *w, uint64_t now_ms);

#endif
