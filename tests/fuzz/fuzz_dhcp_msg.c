/* fuzz_dhcp_msg.c - any bytes as a DHCP message: read whole, every option
 * looked up, and written again to the same meaning. */
#include <stdlib.h>

#include "../../ctl/proto/dhcp_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Writes the message with one of its options and reads it back. */
static void rewrite(const struct dhcp_msg *m, uint8_t code, struct rd value)
{
	uint8_t buf[DHCP_MSG_MAX], join[DHCP_MSG_MAX];
	size_t len = rd_left(&value);
	struct wr w = wr_init(buf, sizeof(buf));
	struct dhcp_msg again;
	struct rd r;

	dhcp_msg_write_head(&w, m);
	if (!dhcp_msg_write_option(&w, code, value.p, len))
		return;
	dhcp_msg_write_end(&w);
	check(!w.bad);
	check(!dhcp_msg_parse(&again, buf, wr_len(&w)));
	check(again.xid == m->xid && again.yiaddr == m->yiaddr);
	r = dhcp_msg_option(&again, code, join);
	check(r.p && rd_left(&r) == len && !memcmp(r.p, value.p, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t join[DHCP_MSG_MAX];
	bool seen[256] = { 0 }; /* an option's code is one of the bytes */
	struct dhcp_msg m;
	unsigned code;
	size_t i;

	if (dhcp_msg_parse(&m, data, size))
		return 0;
	for (i = 0; i < size; i++)
		seen[data[i]] = true;
	for (code = 1; code < DHCP_OPT_END; code++) {
		struct rd r;

		if (!seen[code])
			continue;
		r = dhcp_msg_option(&m, (uint8_t)code, join);
		if (!r.p)
			continue;
		(void)dhcp_msg_addr(&m, (uint8_t)code);
		(void)dhcp_msg_u32(&m, (uint8_t)code);
		if (code != DHCP_OPT_OVERLOAD)
			rewrite(&m, (uint8_t)code, r);
	}
	return 0;
}
