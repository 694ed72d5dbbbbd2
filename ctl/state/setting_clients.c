/* setting_clients.c - how the owner's choices for a device are written.
 *
 * Called by setting.c through its table. Control thread; no state.
 * Invariant: what an item's 'format' writes, its 'parse' reads to the same. */
#include "setting_clients.h"

#include <stdio.h>
#include <string.h>

#include "setting_dhcp.h"

/* The page has a drawing for each. */
static const char *const icons[] = {
	"camera", "car",     "computer", "console", "laptop", "light",
	"other",  "phone",   "plug",	 "printer", "router", "server",
	"sensor", "speaker", "storage",	 "tablet",  "tv",     "watch",
};

/* ---- clients.icon */

static bool icon_parse(const char *text, void *item)
{
	struct settings_icon *i = item;
	const char *rest = setting_mac_equals(text, &i->mac);
	size_t n;

	for (n = 0; rest && n < sizeof(icons) / sizeof(icons[0]); n++) {
		if (strcmp(rest, icons[n]))
			continue;
		memcpy(i->icon, rest, strlen(rest) + 1);
		return true;
	}
	return false;
}

static void icon_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	const struct settings_icon *i = item;
	char mac[MAC_STRLEN];

	snprintf(buf, SETTING_TEXT_MAX, "%s=%s", mac_format(&i->mac, mac),
		 i->icon);
}

static bool icon_clash(const void *a, const void *b)
{
	const struct settings_icon *x = a, *y = b;

	return mac_eq(&x->mac, &y->mac);
}

const struct setting_item setting_icon_item = {
	.size = sizeof(struct settings_icon),
	.wants = "an icon such as 02:00:00:00:00:01=phone (camera, car, "
		 "computer, console, laptop, light, other, phone, plug, "
		 "printer, router, server, sensor, speaker, storage, tablet, "
		 "tv, watch)",
	.parse = icon_parse,
	.format = icon_format,
	.clash = icon_clash,
};

/* ---- clients.pin */

static bool pin_parse(const char *text, void *item)
{
	struct mac *mac = item;

	return mac_parse(text, mac) && !mac_is_zero(mac) && !(mac->b[0] & 1);
}

static void pin_format(const void *item, char buf[SETTING_TEXT_MAX])
{
	mac_format(item, buf);
}

static bool pin_clash(const void *a, const void *b)
{
	return mac_eq(a, b);
}

const struct setting_item setting_pin_item = {
	.size = sizeof(struct mac),
	.wants = "a device's MAC such as 02:00:00:00:00:01",
	.parse = pin_parse,
	.format = pin_format,
	.clash = pin_clash,
};
