/* setting_nat.h - how the settings of the NAT are written.
 *
 * Rows of the table in setting.c. Pure. */
#ifndef STATE_SETTING_NAT_H
#define STATE_SETTING_NAT_H

#include "setting.h"

extern const struct setting_item setting_open_item, setting_forward_item;

#endif
