/* setting_express.c - see setting_express.h. */
#include "setting_express.h"

#include <string.h>

bool setting_mode_check(const char *text)
{
	static const char *const modes[] = { "auto", "xdp", "tc", "off" };

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(text, modes[i]))
			return true;
	return false;
}

bool setting_xdp_at_check(const char *text)
{
	return !strcmp(text, "port") || !strcmp(text, "pair");
}
