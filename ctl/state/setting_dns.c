/* setting_dns.c - how upstreams, domains, lists and devices are written.
 *
 * Called through setting.c's table. No state. */
#include "setting_dns.h"

#include <stdio.h>
#include <string.h>

#include "setting_dhcp.h"

bool setting_dns_name_check(const char *text)
{
	size_t label = 0;
	char before = '.';

	for (; *text; before = *text++) {
		bool alnum = (*text >= 'a' && *text <= 'z') ||
			     (*text >= '0' && *text <= '9');

		if (*text == '.') {
			if (!label || before == '-')
				return false;
			label = 0;
			continue;
		}
		if (!alnum && (*text != '-' || !label))
			return false;
		if (++label > 63)
			return false;
	}
	return label && before != '-';
}

bool setting_dns_style_check(const char *text)
{
	return !strcmp(text, "zero") || !strcmp(text, "nxdomain");
}

bool setting_dns_switch_check(const char *text)
{
	return !strcmp(text, "on") || !strcmp(text, "off");
}

/* ---- dns.upstream */

/* A resolver on this machine is a fair upstream, so loopback is allowed. */
static bool upstream_parse(const char *text, void *item)
{
	struct nameserver *n = item;

	if (!nameserver_parse(text, n))
		return false;
	return setting_addr_is_host(&n->at.addr) ||
	       (addr_is_v4(&n->at.addr) && n->at.addr.b[12] == 127);
}

static void upstream_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	nameserver_format(item, buf);
}

static bool upstream_clash(const void *a, const void *b)
{
	const struct nameserver *x = a, *y = b;

	return addr_eq(&x->at.addr, &y->at.addr) && x->at.port == y->at.port;
}

const struct setting_item setting_dns_upstream_item = {
	.size = sizeof(struct nameserver),
	.wants = "a DNS server such as 9.9.9.9, 1.1.1.1:53 or "
		 "tls://9.9.9.9#dns.quad9.net",
	.parse = upstream_parse,
	.format = upstream_format,
	.clash = upstream_clash,
};

/* ---- dns.allow, dns.block, dns.rebind_allow: a name and all below it */

/* As names are in the DNS: underscores as well, in lower case. */
static bool domain_parse(const char *text, void *item)
{
	struct settings_domain *d = item;
	size_t i, label = 0, len = strlen(text);

	if (!len || len >= sizeof(d->name))
		return false;
	for (i = 0; i <= len; i++) {
		char c = text[i] >= 'A' && text[i] <= 'Z'
				 ? (char)(text[i] + ('a' - 'A'))
				 : text[i];

		d->name[i] = c;
		if (c == '.' || !c) {
			if (!label || label > 63)
				return false;
			label = 0;
		} else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_",
				   c)) {
			return false;
		} else {
			label++;
		}
	}
	return true;
}

static void domain_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_domain *d = item;

	snprintf(buf, SETTING_TEXT_MAX, "%s", d->name);
}

static bool domain_clash(const void *a, const void *b)
{
	const struct settings_domain *x = a, *y = b;

	return !strcmp(x->name, y->name);
}

const struct setting_item setting_dns_domain_item = {
	.size = sizeof(struct settings_domain),
	.wants = "a domain such as example.com",
	.parse = domain_parse,
	.format = domain_format,
	.clash = domain_clash,
};

/* ---- dns.lists */

/* A name is checked by who knows the lists: house.c. */
static bool source_parse(const char *text, void *item)
{
	struct settings_source *s = item;
	size_t len = strlen(text), i;

	if (!len || len >= sizeof(s->text))
		return false;
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == ',')
			return false;
	memcpy(s->text, text, len + 1);
	if (!strncmp(text, "https://", 8))
		return text[8] && text[8] != '/';
	return *text == '/' || strspn(text, "abcdefghijklmnopqrstuvwxyz"
					    "0123456789-") == len;
}

static void source_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_source *s = item;

	snprintf(buf, SETTING_TEXT_MAX, "%s", s->text);
}

static bool source_clash(const void *a, const void *b)
{
	const struct settings_source *x = a, *y = b;

	return !strcmp(x->text, y->text);
}

const struct setting_item setting_dns_source_item = {
	.size = sizeof(struct settings_source),
	.wants = "a list: the name of a known one, https://…, or a file's "
		 "whole path",
	.parse = source_parse,
	.format = source_format,
	.clash = source_clash,
};

/* ---- dns.unfiltered */

static bool device_parse(const char *text, void *item)
{
	struct settings_device *d = item;

	if (mac_parse(text, &d->mac))
		return !mac_is_zero(&d->mac) && !(d->mac.b[0] & 1);
	return addr_parse(text, &d->addr) && setting_addr_is_host(&d->addr);
}

static void device_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_device *d = item;

	if (mac_is_zero(&d->mac))
		addr_format(&d->addr, buf);
	else
		mac_format(&d->mac, buf);
}

static bool device_clash(const void *a, const void *b)
{
	const struct settings_device *x = a, *y = b;

	return mac_eq(&x->mac, &y->mac) && addr_eq(&x->addr, &y->addr);
}

const struct setting_item setting_dns_device_item = {
	.size = sizeof(struct settings_device),
	.wants = "a device such as 02:00:00:00:00:01 or 10.77.0.9",
	.parse = device_parse,
	.format = device_format,
	.clash = device_clash,
};
