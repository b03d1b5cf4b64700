// SPDX-License-Identifier: Apache-2.0
#include "relight/expiry.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/json.h"

#define TOKEN_MAX_BYTES (64u << 10)
#define YEAR_9999_S     253402300799.0

// Base64 as RFC 7515 §2 has it, without padding, of `length` characters. False where it is none.
static bool decode(const char *text, size_t length, struct buf *out)
{
	struct buf padded = {0};
	bool good = false;

	for (size_t i = 0; i < length; i++)
		buf_byte(&padded, text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	while (padded.length % 4 != 0)
		buf_byte(&padded, '=');
	buf_reserve(out, padded.length); // it gets shorter
	int count = EVP_DecodeBlock((unsigned char *)out->data,
		(const unsigned char *)buf_str(&padded), (int)padded.length);
	if (count >= 0) {
		out->length = (size_t)count - (padded.length - length);
		out->data[out->length] = '\0';
		good = true;
	}
	buf_fini(&padded);
	return good;
}

struct wall expiry_of_token(const char *token)
{
	struct wall at = WALL_NONE;
	struct buf claims = {0};
	const char *middle = token ? strchr(token, '.') : NULL;
	const char *end = middle ? strchr(middle + 1, '.') : NULL;
	size_t length = end ? (size_t)(end - middle) - 1 : 0;

	if (length == 0 || length % 4 == 1 || length > TOKEN_MAX_BYTES || strchr(end + 1, '.') ||
		!decode(middle + 1, length, &claims)) {
		buf_fini(&claims);
		return at;
	}
	cJSON *said = json_parse(claims.data, claims.length, NULL);
	const cJSON *exp = json_get(said, "exp");
	if (cJSON_IsNumber(exp) && exp->valuedouble > 0 && exp->valuedouble <= YEAR_9999_S)
		at.us = (int64_t)(exp->valuedouble * (double)US_PER_S);
	cJSON_Delete(said);
	buf_fini(&claims);
	return at;
}

static int no_password(char *text, int size, int is_writing, void *context)
{
	(void)text, (void)size, (void)is_writing, (void)context;
	return 0; // the default would ask on the terminal
}

struct wall expiry_of_certificate(const char *pem)
{
	struct wall at = WALL_NONE;
	BIO *bio = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (certificate && epoch &&
		ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1)
		at.us = ((int64_t)days * 24 * 60 * 60 + seconds) * US_PER_S;
	ERR_clear_error();
	ASN1_TIME_free(epoch);
	X509_free(certificate);
	BIO_free(bio);
	return at;
}
