// SPDX-License-Identifier: Apache-2.0
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http_curl.h"
#include "relight/chain.h"

// Who signed the certificate of the server on the other end: libcurl does not tell, the TLS library
// below it does.

struct tls {
	STACK_OF(X509) * (*verified_chain)(const SSL *ssl);
	long (*verify_result)(const SSL *ssl);
};

// The functions of the very library that libcurl uses; none where that is not OpenSSL.
static const struct tls *tls_of_curl(void)
{
	static struct tls tls;
	static bool is_looked_up;

	if (!is_looked_up) {
		tls.verified_chain =
			(__typeof__(tls.verified_chain))http_curl_symbol("SSL_get0_verified_chain");
		tls.verify_result =
			(__typeof__(tls.verify_result))http_curl_symbol("SSL_get_verify_result");
		is_looked_up = true;
	}
	return tls.verified_chain && tls.verify_result ? &tls : NULL;
}

static const SSL *session_of(CURL *easy, const struct http_curl *curl)
{
	struct curl_tlssessioninfo *session = NULL;

	if (curl->curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session ||
		session->backend != CURLSSLBACKEND_OPENSSL)
		return NULL;
	return session->internals;
}

bool http_curl_anchor(CURL *easy, const struct http_curl *curl, char sha256[65])
{
	const struct tls *tls = tls_of_curl();
	const SSL *session = tls ? session_of(easy, curl) : NULL;
	STACK_OF(X509) *chain = session ? tls->verified_chain(session) : NULL;
	X509 *last = chain && sk_X509_num(chain) > 0 ? sk_X509_value(chain, sk_X509_num(chain) - 1)
						     : NULL;
	unsigned char *der = NULL;

	sha256[0] = '\0';
	// Of a chain that was not verified, the end is its anchor only where that signed itself.
	if (!last || (tls->verify_result(session) != X509_V_OK && X509_self_signed(last, 1) != 1))
		return false;
	int length = i2d_X509(last, &der);
	if (length > 0)
		sha256_hex(der, (size_t)length, sha256);
	OPENSSL_free(der);
	return length > 0;
}
