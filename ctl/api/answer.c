/* answer.c - JSON on its way out, the same way everywhere.
 *
 * Called by every file of api/. Control thread; no state. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"

#define JSON_HEADERS "Cache-Control: no-store\r\n"

void answer_text(struct http_request *r, const char *json, size_t len)
{
	http_reply(r, 200, "application/json", JSON_HEADERS, json, len);
}

void answer_json(struct http_request *r, int status, json_t *json)
{
	char *text =
		json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9))
		     : NULL;

	json_decref(json);
	if (!text) {
		answer_error(r, 500, NULL, "The gateway is out of memory.");
		return;
	}
	http_reply(r, status, "application/json", JSON_HEADERS, text,
		   strlen(text));
	free(text);
}

void answer_error(struct http_request *r, int status, const char *headers,
		  const char *sentence)
{
	char all[sizeof(JSON_HEADERS) + 128] = JSON_HEADERS;

	if (headers)
		strncat(all, headers, sizeof(all) - sizeof(JSON_HEADERS));
	http_reply_error(r, status, all, sentence);
}

bool answer_number(struct http_request *r, const char *name, uint64_t max,
		   uint64_t *out)
{
	const char *text = http_query(r, name);
	unsigned long long n;
	char *end, sentence[96];

	if (!text)
		return true;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && n <= max) {
		*out = n;
		return true;
	}
	snprintf(sentence, sizeof(sentence),
		 "%s: give a whole number up to %" PRIu64 ".", name, max);
	answer_error(r, 400, NULL, sentence);
	return false;
}

json_t *answer_addr(const struct addr *a)
{
	char text[ADDR_STRLEN];

	return addr_is_zero(a) ? json_null()
			       : json_string(addr_format(a, text));
}

json_t *answer_mac(const struct mac *m)
{
	char text[MAC_STRLEN];

	return json_string(mac_format(m, text));
}

json_t *answer_text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

json_t *answer_country(struct api *a, const struct addr *remote)
{
	return answer_text_or_null(
		countries_of(a->house.countries(a->house.arg), remote));
}

json_t *answer_hex(const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * 255 + 1];
	size_t i;

	if (!len || len > 255)
		return json_null();
	for (i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	return json_stringn(text, 2 * len);
}
