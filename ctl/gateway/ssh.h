/* ssh.h - was this gateway started from an SSH session, and to which address?
 */
#ifndef SSH_H
#define SSH_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"

/* The server end of the session this process descends from, by SSH_CONNECTION
 * of the process or of an ancestor (sudo does not hand it on). */
bool ssh_session(struct endpoint *server);

#endif
