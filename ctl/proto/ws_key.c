/* ws_key.c - see ws_key.h. Called by http/handshake.c. Pure. */
#include "ws_key.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "sha1.h"

#define KEY_LEN 24 /* 16 bytes in base64, two of them padding */

/* RFC 6455, 1.3: what only a WebSocket server adds. */
static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
			     "wxyz0123456789+/";

static_assert(WS_ACCEPT_MAX == (SHA1_LEN + 2) / 3 * 4 + 1, "room for base64");

static bool is_key(const char *key)
{
	return strlen(key) == KEY_LEN && strspn(key, digits) == KEY_LEN - 2 &&
	       !strcmp(key + KEY_LEN - 2, "==");
}

/* RFC 4648, 4. */
static void to_base64(const uint8_t *in, size_t len, char *out)
{
	uint32_t group;
	size_t i, k;

	for (i = 0; i < len; i += 3) {
		group = (uint32_t)in[i] << 16;
		group |= i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0;
		group |= i + 2 < len ? in[i + 2] : 0;
		for (k = 0; k < 4; k++)
			*out++ = i + k > len
					 ? '='
					 : digits[group >> (18 - 6 * k) & 0x3f];
	}
	*out = '\0';
}

bool ws_key_accept(const char *key, char out[WS_ACCEPT_MAX])
{
	char text[KEY_LEN + sizeof(guid)];
	uint8_t hash[SHA1_LEN];

	if (!is_key(key))
		return false;
	memcpy(text, key, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof(guid));
	sha1(text, sizeof(text) - 1, hash);
	to_base64(hash, sizeof(hash), out);
	return true;
}
