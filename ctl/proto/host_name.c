/* host_name.c - letter by letter. */
#include "host_name.h"

#define LABEL_MAX 63

/* 0: no letter of a name. */
static char letter(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_')
		return (char)c;
	return 0;
}

bool host_name_clean(const void *text, size_t len, char out[HOST_NAME_SIZE])
{
	const unsigned char *in = text;
	size_t label = 0;

	if (len && in[len - 1] == '.')
		len--;
	if (!len || len > HOST_NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		out[i] = in[i] == '.' ? '.' : letter(in[i]);
		label = in[i] == '.' ? 0 : label + 1;
		if (!out[i] || label > LABEL_MAX ||
		    (!label && (!i || in[i - 1] == '.')))
			return false;
	}
	out[len] = '\0';
	return label;
}
