/* quic_open.c - HKDF, header protection, AES-128-GCM; OpenSSL does the work.
 * Called by hello.c. Control thread. */
#include "quic_open.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

#include "../base/bytes.h"

#define SECRET	   32 /* of SHA-256 */
#define TAG	   16
#define SAMPLE	   16 /* RFC 9001 5.4.2 */
#define PN_MAX	   4
#define LABELS_MAX 32

/* What differs between the versions. */
struct dialect {
	uint8_t salt[20];
	const char *key, *iv, *hp;
};

static const struct dialect v1 = {
	.salt = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
		  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	.key = "quic key",
	.iv = "quic iv",
	.hp = "quic hp",
};

static const struct dialect v2 = {
	.salt = { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
		  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	.key = "quicv2 key",
	.iv = "quicv2 iv",
	.hp = "quicv2 hp",
};

/* ---- keys */

static bool hmac(const uint8_t *key, size_t key_len, const uint8_t *data,
		 size_t len, uint8_t out[SECRET])
{
	return HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL);
}

/* RFC 8446 7.1: HKDF-Expand-Label with no context, of one block. */
static bool expand(const uint8_t secret[SECRET], const char *label,
		   uint8_t *out, size_t len)
{
	uint8_t info[LABELS_MAX + 4], block[SECRET];
	struct wr w = wr_init(info, sizeof(info));
	size_t label_len = strlen(label);

	wr_be16(&w, (uint16_t)len);
	wr_u8(&w, (uint8_t)(6 + label_len));
	wr_bytes(&w, "tls13 ", 6);
	wr_bytes(&w, label, label_len);
	wr_u8(&w, 0);
	wr_u8(&w, 1); /* HKDF's own: the first block */
	if (w.bad || !hmac(secret, SECRET, info, wr_len(&w), block))
		return false;
	memcpy(out, block, len);
	return true;
}

int quic_keys_derive(struct quic_keys *out, uint32_t version,
		     const uint8_t *dcid, size_t dcid_len)
{
	const struct dialect *d = version == QUIC_V2 ? &v2 : &v1;
	uint8_t initial[SECRET], client[SECRET];

	if (hmac(d->salt, sizeof(d->salt), dcid, dcid_len, initial) &&
	    expand(initial, "client in", client, sizeof(client)) &&
	    expand(client, d->key, out->key, sizeof(out->key)) &&
	    expand(client, d->iv, out->iv, sizeof(out->iv)) &&
	    expand(client, d->hp, out->hp, sizeof(out->hp)))
		return 0;
	return -EIO;
}

/* ---- packets */

/* RFC 9001 5.4.3 */
static bool mask_of(EVP_CIPHER_CTX *ctx, const struct quic_keys *k,
		    const uint8_t *sample, uint8_t mask[SAMPLE])
{
	int n;

	return EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, k->hp, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	       EVP_EncryptUpdate(ctx, mask, &n, sample, SAMPLE);
}

/* Takes the protection off the header, a copy of 'i->pn_at' bytes and the
 * packet number behind them. Returns the number's length. */
static size_t unmask(uint8_t *header, const struct quic_initial *i,
		     const uint8_t mask[SAMPLE])
{
	size_t pn_len;

	header[0] ^= mask[0] & 0x0f;
	pn_len = (header[0] & 3u) + 1;
	for (size_t n = 0; n < pn_len; n++)
		header[i->pn_at + n] ^= mask[1 + n];
	return pn_len;
}

/* RFC 9001 5.3: the packet number, which is a client's first few, so that it
 * is not longer than what is sent of it. */
static void nonce_of(const struct quic_keys *k, const uint8_t *pn,
		     size_t pn_len, uint8_t nonce[12])
{
	memcpy(nonce, k->iv, 12);
	for (size_t n = 0; n < pn_len; n++)
		nonce[12 - pn_len + n] ^= pn[n];
}

static bool decrypt(EVP_CIPHER_CTX *ctx, const struct quic_keys *k,
		    const uint8_t nonce[12], const uint8_t *header,
		    size_t header_len, const uint8_t *sealed, size_t len,
		    uint8_t *out)
{
	uint8_t tag[TAG];
	int n;

	memcpy(tag, sealed + len, TAG);
	return EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, k->key,
				  nonce) &&
	       EVP_DecryptUpdate(ctx, NULL, &n, header, (int)header_len) &&
	       EVP_DecryptUpdate(ctx, out, &n, sealed, (int)len) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) &&
	       EVP_DecryptFinal_ex(ctx, out + len, &n) > 0;
}

static int open_with(EVP_CIPHER_CTX *ctx, const struct quic_keys *k,
		     const uint8_t *packet, const struct quic_initial *i,
		     uint8_t *header, uint8_t *out)
{
	uint8_t mask[SAMPLE], nonce[12];
	size_t pn_len, header_len, len;

	memcpy(header, packet, i->pn_at + PN_MAX);
	if (!mask_of(ctx, k, packet + i->pn_at + PN_MAX, mask))
		return -EBADMSG;
	pn_len = unmask(header, i, mask);
	header_len = i->pn_at + pn_len;
	len = i->len - header_len - TAG;
	nonce_of(k, header + i->pn_at, pn_len, nonce);
	if (!decrypt(ctx, k, nonce, header, header_len, packet + header_len,
		     len, out))
		return -EBADMSG;
	return (int)len;
}

int quic_open(const struct quic_keys *k, const uint8_t *packet,
	      const struct quic_initial *i, uint8_t *out)
{
	uint8_t header[QUIC_HEADER_MAX];
	EVP_CIPHER_CTX *ctx;
	int rc;

	/* What is sampled is there, and so is the tag. */
	if (i->len < i->pn_at + PN_MAX + SAMPLE ||
	    i->pn_at + PN_MAX > sizeof(header))
		return -EBADMSG;
	ctx = EVP_CIPHER_CTX_new();
	if (!ctx)
		return -EBADMSG;
	rc = open_with(ctx, k, packet, i, header, out);
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}
