/* frame.h - frames from a few words, for the truth tables of the gate.
 *
 * A row of a table says what matters; the rest is zero. Checksums are not
 * filled in: the gate leaves them to the engine and the kernel. */
#ifndef TEST_FRAME_H
#define TEST_FRAME_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ctl/base/bytes.h"

#define FRAME_BYTES 2048

enum receiver { TO_US, TO_ANOTHER, TO_ALL };

struct spec {
	const char *src, *dst; /* with a colon: IPv6 */
	uint8_t proto;
	uint16_t sport, dport;
	bool syn, ack;
	uint8_t type;	 /* ICMP */
	uint16_t id;	 /* ICMP echo */
	uint16_t frag;	 /* the header's field: flags and offset */
	uint8_t options; /* IPv4: bytes of options */
	unsigned ext_n;	 /* IPv6 extension headers, by number */
	uint8_t ext[8];
	const struct spec *quote; /* ICMP error: what it is about */
	unsigned quote_len;	  /* bytes of it; 0: all */
	enum receiver to;
	unsigned tags_n; /* VLAN tags, outermost first */
	uint16_t tags[4];
	bool service_tags; /* of 802.1ad */
};

struct frame {
	uint8_t b[FRAME_BYTES];
	uint32_t len;
	uint32_t l3; /* offset of the IP header */
};

static inline bool spec_is_v6(const struct spec *s)
{
	return strchr(s->src, ':');
}

static inline void write_address(struct wr *w, const char *text)
{
	bool v6 = strchr(text, ':');
	uint8_t b[16];

	inet_pton(v6 ? AF_INET6 : AF_INET, text, b);
	wr_bytes(w, b, v6 ? 16 : 4);
}

static inline void write_ip(struct wr *w, const struct spec *s);

static inline void write_quote(struct wr *w, const struct spec *s)
{
	uint8_t b[512];
	struct wr q = wr_init(b, sizeof(b));
	unsigned n;

	write_ip(&q, s->quote);
	n = s->quote_len ? s->quote_len : (unsigned)wr_len(&q);
	wr_bytes(w, b, n);
}

static inline void write_icmp(struct wr *w, const struct spec *s)
{
	wr_u8(w, s->type);
	wr_u8(w, 0);
	wr_be16(w, 0);
	wr_be16(w, s->id);
	wr_be16(w, 1);
	if (s->quote)
		write_quote(w, s);
	else
		wr_zero(w, 16);
}

static inline void write_l4(struct wr *w, const struct spec *s)
{
	switch (s->proto) {
	case IPPROTO_TCP:
		wr_be16(w, s->sport);
		wr_be16(w, s->dport);
		wr_zero(w, 8);
		wr_u8(w, 0x50);
		wr_u8(w, (uint8_t)((s->syn ? 2 : 0) | (s->ack ? 16 : 0)));
		wr_zero(w, 6);
		break;
	case IPPROTO_UDP:
		wr_be16(w, s->sport);
		wr_be16(w, s->dport);
		wr_be16(w, 8 + 12);
		wr_zero(w, 2 + 12);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		write_icmp(w, s);
		break;
	default:
		wr_zero(w, 16);
	}
}

static inline void write_ipv4(struct wr *w, const struct spec *s)
{
	size_t start = wr_len(w);

	wr_u8(w, (uint8_t)(0x45 + s->options / 4));
	wr_u8(w, 0);
	wr_be16(w, 0);
	wr_be16(w, 7);
	wr_be16(w, s->frag);
	wr_u8(w, 64);
	wr_u8(w, s->proto);
	wr_be16(w, 0);
	write_address(w, s->src);
	write_address(w, s->dst);
	for (unsigned i = 0; i < s->options; i++)
		wr_u8(w, 1); /* no operation */
	write_l4(w, s);
	wr_patch_be16(w, start + 2, (uint16_t)(wr_len(w) - start));
}

static inline void write_ipv6(struct wr *w, const struct spec *s)
{
	size_t start = wr_len(w);

	wr_be32(w, 6u << 28);
	wr_be16(w, 0);
	wr_u8(w, s->ext_n ? s->ext[0] : s->proto);
	wr_u8(w, 255);
	write_address(w, s->src);
	write_address(w, s->dst);
	for (unsigned i = 0; i < s->ext_n; i++) {
		wr_u8(w, i + 1 < s->ext_n ? s->ext[i + 1] : s->proto);
		wr_u8(w, 0);
		wr_be16(w, s->ext[i] == IPPROTO_FRAGMENT ? s->frag : 0x0102);
		wr_zero(w, 4);
	}
	write_l4(w, s);
	wr_patch_be16(w, start + 4, (uint16_t)(wr_len(w) - start - 40));
}

static inline void write_ip(struct wr *w, const struct spec *s)
{
	if (spec_is_v6(s))
		write_ipv6(w, s);
	else
		write_ipv4(w, s);
}

/* 'us' is the MAC of the port that will receive it. */
static inline struct frame frame_of(const struct spec *s, const uint8_t us[6])
{
	static const uint8_t another[6] = { 2, 0xaa, 0, 0, 0, 1 };
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	const uint8_t *to[] = { us, another, all };
	struct frame f = { .len = 0 };
	struct wr w = wr_init(f.b, sizeof(f.b));

	wr_bytes(&w, to[s->to], 6);
	wr_bytes(&w, another, 6);
	for (unsigned i = 0; i < s->tags_n; i++) {
		wr_be16(&w, s->service_tags ? 0x88a8 : 0x8100);
		wr_be16(&w, s->tags[i]);
	}
	wr_be16(&w, spec_is_v6(s) ? 0x86dd : 0x0800);
	f.l3 = (uint32_t)wr_len(&w);
	write_ip(&w, s);
	f.len = (uint32_t)wr_len(&w);
	return f;
}

/* Writes the IP header's own idea of its length. */
static inline void frame_claim(struct frame *f, unsigned ip_bytes)
{
	struct wr w = wr_init(f->b, sizeof(f->b));
	bool v6 = f->b[f->l3] >> 4 == 6;

	wr_zero(&w, 0);
	w.p += f->len;
	wr_patch_be16(&w, f->l3 + (v6 ? 4 : 2),
		      (uint16_t)(v6 ? ip_bytes - 40 : ip_bytes));
}

#endif
