/* hostname.c - what a device calls itself, made into a name fit for DNS.
 *
 * Called by dora.c and pool.c. No state. */
#include "hostname.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that browsers and stacks trust to configure them: whoever took one on
 * this LAN would become everyone's proxy, tunnel or self. */
static const char *const refused[] = { "wpad", "isatap", "localhost" };

static char clean_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return (char)c;
	return c == '-' || c == '_' || c == ' ' ? '-' : '\0';
}

void hostname_clean(const uint8_t *raw, size_t len, char out[HOSTNAME_SIZE])
{
	size_t i, n = 0;
	char c;

	for (i = 0; i < len && raw[i] && raw[i] != '.'; i++) {
		c = clean_char(raw[i]);
		if (!c || (c == '-' && !n) || n == HOSTNAME_SIZE - 1)
			continue;
		out[n++] = c;
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!strcmp(out, refused[i]))
			out[0] = '\0';
	}
}

void hostname_number(const char *base, unsigned n, char out[HOSTNAME_SIZE])
{
	char suffix[16];
	int keep;

	if (n < 2) {
		snprintf(out, HOSTNAME_SIZE, "%s", base);
		return;
	}
	keep = HOSTNAME_SIZE - 1 - snprintf(suffix, sizeof(suffix), "-%u", n);
	snprintf(out, HOSTNAME_SIZE, "%.*s%s", keep, base, suffix);
}

bool hostname_is_of(const char *name, const char *base)
{
	const char *dash = strrchr(name, '-');
	char numbered[HOSTNAME_SIZE];

	if (!strcmp(name, base))
		return true;
	if (!dash || strspn(dash + 1, "0123456789") > 5)
		return false;
	hostname_number(base, (unsigned)strtoul(dash + 1, NULL, 10), numbered);
	return !strcmp(name, numbered);
}
