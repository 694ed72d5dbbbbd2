/* dns_name.h - domain names as DNS carries them (RFC 1035, 3.1 and 4.1.4).
 *
 * Held uncompressed in wire form, root label included, in the case in which
 * they came. Compared without regard to ASCII case (RFC 4343). Pure. */
#ifndef PROTO_DNS_NAME_H
#define PROTO_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/bytes.h"

#define DNS_HEADER_LEN	12  /* names begin behind it */
#define DNS_NAME_MAX	255 /* root label included */
#define DNS_LABEL_MAX	63
#define DNS_NAME_STRLEN (4 * DNS_NAME_MAX + 1) /* every byte escaped */

struct dns_name {
	uint8_t len; /* 1..255 */
	uint8_t b[DNS_NAME_MAX];
};

/* Takes the name at 'r', which lies in the message that starts at 'msg', and
 * follows its pointers. A pointer goes backwards from where its own run of
 * labels began, and never into the header, so that no chain of them can loop
 * (RFC 9267, 2 and 3). Sets r->bad otherwise; '*out' is the root then. */
void dns_name_read(struct rd *r, const uint8_t *msg, struct dns_name *out);
/* The same without keeping it: true names nothing but r->bad. */
void dns_name_skip(struct rd *r, const uint8_t *msg);
/* The same where the name is known to be good: looks at no pointer. */
void dns_name_reskip(struct rd *r);
void dns_name_write(struct wr *w, const struct dns_name *n);

/* "nas.lan" and "nas.lan." alike; "" and "." are the root. No escapes. False:
 * an empty label, or one that is too long, or all of it is. */
bool dns_name_from_text(struct dns_name *out, const char *text);
/* Without the last dot; what is no letter, digit, '-' or '_' as \DDD. */
char *dns_name_format(const struct dns_name *n, char buf[DNS_NAME_STRLEN]);
/* The name under in-addr.arpa or ip6.arpa that stands for 'a'. */
void dns_name_reverse(struct dns_name *out, const struct addr *a);

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b);
void dns_name_lower(struct dns_name *n);
unsigned dns_name_labels(const struct dns_name *n); /* root: 0 */
/* 'n' is 'zone' or below it. */
bool dns_name_under(const struct dns_name *n, const struct dns_name *zone);
/* 'head' above 'zone': "nas" and "lan" make "nas.lan". False: too long. */
bool dns_name_join(struct dns_name *out, const struct dns_name *head,
		   const struct dns_name *zone);
/* What is left of 'n', which is under 'zone', without 'zone'. */
void dns_name_strip(struct dns_name *out, const struct dns_name *n,
		    const struct dns_name *zone);

#endif
