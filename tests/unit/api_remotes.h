/* api_remotes.h - what the made-up house of api_house.h knows of remotes. */
#ifndef TEST_API_REMOTES_H
#define TEST_API_REMOTES_H

#include "../../ctl/remotes/country.h"
#include "../../ctl/remotes/rtt.h"

static struct rtts *rtts;
static struct countries *countries;

static const struct rtts *house_rtts(void *arg)
{
	(void)arg;
	return rtts;
}

static struct countries *house_countries(void *arg)
{
	(void)arg;
	return countries;
}

static void remotes_begin(void)
{
	rtts = rtts_new();
	countries = countries_new("/nonexistent");
}

static void remotes_end(void)
{
	rtts_free(rtts);
	countries_free(countries);
}

#endif
