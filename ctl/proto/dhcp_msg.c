/* dhcp_msg.c - DHCPv4 messages on the wire.
 *
 * Called by dhcp/dora.c, dhcp/dora_reply.c and dhcp/rival.c. No state.
 * Invariant: after dhcp_msg_parse() succeeded, every option of every area ends
 * within its area, so that looking one up cannot fail. */
#include "dhcp_msg.h"

#include <errno.h>

#define COOKIE	   0x63825363u
#define SNAME_AT   44
#define SNAME_SIZE 64
#define FILE_SIZE  128
#define BOOTP_MIN  300
#define OPTION_MAX 255 /* value bytes of one piece */
#define LABEL_MAX  63

/* The next option of an area; false at its end. Sets 'bad' when one lies. */
static bool next_option(struct rd *area, uint8_t *code, struct rd *value)
{
	while (rd_left(area)) {
		*code = rd_u8(area);
		if (*code == DHCP_OPT_PAD)
			continue;
		if (*code == DHCP_OPT_END)
			return false;
		*value = rd_sub(area, rd_u8(area));
		return !area->bad;
	}
	return false;
}

static bool area_is_sound(struct rd area)
{
	struct rd value;
	uint8_t code;

	while (next_option(&area, &code, &value))
		;
	return !area.bad;
}

static void add_area(struct dhcp_msg *m, struct rd area)
{
	m->areas[m->areas_n++] = area;
}

static uint8_t one_byte(const struct dhcp_msg *m, uint8_t code)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd value = dhcp_msg_option(m, code, join);

	return value.p && rd_left(&value) == 1 ? rd_u8(&value) : 0;
}

int dhcp_msg_parse(struct dhcp_msg *m, const void *data, size_t len)
{
	struct rd r = rd_init(data, len), sname, file;
	uint8_t overload;
	unsigned i;

	if (len > DHCP_MSG_MAX)
		return -EMSGSIZE;
	memset(m, 0, sizeof(*m));
	m->op = rd_u8(&r);
	m->htype = rd_u8(&r);
	m->hlen = rd_u8(&r);
	m->hops = rd_u8(&r);
	m->xid = rd_be32(&r);
	m->secs = rd_be16(&r);
	m->flags = rd_be16(&r);
	rd_bytes(&r, &m->ciaddr, 4);
	rd_bytes(&r, &m->yiaddr, 4);
	rd_bytes(&r, &m->siaddr, 4);
	rd_bytes(&r, &m->giaddr, 4);
	rd_bytes(&r, m->chaddr, sizeof(m->chaddr));
	sname = rd_sub(&r, SNAME_SIZE);
	file = rd_sub(&r, FILE_SIZE);
	if (rd_be32(&r) != COOKIE || r.bad || m->hlen > sizeof(m->chaddr))
		return -EBADMSG;

	add_area(m, r);
	if (!area_is_sound(m->areas[0]))
		return -EBADMSG;
	/* Asked for while only the options field counts: an overload option
	 * inside an overloaded field means nothing. */
	overload = one_byte(m, DHCP_OPT_OVERLOAD);
	if (overload & DHCP_IN_FILE)
		add_area(m, file);
	if (overload & DHCP_IN_SNAME)
		add_area(m, sname);
	for (i = 1; i < m->areas_n; i++) {
		if (!area_is_sound(m->areas[i]))
			return -EBADMSG;
	}
	m->type = one_byte(m, DHCP_OPT_TYPE);
	return 0;
}

/* One piece stays a view; from the second on they are gathered in 'join',
 * which holds a whole message and therefore all its pieces. */
struct rd dhcp_msg_option(const struct dhcp_msg *m, uint8_t code,
			  uint8_t join[DHCP_MSG_MAX])
{
	struct rd found = { .bad = true }, area, value;
	struct wr w = wr_init(join, DHCP_MSG_MAX);
	uint8_t at_code;
	unsigned i;

	for (i = 0; i < m->areas_n; i++) {
		area = m->areas[i];
		while (next_option(&area, &at_code, &value)) {
			if (at_code != code)
				continue;
			wr_bytes(&w, value.p, rd_left(&value));
			found = found.p ? rd_init(join, wr_len(&w)) : value;
		}
	}
	return found;
}

__be32 dhcp_msg_addr(const struct dhcp_msg *m, uint8_t code)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd value = dhcp_msg_option(m, code, join);
	__be32 addr;

	if (rd_left(&value) != 4)
		return 0;
	rd_bytes(&value, &addr, 4);
	return addr;
}

uint32_t dhcp_msg_u32(const struct dhcp_msg *m, uint8_t code)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd value = dhcp_msg_option(m, code, join);

	return rd_left(&value) == 4 ? rd_be32(&value) : 0;
}

void dhcp_msg_write_head(struct wr *w, const struct dhcp_msg *m)
{
	wr_u8(w, m->op);
	wr_u8(w, m->htype);
	wr_u8(w, m->hlen);
	wr_u8(w, m->hops);
	wr_be32(w, m->xid);
	wr_be16(w, m->secs);
	wr_be16(w, m->flags);
	wr_bytes(w, &m->ciaddr, 4);
	wr_bytes(w, &m->yiaddr, 4);
	wr_bytes(w, &m->siaddr, 4);
	wr_bytes(w, &m->giaddr, 4);
	wr_bytes(w, m->chaddr, sizeof(m->chaddr));
	wr_zero(w, SNAME_SIZE + FILE_SIZE);
	wr_be32(w, COOKIE);
}

struct wr dhcp_msg_sname(const struct wr *w)
{
	return wr_init(w->start + SNAME_AT, SNAME_SIZE);
}

struct wr dhcp_msg_file(const struct wr *w)
{
	return wr_init(w->start + SNAME_AT + SNAME_SIZE, FILE_SIZE);
}

bool dhcp_msg_write_option(struct wr *w, uint8_t code, const void *value,
			   size_t len)
{
	size_t pieces = len ? (len + OPTION_MAX - 1) / OPTION_MAX : 1;
	struct rd r = rd_init(value, len);
	size_t n;

	if (wr_left(w) < len + 2 * pieces + 1)
		return false;
	do {
		n = rd_left(&r) < OPTION_MAX ? rd_left(&r) : OPTION_MAX;
		wr_u8(w, code);
		wr_u8(w, (uint8_t)n);
		wr_bytes(w, rd_take(&r, n), n);
	} while (rd_left(&r));
	return true;
}

bool dhcp_msg_write_u8(struct wr *w, uint8_t code, uint8_t value)
{
	return dhcp_msg_write_option(w, code, &value, 1);
}

bool dhcp_msg_write_be16(struct wr *w, uint8_t code, uint16_t value)
{
	uint8_t b[2];
	struct wr v = wr_init(b, sizeof(b));

	wr_be16(&v, value);
	return dhcp_msg_write_option(w, code, b, sizeof(b));
}

bool dhcp_msg_write_be32(struct wr *w, uint8_t code, uint32_t value)
{
	uint8_t b[4];
	struct wr v = wr_init(b, sizeof(b));

	wr_be32(&v, value);
	return dhcp_msg_write_option(w, code, b, sizeof(b));
}

bool dhcp_msg_write_addr(struct wr *w, uint8_t code, __be32 value)
{
	return dhcp_msg_write_option(w, code, &value, sizeof(value));
}

void dhcp_msg_write_end(struct wr *w)
{
	wr_u8(w, DHCP_OPT_END);
	if (wr_len(w) < BOOTP_MIN)
		wr_zero(w, BOOTP_MIN - wr_len(w));
}

size_t dhcp_msg_domain(const char *name, uint8_t out[DHCP_DOMAIN_MAX])
{
	struct wr w = wr_init(out, DHCP_DOMAIN_MAX);
	size_t n;

	while (*name) {
		n = strcspn(name, ".");
		if (!n || n > LABEL_MAX)
			return 0;
		wr_u8(&w, (uint8_t)n);
		wr_bytes(&w, name, n);
		name += n;
		name += *name == '.';
	}
	if (!wr_len(&w))
		return 0;
	wr_u8(&w, 0);
	return w.bad ? 0 : wr_len(&w);
}
