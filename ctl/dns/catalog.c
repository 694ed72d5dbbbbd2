/* catalog.c - the lists themselves. Called by lists.c, the API and house.c. */
#include "catalog.h"

#include <stddef.h>
#include <string.h>

static const struct catalog_list lists[] = {
	{ "stevenblack", "adware and malware, unified hosts file", "MIT",
	  "https://raw.githubusercontent.com/StevenBlack/hosts/master/hosts" },
	{ "oisd-small", "ads, made not to break pages", "see oisd.nl",
	  "https://small.oisd.nl/" },
	{ "oisd-big", "ads, phishing, malware, trackers", "see oisd.nl",
	  "https://big.oisd.nl/" },
	{ "hagezi-light", "ads and trackers, small", "GPL-3.0",
	  "https://raw.githubusercontent.com/hagezi/dns-blocklists/main/"
	  "adblock/light.txt" },
	{ "hagezi-pro", "ads, trackers, scam", "GPL-3.0",
	  "https://raw.githubusercontent.com/hagezi/dns-blocklists/main/"
	  "adblock/pro.txt" },
	{ "adguard", "AdGuard's filter for DNS", "GPL-3.0",
	  "https://adguardteam.github.io/AdGuardSDNSFilter/Filters/"
	  "filter.txt" },
	{ "easyprivacy", "trackers, as host names", "CC BY-SA 3.0",
	  "https://v.firebog.net/hosts/Easyprivacy.txt" },
	{ "urlhaus", "hosts that spread malware now", "CC0",
	  "https://urlhaus.abuse.ch/downloads/hostfile/" },
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

const struct catalog_list *catalog_at(unsigned i)
{
	return i < LISTS ? &lists[i] : NULL;
}

const char *catalog_source(const char *text)
{
	size_t i;

	if (strchr(text, '/'))
		return text;
	for (i = 0; i < LISTS; i++)
		if (!strcmp(lists[i].name, text))
			return lists[i].url;
	return NULL;
}
