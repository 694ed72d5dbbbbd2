/* setting_dns.h - the types of the settings below dns: for setting.c's table.
 *
 * Pure. */
#ifndef STATE_SETTING_DNS_H
#define STATE_SETTING_DNS_H

#include "setting.h"

extern const struct setting_item setting_dns_upstream_item;
extern const struct setting_item setting_dns_domain_item;
extern const struct setting_item setting_dns_source_item;
extern const struct setting_item setting_dns_device_item;

/* "zero" or "nxdomain"; "on" or "off". */
bool setting_dns_style_check(const char *text);
bool setting_dns_switch_check(const char *text);

/* Labels of letters, digits and inner hyphens (RFC 1123, 2.1), lower case. */
bool setting_dns_name_check(const char *text);

#endif
