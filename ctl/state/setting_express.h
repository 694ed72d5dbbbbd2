/* setting_express.h - the words of express.mode and xdp.at: for setting.c's
 * table and for who reads the settings. Pure. */
#ifndef STATE_SETTING_EXPRESS_H
#define STATE_SETTING_EXPRESS_H

#include <stdbool.h>

/* "auto", "xdp", "tc" or "off". */
bool setting_mode_check(const char *text);
/* "port" or "pair". */
bool setting_xdp_at_check(const char *text);

#endif
