/* dns_addrs.h - which addresses an answer has for the name that was asked.
 *
 * Those at the end of the chain of CNAMEs that begins with the question, looked
 * for as programs do that asked: record by record, in the order in which they
 * stand. Whatever else an answer says is about other names. Pure. */
#ifndef PROTO_DNS_ADDRS_H
#define PROTO_DNS_ADDRS_H

#include "../base/addr.h"
#include "dns_msg.h"

#define DNS_ADDRS_MAX 32 /* of one answer; the first ones count */
#define DNS_CHAIN_MAX 16 /* CNAMEs: no resolver follows many more */

struct dns_addrs {
	struct dns_name name; /* that was asked, in lower case */
	uint32_t ttl_s;	      /* of the record that ends first */
	unsigned n;
	struct addr at[DNS_ADDRS_MAX];
};

/* False: 'msg' is no answer to one question for A or AAAA records, or a "no",
 * or it was cut off, or has no such address. */
bool dns_addrs_read(const uint8_t *msg, size_t len, struct dns_addrs *out);

#endif
