/* dns_text.c - names of numbers (IANA's registry of DNS parameters).
 *
 * Called by the API. Any thread; no state. */
#include "dns_text.h"

#include <stdio.h>

#include "dns_msg.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct number {
	uint16_t value;
	const char *name;
} types[] = {
	{ DNS_A, "A" },		{ DNS_NS, "NS" },     { DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" },	{ DNS_PTR, "PTR" },   { 15, "MX" },
	{ 16, "TXT" },		{ DNS_AAAA, "AAAA" }, { 33, "SRV" },
	{ 35, "NAPTR" },	{ 39, "DNAME" },      { DNS_DS, "DS" },
	{ 44, "SSHFP" },	{ 46, "RRSIG" },      { 47, "NSEC" },
	{ 48, "DNSKEY" },	{ 50, "NSEC3" },      { 52, "TLSA" },
	{ DNS_SVCB, "SVCB" },	{ DNS_HTTPS, "HTTPS" }, { DNS_ANY, "ANY" },
	{ 257, "CAA" },
}, rcodes[] = {
	{ DNS_NOERROR, "NOERROR" },   { DNS_FORMERR, "FORMERR" },
	{ DNS_SERVFAIL, "SERVFAIL" }, { DNS_NXDOMAIN, "NXDOMAIN" },
	{ DNS_NOTIMP, "NOTIMP" },     { DNS_REFUSED, "REFUSED" },
	{ DNS_YXDOMAIN, "YXDOMAIN" }, { DNS_BADVERS, "BADVERS" },
};

static const char *find(const struct number *list, size_t n, unsigned value,
			const char *prefix, char *buf)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].value == value)
			return list[i].name;
	snprintf(buf, DNS_TEXT_LEN, "%s%u", prefix, value);
	return buf;
}

const char *dns_type_text(uint16_t type, char buf[DNS_TEXT_LEN])
{
	return find(types, COUNT(types), type, "TYPE", buf);
}

const char *dns_rcode_text(unsigned rcode, char buf[DNS_TEXT_LEN])
{
	return find(rcodes, COUNT(rcodes), rcode, "RCODE", buf);
}
