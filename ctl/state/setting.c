/* setting.c - the table of settings, and how each type reads and writes JSON.
 *
 * Called by settings.c. Control thread; no state.
 * Invariant: setting_set(setting_json(x)) is x. */
#include "setting.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setting_clients.h"
#include "setting_dhcp.h"
#include "setting_dns.h"
#include "setting_express.h"
#include "setting_nat.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- types of items */

/* Printable text. A comma would part the list on the command line; control
 * characters, also those of U+0080 to U+009F, could drive a terminal. */
static bool name_is_plain(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t len = strlen(name);

	if (!len || name[0] == ' ' || name[len - 1] == ' ')
		return false;
	for (; *p; p++) {
		if (*p < ' ' || *p == 0x7f || *p == ',')
			return false;
		if (*p == 0xc2 && p[1] < 0xa0)
			return false;
	}
	return true;
}

static bool name_parse(const char *text, void *item)
{
	struct settings_name *n = item;
	const char *rest = setting_mac_equals(text, &n->mac);
	size_t len = rest ? strlen(rest) : 0;

	if (!rest || len >= sizeof(n->name) || !name_is_plain(rest))
		return false;
	memcpy(n->name, rest, len + 1);
	return true;
}

static void name_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_name *n = item;
	char mac[MAC_STRLEN];

	snprintf(buf, SETTING_TEXT_MAX, "%s=%s", mac_format(&n->mac, mac),
		 n->name);
}

static bool name_clash(const void *a, const void *b)
{
	const struct settings_name *x = a, *y = b;

	return mac_eq(&x->mac, &y->mac);
}

/* ---- the table */

#define ITEM(type, name, noun)                                                 \
	static const struct setting_item name##_item = {                       \
		.size = sizeof(type),                                          \
		.wants = noun,                                                 \
		.parse = name##_parse,                                         \
		.format = name##_format,                                       \
		.clash = name##_clash,                                         \
	}
#define MEMBER(member) (((struct settings *)0)->member)
#define LIST(name, member, of)                                                 \
	{                                                                      \
		.key = name, .kind = SETTING_LIST,                             \
		.at = offsetof(struct settings, member), .list = {             \
			offsetof(struct settings, member##_n),                 \
			COUNT(MEMBER(member)),                                 \
			&of##_item                                             \
		}                                                              \
	}
#define TEXT(name, member, value, of, noun)                                    \
	{                                                                      \
		.key = name, .kind = SETTING_TEXT,                             \
		.at = offsetof(struct settings, member), .text = {             \
			sizeof(MEMBER(member)),                                \
			value,                                                 \
			noun,                                                  \
			of##_check                                             \
		}                                                              \
	}
#define NUMBER(name, member, least, most, value)                               \
	{                                                                      \
		.key = name, .kind = SETTING_NUMBER,                           \
		.at = offsetof(struct settings, member), .number = {           \
			least,                                                 \
			most,                                                  \
			value                                                  \
		}                                                              \
	}

ITEM(struct settings_name, name,
     "a name such as 02:00:00:00:00:01=Kitchen radio, without commas and at "
     "most 63 bytes long");

/* The least values of the timers are those that RFC 4787 (REQ-5), RFC 5508
 * (REQ-2) and RFC 5382 (REQ-4, REQ-5) demand; after a RST RFC 7857 (2.2) names
 * 4 minutes, and leaves it to us. */
const struct setting setting_table[] = {
	LIST("wan.open", wan_open, setting_open),
	LIST("dns.upstream", dns_upstream, setting_dns_upstream),
	TEXT("dns.domain", dns_domain, "lan", setting_dns_name,
	     "a domain such as lan or home.arpa"),
	LIST("dns.lists", dns_lists, setting_dns_source),
	LIST("dns.allow", dns_allow, setting_dns_domain),
	LIST("dns.block", dns_block, setting_dns_domain),
	LIST("dns.unfiltered", dns_unfiltered, setting_dns_device),
	TEXT("dns.blocked_answer", dns_blocked_answer, "zero",
	     setting_dns_style, "zero (0.0.0.0 and ::) or nxdomain"),
	LIST("dns.rebind_allow", dns_rebind_allow, setting_dns_domain),
	NUMBER("dns.client_rate", dns_client_rate, 10, 1000000, 200),
	TEXT("dns.log", dns_log, "on", setting_dns_switch, "on or off"),
	NUMBER("dhcp.lease_s", dhcp_lease_s, 60, 2592000, 86400),
	LIST("dhcp.static", dhcp_static, setting_static),
	LIST("dhcp.option", dhcp_option, setting_option),
	LIST("dhcp.route", dhcp_route, setting_route),
	LIST("dhcp.ntp", dhcp_ntp, setting_ntp),
	LIST("dhcp.dnr", dhcp_dnr, setting_dnr),
	TEXT("dhcp.boot.file", dhcp_boot_file, "", setting_boot_file,
	     "a file's path or URL, at most 127 characters"),
	TEXT("dhcp.boot.server", dhcp_boot_server, "", setting_boot_server,
	     "an address or a name such as boot.lan"),
	TEXT("dhcp.captive_portal", dhcp_portal, SETTING_NO_PORTAL,
	     setting_portal, "an address such as https://portal.example/api"),
	NUMBER("dhcp.v6only_s", dhcp_v6only_s, 0, 86400, 0),
	LIST("clients.name", clients_name, name),
	LIST("clients.icon", clients_icon, setting_icon),
	LIST("clients.pin", clients_pin, setting_pin),
	NUMBER("history.budget_mib", history_budget_mib, 8, 512, 64),
	NUMBER("history.save_minutes", history_save_minutes, 1, 1440, 5),
	TEXT("express.mode", express_mode, "auto", setting_mode,
	     "one of auto, xdp, tc and off"),
	TEXT("xdp.at", xdp_at, "port", setting_xdp_at, "port or pair"),
	NUMBER("express.after_packets", express_after_packets, 1, 10000, 32),
	NUMBER("capture.max_mib", capture_max_mib, 0, 4096, 256),
	NUMBER("nat.timers.udp_s", nat_udp_s, 120, 86400, 300),
	NUMBER("nat.timers.icmp_s", nat_icmp_s, 60, 86400, 60),
	NUMBER("nat.timers.tcp_established_s", nat_tcp_established_s, 7440,
	       604800, 7440),
	NUMBER("nat.timers.tcp_transitory_s", nat_tcp_transitory_s, 240, 86400,
	       240),
	NUMBER("nat.timers.tcp_time_wait_s", nat_tcp_time_wait_s, 240, 86400,
	       240),
	NUMBER("nat.timers.tcp_rst_s", nat_tcp_rst_s, 4, 86400, 240),
	NUMBER("nat.timers.other_s", nat_other_s, 60, 86400, 300),
	NUMBER("nat.timers.syn_hold_s", nat_syn_hold_s, 6, 60, 6),
	NUMBER("nat.timers.hold_down_s", nat_hold_down_s, 0, 3600, 120),
	LIST("nat.forwards", nat_forwards, setting_forward),
	NUMBER("nat.limits.sessions", nat_sessions, 1024, 262144, 262144),
	NUMBER("nat.limits.mappings", nat_mappings, 256, 65536, 65536),
	NUMBER("nat.limits.host_sessions", nat_host_sessions, 64, 262144,
	       16384),
};
const unsigned setting_table_n = COUNT(setting_table);
_Static_assert(COUNT(setting_table) <= SETTING_ROWS_MAX, "too many settings");

/* ---- what every type can do */

const struct setting *setting_find(const char *key)
{
	unsigned i;

	for (i = 0; i < setting_table_n; i++)
		if (!strcmp(setting_table[i].key, key))
			return &setting_table[i];
	return NULL;
}

static unsigned *list_count(const struct setting *s, struct settings *in)
{
	return (unsigned *)(void *)((char *)in + s->list.count_at);
}

static char *value_at(const struct setting *s, struct settings *in)
{
	return (char *)in + s->at;
}

void setting_reset(const struct setting *s, struct settings *in)
{
	uint32_t *number;

	switch (s->kind) {
	case SETTING_LIST:
		*list_count(s, in) = 0;
		break;
	case SETTING_TEXT:
		memcpy(value_at(s, in), s->text.initial,
		       strlen(s->text.initial) + 1);
		break;
	case SETTING_NUMBER:
		number = (uint32_t *)(void *)value_at(s, in);
		*number = s->number.initial;
		break;
	}
}

/* NULL: it is no text, nor an object that says the same. */
static const char *item_text(const struct setting_item *item,
			     const json_t *value, char buf[SETTING_TEXT_MAX])
{
	if (json_is_object(value))
		return item->read && item->read(value, buf) ? buf : NULL;
	return json_string_value(value);
}

static int list_add(const struct setting *s, const json_t *value,
		    struct settings *in, struct error *err)
{
	const struct setting_item *item = s->list.item;
	char buf[SETTING_TEXT_MAX];
	const char *text = item_text(item, value, buf);
	unsigned i, *n = list_count(s, in);
	char *items = value_at(s, in), *new = items + *n * item->size;

	if (!text)
		return error_set(err, -EINVAL, "%s: every item is %s%s", s->key,
				 item->read ? "" : "a string, ", item->wants);
	memset(new, 0, item->size);
	if (!item->parse(text, new))
		return error_set(err, -EINVAL, "%s: '%.40s' is not %s", s->key,
				 text, item->wants);
	for (i = 0; i < *n; i++)
		if (item->clash(items + i * item->size, new))
			return error_set(err, -EINVAL,
					 "%s: '%.90s' repeats an entry of the "
					 "list, leave one of them out",
					 s->key, text);
	++*n;
	return 0;
}

static int list_set(const struct setting *s, const json_t *value,
		    struct settings *in, struct error *err)
{
	size_t i;
	int r;

	if (!json_is_array(value))
		return error_set(err, -EINVAL, "%s: give a list", s->key);
	if (json_array_size(value) > s->list.max)
		return error_set(err, -EINVAL, "%s: at most %u entries fit",
				 s->key, s->list.max);
	*list_count(s, in) = 0;
	for (i = 0; i < json_array_size(value); i++) {
		r = list_add(s, json_array_get(value, i), in, err);
		if (r)
			return r;
	}
	return 0;
}

static int text_set(const struct setting *s, const json_t *value,
		    struct settings *in, struct error *err)
{
	const char *text = json_string_value(value);
	size_t len = text ? strlen(text) : 0;

	if (!text || len >= s->text.size || !s->text.check(text))
		return error_set(err, -EINVAL, "%s: '%.40s' is not %s", s->key,
				 text ? text : "", s->text.wants);
	memcpy(value_at(s, in), text, len + 1);
	return 0;
}

static int number_set(const struct setting *s, const json_t *value,
		      struct settings *in, struct error *err)
{
	uint32_t *number = (uint32_t *)(void *)value_at(s, in);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < s->number.min || n > s->number.max)
		return error_set(err, -EINVAL,
				 "%s: give a whole number from %u to %u",
				 s->key, s->number.min, s->number.max);
	*number = (uint32_t)n;
	return 0;
}

int setting_set(const struct setting *s, const json_t *value,
		struct settings *in, struct error *err)
{
	switch (s->kind) {
	case SETTING_LIST:
		return list_set(s, value, in, err);
	case SETTING_TEXT:
		return text_set(s, value, in, err);
	case SETTING_NUMBER:
		return number_set(s, value, in, err);
	}
	return -EINVAL;
}

static json_t *list_json(const struct setting *s, const struct settings *in)
{
	const char *base = (const char *)in, *items = base + s->at;
	const struct setting_item *item = s->list.item;
	char text[SETTING_TEXT_MAX];
	json_t *list = json_array();
	unsigned i, n;

	memcpy(&n, base + s->list.count_at, sizeof(n));
	for (i = 0; i < n; i++) {
		if (item->write) {
			json_array_append_new(
				list, item->write(items + i * item->size));
			continue;
		}
		item->format(items + i * item->size, text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *setting_json(const struct setting *s, const struct settings *in)
{
	const char *value = (const char *)in + s->at;
	uint32_t number;

	switch (s->kind) {
	case SETTING_LIST:
		return list_json(s, in);
	case SETTING_TEXT:
		return json_string(value);
	case SETTING_NUMBER:
		memcpy(&number, value, sizeof(number));
		return json_integer(number);
	}
	return NULL;
}
