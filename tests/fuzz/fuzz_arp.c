/* fuzz_arp.c - any bytes as ARP: read, and written again to the same bytes. */
#include <stdlib.h>

#include "../../ctl/proto/arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[ARP_SIZE];
	struct wr w = wr_init(again, sizeof(again));
	struct arp a;

	if (arp_parse(&a, data, size))
		return 0;
	arp_write(&w, &a);
	if (w.bad || wr_len(&w) != ARP_SIZE || memcmp(again, data, ARP_SIZE))
		abort();
	return 0;
}
