/* nameserver.h - a DNS server and how to speak to it, as people write it.
 *
 *   9.9.9.9, 9.9.9.9:53, [2620:fe::fe]:53   plain
 *   tls://9.9.9.9#dns.quad9.net             by TLS (RFC 7858), the certificate
 *                                           is for that name, or nothing is
 *                                           asked
 *   tls://9.9.9.9                           the same for the address itself
 *   try-tls://9.9.9.9                       by TLS with whomever is there;
 * plain where that fails (RFC 7858, 4.1) */
#ifndef BASE_NAMESERVER_H
#define BASE_NAMESERVER_H

#include "addr.h"

#define NAMESERVER_NAME_MAX 128 /* of a certificate, NUL included */
#define NAMESERVER_STRLEN   (ENDPOINT_STRLEN + NAMESERVER_NAME_MAX + 12)

enum nameserver_tls { NAMESERVER_PLAIN, NAMESERVER_TLS, NAMESERVER_TRY_TLS };

struct nameserver {
	struct endpoint at; /* of TLS where that is spoken: port 853 */
	enum nameserver_tls tls;
	char name[NAMESERVER_NAME_MAX]; /* TLS: "": the address is the name */
};

/* Whole string or nothing. */
bool nameserver_parse(const char *text, struct nameserver *out);
/* The default port is left out, as people write it. */
char *nameserver_format(const struct nameserver *n,
			char buf[NAMESERVER_STRLEN]);
static inline bool nameserver_eq(const struct nameserver *a,
				 const struct nameserver *b)
{
	return addr_eq(&a->at.addr, &b->at.addr) && a->at.port == b->at.port &&
	       a->tls == b->tls && !strcmp(a->name, b->name);
}

#endif
