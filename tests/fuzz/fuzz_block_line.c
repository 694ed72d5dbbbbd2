/* fuzz_block_line.c - lines of blocklists: any bytes; what is taken for a name
 * is one, and in lower case. */
#include <assert.h>

#include "ctl/proto/block_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct block_line l;
	struct dns_name name, lower;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);

		if (block_line_begin(&l, at, len))
			while (block_line_next(&l, &name)) {
				lower = name;
				dns_name_lower(&lower);
				assert(dns_name_labels(&name) > 1);
				assert(name.len == lower.len &&
				       !memcmp(name.b, lower.b, name.len));
			}
		at += len + !!nl;
	}
	return 0;
}
