/* fuzz_tls_hello.c - what a TCP connection begins with, from anyone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/proto/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	char again[HOST_NAME_SIZE];

	if (!name[0])
		return;
	if (!host_name_clean(name, strlen(name), again) || strcmp(name, again))
		abort();
}

/* A prefix never says another name than the whole. */
static void check_prefixes(const uint8_t *msg, size_t len,
			   const struct tls_hello *whole)
{
	struct tls_hello part;

	for (size_t n = 0; n < len; n += 1 + n / 8)
		if (!tls_hello_read(msg, n, &part) &&
		    strcmp(part.name, whole->name))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *msg = malloc(size ? size : 1);
	struct tls_hello hello;
	int n = tls_hello_unwrap(data, size, msg);

	if (n >= 0) {
		if ((size_t)n > size)
			abort();
		if (!tls_hello_read(msg, (size_t)n, &hello))
			check_prefixes(msg, (size_t)n, &hello);
		check_name(hello.name);
	}
	free(msg);
	tls_hello_read(data, size, &hello);
	check_name(hello.name);
	return 0;
}
