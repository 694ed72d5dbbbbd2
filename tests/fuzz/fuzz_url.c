/* fuzz_url.c - request targets and Host headers from anyone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/proto/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void target(const char *text, size_t size)
{
	char *buf = malloc(size + 1);
	struct url url;
	unsigned i;

	if (!url_parse(text, buf, size + 1, &url)) {
		if (url.path[0] != '/')
			abort();
		for (i = 0; i < url.params_n; i++)
			if (strlen(url.params[i].name) +
				    strlen(url.params[i].value) >
			    size)
				abort();
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char host[URL_HOST_MAX], *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	target(text, size);
	if (url_host(text, host) && strlen(host) >= sizeof(host))
		abort();
	free(text);
	return 0;
}
