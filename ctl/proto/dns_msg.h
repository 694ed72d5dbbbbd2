/* dns_msg.h - DNS messages: header, question, records, OPT (RFC 1035, 6891).
 *
 * What clients ask is read here, and what is built from nothing is written
 * here; answers from upstream are read by dns_answer.h. Pure: views into the
 * caller's bytes, no allocation, no clock. */
#ifndef PROTO_DNS_MSG_H
#define PROTO_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/bytes.h"
#include "dns_name.h"

#define DNS_MSG_MAX   65535
#define DNS_UDP_MIN   512  /* what every client takes without EDNS */
#define DNS_UDP_EDNS  1232 /* never fragments on any path worth the name */
#define DNS_OPT_LEN   11   /* an OPT record without options */
#define DNS_PAD_BLOCK 128
/* The longest query and padding. */
#define DNS_QUERY_PADDED_MAX                                                   \
	((DNS_QUERY_MAX + DNS_OPTION_LEN + DNS_PAD_BLOCK - 1) /                \
	 DNS_PAD_BLOCK * DNS_PAD_BLOCK)
#define DNS_OPTION_LEN 4 /* code and length */
#define DNS_QUERY_MAX  (DNS_HEADER_LEN + DNS_NAME_MAX + 4 + DNS_OPT_LEN)

/* Bits of the header's second word. */
#define DNS_QR	   0x8000
#define DNS_OPCODE 0x7800
#define DNS_AA	   0x0400
#define DNS_TC	   0x0200
#define DNS_RD	   0x0100
#define DNS_RA	   0x0080
#define DNS_AD	   0x0020
#define DNS_CD	   0x0010
#define DNS_RCODE  0x000f
#define DNS_OPT_DO 0x8000 /* of the OPT record's TTL, low half: RFC 3225 */

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_YXDOMAIN = 6,
	DNS_BADVERS = 16, /* its upper bits travel in OPT */
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_AAAA = 28,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
	DNS_META_FIRST = 249, /* TKEY, TSIG, IXFR, AXFR, MAILB, MAILA */
	DNS_META_LAST = 254,
	DNS_ANY = 255,
};

enum dns_class { DNS_IN = 1 };

struct dns_header {
	uint16_t id, flags;
	uint16_t qd, an, ns, ar;
};

struct dns_question {
	struct dns_name name;
	uint16_t type, class;
};

/* A record; its data are 'rdlen' bytes at 'rdata_at' of the message. */
struct dns_rr {
	struct dns_name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t at, ttl_at, rdata_at; /* offsets in the message */
	uint16_t rdlen;
};

/* What a client asked. */
struct dns_query {
	uint16_t id, flags;
	bool has_question;
	struct dns_question q;
	bool edns;
	bool dnssec_ok;
	uint16_t udp_size; /* what the client takes by UDP; 512 at least */
};

void dns_header_read(struct rd *r, struct dns_header *out);
void dns_header_write(struct wr *w, const struct dns_header *h);
void dns_question_read(struct rd *r, const uint8_t *msg,
		       struct dns_question *out);
void dns_question_write(struct wr *w, const struct dns_question *q);
/* Takes a whole record and leaves 'r' behind it. */
void dns_rr_read(struct rd *r, const uint8_t *msg, struct dns_rr *out);
/* The same, of a message that was read whole before; without the owner. */
void dns_rr_reread(struct rd *r, const uint8_t *msg, struct dns_rr *out);
void dns_question_reskip(struct rd *r);
/* Record up to its data length, which is given: data follow. */
void dns_rr_write(struct wr *w, const struct dns_name *owner, uint16_t type,
		  uint32_t ttl, uint16_t rdlen);
void dns_opt_write(struct wr *w, uint16_t udp_size, unsigned rcode,
		   bool dnssec_ok);
/* OPT of a query, with padding up to a multiple of DNS_PAD_BLOCK, so that who
 * sees the encrypted query does not learn the name's length (RFC 8467, 4.1). */
void dns_opt_write_padded(struct wr *w, uint16_t udp_size, bool dnssec_ok);

/* Reads what a client sent. -EBADMSG: no query, not even an error is due.
 * Else the rcode that the message itself deserves: DNS_NOERROR, or an error
 * for dns_error_write(). Options of OPT (client subnet, cookies) are checked
 * for form only and go no further. */
int dns_query_read(const uint8_t *msg, size_t len, struct dns_query *out);

/* What answers are filed under: name in lower case, type, class, and the DO and
 * CD bits, which change what upstream answers. Compared as bytes. */
struct dns_key {
	uint16_t len;
	uint8_t b[DNS_NAME_MAX + 5];
};
struct dns_key dns_key(const struct dns_query *q);

/* Header and question of the answer to 'q'; counts of records are patched by
 * dns_counts_patch(). */
void dns_reply_write(struct wr *w, const struct dns_query *q, unsigned rcode);
void dns_counts_patch(struct wr *w, uint16_t an, uint16_t ns, uint16_t ar);
/* Sets 'flags' besides those of dns_reply_write(), which came before. */
void dns_flags_add(struct wr *w, const struct dns_query *q, unsigned rcode,
		   uint16_t flags);
/* The whole answer without records, with OPT where the client has EDNS. */
void dns_error_write(struct wr *w, const struct dns_query *q, unsigned rcode);
/* The same, with TC: the client asks again by TCP (RFC 2181, 9). */
void dns_truncated_write(struct wr *w, const struct dns_query *q,
			 unsigned rcode);

#endif
