/* tls.c - OpenSSL between two memory BIOs.
 *
 * Called by dot.c on the control thread and by fetch.c on a worker. Both share
 * the context, which is made once and never changed.
 * Certificates are those of the system; SSL_CERT_FILE names others. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

struct tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	char why[128];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static SSL_CTX *context;

static void make_context(void)
{
	context = SSL_CTX_new(TLS_client_method());
	if (!context)
		return;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	/* Nothing here to trust fails each handshake, with a reason. */
	SSL_CTX_set_default_verify_paths(context);
	ERR_clear_error();
}

/* The certificate has to be for 'peer', if it is to be checked at all. */
static bool demand(SSL *ssl, const struct tls_peer *peer)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
	bool v4;

	if (!peer->name && !peer->addr) {
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		return true;
	}
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (peer->name)
		return SSL_set1_host(ssl, peer->name) &&
		       SSL_set_tlsext_host_name(ssl, peer->name);
	v4 = addr_is_v4(peer->addr);
	return X509_VERIFY_PARAM_set1_ip(p, peer->addr->b + (v4 ? 12 : 0),
					 v4 ? 4 : 16);
}

/* ALPN wants a length before the name. */
static bool speak(SSL *ssl, const char *alpn)
{
	size_t len = strlen(alpn);
	uint8_t wire[32];
	struct wr w;

	w = wr_init(wire, sizeof(wire));
	wr_u8(&w, (uint8_t)len);
	wr_bytes(&w, alpn, len);
	return !w.bad && !SSL_set_alpn_protos(ssl, wire, (unsigned)wr_len(&w));
}

struct tls *tls_new(const struct tls_peer *peer)
{
	struct tls *t = calloc(1, sizeof(*t));

	pthread_once(&once, make_context);
	if (!t || !context) {
		free(t);
		return NULL;
	}
	t->ssl = SSL_new(context);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out) {
		BIO_free(t->in);
		BIO_free(t->out);
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_connect_state(t->ssl);
	if (demand(t->ssl, peer) && speak(t->ssl, peer->alpn))
		return t;
	tls_free(t);
	return NULL;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
	ERR_clear_error();
}

int tls_feed(struct tls *t, const void *data, size_t len)
{
	return BIO_write(t->in, data, (int)len) == (int)len ? 0 : -ENOMEM;
}

size_t tls_drain(struct tls *t, void *out, size_t room)
{
	int n = BIO_read(t->out, out, (int)room);

	return n > 0 ? (size_t)n : 0;
}

static void note_why(struct tls *t)
{
	long verdict = SSL_get_verify_result(t->ssl);
	unsigned long code = ERR_peek_error();

	if (verdict != X509_V_OK)
		snprintf(t->why, sizeof(t->why), "its certificate: %s",
			 X509_verify_cert_error_string(verdict));
	else
		snprintf(t->why, sizeof(t->why), "%s",
			 code ? ERR_reason_error_string(code) : "it hung up");
}

/* OpenSSL's answer as an errno. */
static int verdict(struct tls *t, int said)
{
	switch (SSL_get_error(t->ssl, said)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		note_why(t);
		ERR_clear_error();
		return -EPROTO;
	}
}

int tls_handshake(struct tls *t)
{
	int said = SSL_do_handshake(t->ssl);
	int err = said == 1 ? 0 : verdict(t, said);

	/* To say goodbye now is no handshake. */
	return said != 1 && !err ? -EPROTO : err;
}

int tls_read(struct tls *t, void *out, size_t room)
{
	int n = SSL_read(t->ssl, out, (int)room);

	return n > 0 ? n : verdict(t, n);
}

int tls_write(struct tls *t, const void *data, size_t len)
{
	int n = SSL_write(t->ssl, data, (int)len);

	if (n == (int)len)
		return 0;
	verdict(t, n);
	return -EPROTO;
}

const char *tls_why(const struct tls *t)
{
	return *t->why ? t->why : "it hung up";
}
