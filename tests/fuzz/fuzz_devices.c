/* fuzz_devices.c - any bytes as the file of devices: what is read is written,
 * and read again to the same. */
#include <stdlib.h>
#include <string.h>

#include "../../ctl/devices/devices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct devices *d = devices_new(), *again = devices_new();
	size_t len, len2;
	void *out, *out2;

	if (!d || !again)
		abort();
	devices_read(d, data, size);
	out = devices_write(d, &len);
	if (!out || devices_read(again, out, len))
		abort();
	out2 = devices_write(again, &len2);
	if (!out2 || len != len2 || memcmp(out, out2, len))
		abort();
	free(out);
	free(out2);
	devices_free(d);
	devices_free(again);
	return 0;
}
