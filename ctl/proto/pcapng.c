/* pcapng.c - blocks of a capture file, each written whole.
 * Called by api/capture_blocks.c. Pure.
 * Invariant: a block's length stands at both its ends and is a multiple of 4.
 */
#include "pcapng.h"

#include <string.h>

/* Block types and options, by section of the draft. */
enum block {
	SECTION = 0x0a0d0d0a, /* 4.1 */
	INTERFACE = 1,	      /* 4.2 */
	PACKET = 6,	      /* 4.3, enhanced */
	NAMES = 4,	      /* 4.5 */
	STATISTICS = 5,	      /* 4.6 */
};

enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_APPLICATION = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_MAC = 6,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	IF_OS = 12,
	EPB_FLAGS = 2,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,
};

enum name_record { NAME_END = 0, NAME_IPV4 = 1, NAME_IPV6 = 2 };

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define TSRESOL_NS	 9    /* 10^-9 s */
#define LENGTH_AT	 4    /* in a block */
#define FILTER_TEXT	 '\0' /* a filter as libpcap writes it */

static void le16(struct wr *w, uint16_t v)
{
	wr_u8(w, (uint8_t)v);
	wr_u8(w, (uint8_t)(v >> 8));
}

static void le32(struct wr *w, uint32_t v)
{
	le16(w, (uint16_t)v);
	le16(w, (uint16_t)(v >> 16));
}

static void le64(struct wr *w, uint64_t v)
{
	le32(w, (uint32_t)v);
	le32(w, (uint32_t)(v >> 32));
}

static void pad(struct wr *w, size_t len)
{
	wr_zero(w, -len & 3);
}

/* Where the block begins. */
static size_t begin(struct wr *w, uint32_t type)
{
	size_t at = wr_len(w);

	le32(w, type);
	le32(w, 0);
	return at;
}

/* Writes the length at both ends. */
static void end(struct wr *w, size_t at)
{
	uint32_t len = (uint32_t)(wr_len(w) - at + 4);
	struct wr head;

	le32(w, len);
	if (w->bad)
		return;
	head = wr_init(w->start + at + LENGTH_AT, 4);
	le32(&head, len);
}

/* ---- options */

static void option(struct wr *w, uint16_t code, const void *value, size_t len)
{
	le16(w, code);
	le16(w, (uint16_t)len);
	wr_bytes(w, value, len);
	pad(w, len);
}

/* Not within a character of several bytes. */
static size_t text_len(const char *text)
{
	size_t len = strlen(text);

	if (len <= PCAPNG_TEXT_MAX)
		return len;
	len = PCAPNG_TEXT_MAX;
	while (len && ((uint8_t)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void text(struct wr *w, uint16_t code, const char *value)
{
	if (value && *value)
		option(w, code, value, text_len(value));
}

static void number64(struct wr *w, uint16_t code, uint64_t value)
{
	le16(w, code);
	le16(w, 8);
	le64(w, value);
}

/* 3.5: the upper half comes first, whatever the byte order. */
static void time64(struct wr *w, uint64_t ns)
{
	le32(w, (uint32_t)(ns >> 32));
	le32(w, (uint32_t)ns);
}

static void time_option(struct wr *w, uint16_t code, uint64_t ns)
{
	le16(w, code);
	le16(w, 8);
	time64(w, ns);
}

static void comments(struct wr *w, const struct pcapng_comments *c)
{
	for (unsigned i = 0; i < c->n; i++)
		text(w, OPT_COMMENT, c->texts[i]);
}

static void filter(struct wr *w, const char *value)
{
	size_t len;

	if (!value)
		return;
	len = text_len(value);
	le16(w, IF_FILTER);
	le16(w, (uint16_t)(len + 1));
	wr_u8(w, FILTER_TEXT);
	wr_bytes(w, value, len);
	pad(w, len + 1);
}

/* ---- blocks */

void pcapng_section(struct wr *w, const struct pcapng_section *s)
{
	size_t at = begin(w, SECTION);

	le32(w, BYTE_ORDER_MAGIC);
	le16(w, 1); /* version 1.0 */
	le16(w, 0);
	le64(w, UINT64_MAX); /* as long as it will be */
	comments(w, &s->comments);
	text(w, SHB_HARDWARE, s->hardware);
	text(w, SHB_OS, s->os);
	text(w, SHB_APPLICATION, s->application);
	option(w, OPT_END, NULL, 0);
	end(w, at);
}

void pcapng_interface(struct wr *w, const struct pcapng_interface *i)
{
	static const uint8_t resolution = TSRESOL_NS;
	size_t at = begin(w, INTERFACE);

	le16(w, PCAPNG_ETHERNET);
	le16(w, 0);
	le32(w, i->snaplen);
	comments(w, &i->comments);
	text(w, IF_NAME, i->name);
	text(w, IF_DESCRIPTION, i->description);
	if (i->mac)
		option(w, IF_MAC, i->mac->b, sizeof(i->mac->b));
	option(w, IF_TSRESOL, &resolution, sizeof(resolution));
	filter(w, i->filter);
	text(w, IF_OS, i->os);
	option(w, OPT_END, NULL, 0);
	end(w, at);
}

void pcapng_packet(struct wr *w, const struct pcapng_packet *p)
{
	size_t at = begin(w, PACKET);

	le32(w, p->interface);
	time64(w, p->at_ns);
	le32(w, p->kept);
	le32(w, p->len);
	wr_bytes(w, p->data, p->kept);
	pad(w, p->kept);
	comments(w, &p->comments);
	le16(w, EPB_FLAGS);
	le16(w, 4);
	le32(w, p->direction);
	option(w, OPT_END, NULL, 0);
	end(w, at);
}

static void name_record(struct wr *w, const struct pcapng_name *n)
{
	bool v4 = addr_is_v4(&n->addr);
	size_t len = text_len(n->name), addr = v4 ? 4 : 16;

	if (!len)
		return;
	le16(w, v4 ? NAME_IPV4 : NAME_IPV6);
	le16(w, (uint16_t)(addr + len + 1));
	wr_bytes(w, n->addr.b + 16 - addr, addr);
	wr_bytes(w, n->name, len);
	wr_u8(w, 0);
	pad(w, addr + len + 1);
}

void pcapng_names(struct wr *w, const struct pcapng_name *names, unsigned n)
{
	size_t at;

	if (!n)
		return;
	at = begin(w, NAMES);
	for (unsigned i = 0; i < n; i++)
		name_record(w, &names[i]);
	le16(w, NAME_END);
	le16(w, 0);
	end(w, at);
}

void pcapng_statistics(struct wr *w, const struct pcapng_statistics *s)
{
	size_t at = begin(w, STATISTICS);

	le32(w, s->interface);
	time64(w, s->at_ns);
	comments(w, &s->comments);
	time_option(w, ISB_STARTTIME, s->start_ns);
	time_option(w, ISB_ENDTIME, s->end_ns);
	number64(w, ISB_IFRECV, s->received);
	number64(w, ISB_IFDROP, s->dropped);
	number64(w, ISB_FILTERACCEPT, s->accepted);
	number64(w, ISB_OSDROP, s->os_dropped);
	number64(w, ISB_USRDELIV, s->delivered);
	option(w, OPT_END, NULL, 0);
	end(w, at);
}
