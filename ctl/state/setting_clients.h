/* setting_clients.h - how the owner's choices for a device are written.
 *
 * Rows of the table in setting.c. Pure. */
#ifndef STATE_SETTING_CLIENTS_H
#define STATE_SETTING_CLIENTS_H

#include "setting.h"

extern const struct setting_item setting_icon_item, setting_pin_item;

#endif
