// SPDX-License-Identifier: Apache-2.0
#include "relight/expiry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "relight/buf.h"

// --- tokens ---

static void encode(struct buf *out, const char *text)
{
	unsigned char bytes[512];
	int length = EVP_EncodeBlock(bytes, (const unsigned char *)text, (int)strlen(text));

	for (int i = 0; i < length && bytes[i] != '='; i++)
		buf_byte(out, bytes[i] == '+' ? '-' : bytes[i] == '/' ? '_' : (char)bytes[i]);
}

static struct wall of_claims(const char *claims)
{
	struct buf token = {0};

	encode(&token, "{\"alg\":\"RS256\"}");
	buf_byte(&token, '.');
	encode(&token, claims);
	buf_text(&token, ".c2lnbmF0dXJl");
	struct wall at = expiry_of_token(buf_str(&token));
	buf_fini(&token);
	return at;
}

static void a_token_says_when_it_ends(void **state)
{
	char text[WALL_TEXT_BYTES];

	(void)state;
	wall_format(of_claims("{\"sub\":\"a\",\"exp\":1783047942}"), text);
	assert_string_equal(text, "2026-07-03T03:05:42.000000Z");
	// Each length modulo 3, and what base64url writes otherwise than base64.
	assert_true(of_claims("{\"exp\":1}").us == US_PER_S);
	assert_true(of_claims("{\"exp\":12}").us == 12 * US_PER_S);
	assert_true(of_claims("{\"exp\":123}").us == 123 * US_PER_S);
	assert_true(of_claims("{\"n\":\"\xC3\xBF\xC3\xBE>>>???\",\"exp\":7}").us == 7 * US_PER_S);
}

static void other_tokens_say_nothing(void **state)
{
	static const char *const claims[] = {"{}", "{\"exp\":\"1783047942\"}", "{\"exp\":-5}",
		"{\"exp\":0}", "{\"exp\":1e300}", "[1783047942]", "no json", NULL};
	static const char *const tokens[] = {"", ".", "..", "a.b", "a.b.c", "viewer-token-5b1c",
		"a.eyJleHAiOjF9", "a.eyJleHAiOjF9.b.c", "a.eyJleHAi!jF9.b", "a.e.b",
		"a.eyJleHAiOjF9\n.b", NULL};

	(void)state;
	for (size_t i = 0; claims[i]; i++)
		assert_false(wall_known(of_claims(claims[i])));
	for (size_t i = 0; tokens[i]; i++)
		assert_false(wall_known(expiry_of_token(tokens[i])));
	assert_false(wall_known(expiry_of_token(NULL)));
}

static void a_token_without_bound_is_not_read(void **state)
{
	struct buf token = {0};

	(void)state;
	buf_text(&token, "a.eyJleHAiOjEs");
	for (size_t i = 0; i < 100000; i++)
		buf_text(&token, "ICAg");
	buf_text(&token, "ImEiOjF9.b");
	assert_false(wall_known(expiry_of_token(buf_str(&token))));
	buf_fini(&token);
}

// --- certificates ---

// The caller frees.
static char *certificate(const char *not_after)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	ASN1_TIME_set_string(X509_getm_notBefore(made), "20200101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(made), not_after);
	X509_set_pubkey(made, key);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	assert_true(PEM_write_bio_X509(bio, made));
	long length = BIO_get_mem_data(bio, &bytes);
	char *pem = strndup(bytes, (size_t)length);
	BIO_free(bio);
	X509_free(made);
	EVP_PKEY_free(key);
	return pem;
}

static void a_certificate_says_when_it_ends(void **state)
{
	static const struct {
		const char *not_after, *wanted;
	} examples[] = {
		{"20260703030542Z", "2026-07-03T03:05:42.000000Z"},
		{"20991231235959Z", "2099-12-31T23:59:59.000000Z"},
		{"20210101000000Z", "2021-01-01T00:00:00.000000Z"}, // over, and said all the same
	};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		char *pem = certificate(examples[i].not_after), text[WALL_TEXT_BYTES];
		wall_format(expiry_of_certificate(pem), text);
		assert_string_equal(text, examples[i].wanted);
		free(pem);
	}
}

// The client's own certificate stands first, those that signed it behind it.
static void the_first_certificate_counts(void **state)
{
	char *first = certificate("20260101000000Z"), *second = certificate("20250101000000Z");
	struct buf both = {0};
	char text[WALL_TEXT_BYTES];

	(void)state;
	buf_printf(&both, "comment\n%s%s", first, second);
	wall_format(expiry_of_certificate(buf_str(&both)), text);
	assert_string_equal(text, "2026-01-01T00:00:00.000000Z");
	buf_fini(&both);
	free(first);
	free(second);
}

static void other_texts_are_no_certificates(void **state)
{
	static const char *const texts[] = {"", "text",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n", NULL};

	(void)state;
	for (size_t i = 0; texts[i]; i++)
		assert_false(wall_known(expiry_of_certificate(texts[i])));
	assert_false(wall_known(expiry_of_certificate(NULL)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_says_when_it_ends),
		cmocka_unit_test(other_tokens_say_nothing),
		cmocka_unit_test(a_token_without_bound_is_not_read),
		cmocka_unit_test(a_certificate_says_when_it_ends),
		cmocka_unit_test(the_first_certificate_counts),
		cmocka_unit_test(other_texts_are_no_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
