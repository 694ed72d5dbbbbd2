/* fuzz_dhcp_opt.c - any bytes as the options that have an inner form: a name
 * that was read is written and read again to the same name, routes likewise. */
#include <stdlib.h>

#include "../../ctl/proto/dhcp_opt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void name(const uint8_t *data, size_t size)
{
	uint8_t bytes[DHCP_FQDN_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct dhcp_fqdn f, again;

	if (dhcp_fqdn_parse(&f, rd_init(data, size)))
		return;
	check(memchr(f.name, 0, sizeof(f.name)));
	dhcp_fqdn_write(&w, &f);
	/* Labels may hold what cannot be written as labels again: dots. */
	if (w.bad) {
		check(f.flags & DHCP_FQDN_E);
		return;
	}
	check(!dhcp_fqdn_parse(&again, rd_init(bytes, wr_len(&w))));
	check(again.flags == f.flags);
	if (!(f.flags & DHCP_FQDN_E))
		check(!strcmp(again.name, f.name));
}

static void routes(const uint8_t *data, size_t size)
{
	uint8_t bytes[4096];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct rd r = rd_init(data, size);
	__be32 net, router;
	unsigned len;

	while (dhcp_route_read(&r, &net, &len, &router))
		dhcp_route_write(&w, net, len, router);
	if (!r.bad && size <= sizeof(bytes))
		check(wr_len(&w) == size && !memcmp(bytes, data, size));
}

static void resolver(const uint8_t *data, size_t size)
{
	uint8_t bytes[512];
	struct wr w = wr_init(bytes, sizeof(bytes));
	char text[300];
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;

	if (n)
		memcpy(text, data, n);
	text[n] = '\0';
	dhcp_dnr_write(&w, 1, text, 0x01020304);
	check(w.bad || wr_len(&w) == 2u + bytes[0] * 256u + bytes[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	name(data, size);
	routes(data, size);
	resolver(data, size);
	return 0;
}
