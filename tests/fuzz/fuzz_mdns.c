/* fuzz_mdns.c - any bytes as a packet from the LAN, and as a message: a name
 * that comes out of it is clean. */
#include <stdlib.h>
#include <string.h>

#include "../../ctl/base/utf8.h"
#include "../../ctl/proto/mdns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *name)
{
	size_t left = strnlen(name, MDNS_NAME_SIZE);
	uint32_t c;
	unsigned n;

	if (!left || left == MDNS_NAME_SIZE)
		abort();
	for (; left; name += n, left -= n) {
		n = utf8_decode((const unsigned char *)name, left, &c);
		if (!n || !utf8_is_harmless(c))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[MDNS_NAME_SIZE];
	struct addr source;
	struct rd payload;

	if (mdns_frame(data, size, &source, &payload) &&
	    mdns_read(payload.p, rd_left(&payload), &source, name))
		check(name);
	if (size < sizeof(source))
		return 0;
	memcpy(&source, data, sizeof(source));
	if (mdns_read(data + sizeof(source), size - sizeof(source), &source,
		      name))
		check(name);
	return 0;
}
