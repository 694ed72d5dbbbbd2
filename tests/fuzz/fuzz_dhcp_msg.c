/* fuzz_dhcp_msg.c - any bytes as a DHCP message: read whole, every option
 * found where a plain walk finds it, and written again to the same meaning. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "../../ctl/proto/dhcp_msg.h"

/* Every option's value, in all its pieces; at -1: it is not there. */
struct options {
	int at[256];
	size_t len[256];
	uint8_t values[DHCP_MSG_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* By hand, for parse() said that every option ends within its area. */
static void measure(struct options *o, const struct dhcp_msg *m)
{
	for (unsigned i = 0; i < 256; i++)
		o->at[i] = -1;
	memset(o->len, 0, sizeof(o->len));
	for (unsigned i = 0; i < m->areas_n; i++) {
		const uint8_t *p = m->areas[i].p;
		const uint8_t *end = p + rd_left(&m->areas[i]);

		while (p < end && *p != DHCP_OPT_END) {
			if (*p == DHCP_OPT_PAD) {
				p++;
				continue;
			}
			o->at[p[0]] = 0;
			o->len[p[0]] += p[1];
			p += 2 + p[1];
		}
		check(p <= end);
	}
}

/* What looking up finds is kept, and goes into another message, which may lack
 * room: where options are (52) is not repeated. */
static void copy(struct options *o, const struct dhcp_msg *m, struct wr *w)
{
	uint8_t join[DHCP_MSG_MAX];
	struct wr values = wr_init(o->values, sizeof(o->values));

	for (unsigned code = 1; code < DHCP_OPT_END; code++) {
		struct rd r;

		if (o->at[code] < 0)
			continue;
		r = dhcp_msg_option(m, (uint8_t)code, join);
		check(r.p && rd_left(&r) == o->len[code]);
		o->at[code] = (int)wr_len(&values);
		wr_bytes(&values, r.p, rd_left(&r));
		if (code == DHCP_OPT_OVERLOAD ||
		    !dhcp_msg_write_option(w, (uint8_t)code, r.p, rd_left(&r)))
			o->at[code] = -1;
	}
	check(!values.bad);
}

static void compare(const struct options *o, const struct dhcp_msg *m)
{
	uint8_t join[DHCP_MSG_MAX];

	for (unsigned code = 1; code < DHCP_OPT_END; code++) {
		struct rd r;

		if (o->at[code] < 0)
			continue;
		r = dhcp_msg_option(m, (uint8_t)code, join);
		check(r.p && rd_left(&r) == o->len[code] &&
		      !memcmp(r.p, o->values + o->at[code], o->len[code]));
	}
}

static void check_numbers(const struct dhcp_msg *m, uint8_t code,
			  const struct options *o)
{
	uint8_t join[DHCP_MSG_MAX];

	if (o->at[code] < 0)
		check(!dhcp_msg_option(m, code, join).p);
	if (o->at[code] < 0 || o->len[code] != 4)
		check(!dhcp_msg_addr(m, code) && !dhcp_msg_u32(m, code));
	else
		check(ntohl(dhcp_msg_addr(m, code)) == dhcp_msg_u32(m, code));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[DHCP_MSG_MAX];
	struct wr w = wr_init(buf, sizeof(buf));
	struct dhcp_msg m, again;
	struct options o;

	if (dhcp_msg_parse(&m, data, size))
		return 0;
	measure(&o, &m);
	check_numbers(&m, data[1], &o);
	check_numbers(&m, DHCP_OPT_REQUESTED, &o);
	dhcp_msg_write_head(&w, &m);
	copy(&o, &m, &w);
	dhcp_msg_write_end(&w);
	check(!w.bad);
	check(!dhcp_msg_parse(&again, buf, wr_len(&w)));
	check(again.xid == m.xid && again.yiaddr == m.yiaddr);
	compare(&o, &again);
	return 0;
}
