/* setting_dhcp.h - how the settings of the DHCP server are written.
 *
 * Rows of the table in setting.c. Pure. */
#ifndef STATE_SETTING_DHCP_H
#define STATE_SETTING_DHCP_H

#include "setting.h"

/* RFC 8910, 2: there is no captive portal here. */
#define SETTING_NO_PORTAL "urn:ietf:params:capport:unrestricted"

extern const struct setting_item setting_static_item, setting_option_item,
	setting_route_item, setting_ntp_item, setting_dnr_item;

bool setting_boot_file_check(const char *text);
bool setting_boot_server_check(const char *text);
bool setting_portal_check(const char *text);

/* May a host have this address? Not zero, loopback, multicast or class E. */
bool setting_addr_is_host(const struct addr *a);
/* "MAC=rest": the address and where the rest begins, or NULL. */
const char *setting_mac_equals(const char *text, struct mac *mac);

#endif
