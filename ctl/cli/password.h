/* password.h - a new password from the terminal, without showing it. */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "../base/error.h"

#define PASSWORD_MAX 256 /* longest, NUL included; the gateway takes less */

/* From a terminal it is asked for twice and not shown; else it is the first
 * line that is piped in. -EINVAL and a sentence: none, or two that differ. */
int ask_password(char out[PASSWORD_MAX], struct error *err);

#endif
