// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/mask.h"
#include "relight/shape.h"

#define KEY_BODY "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n"
#define JWT      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
#define SECRET   "hunter2-Password"

static struct mask *two_secrets(void)
{
	struct mask *mask = mask_new();

	assert_true(mask_secret(mask, "db", SECRET));
	assert_true(mask_secret(mask, "pin", "a\"b c"));
	return mask;
}

// Texts and what is left of them: with a stream at every split point, and byte by byte, the same
// must come out.
static const struct {
	const char *text, *masked;
} cases[] = {
	{"plain text, nothing to hide", "plain text, nothing to hide"},
	{"login " SECRET " ok", "login [masked db] ok"},
	{SECRET SECRET, "[masked db][masked db]"},
	{"hunter2-Passwor", "hunter2-Passwor"},
	{"hunter2-hunter2-Password", "hunter2-[masked db]"},
	{"pin a\"b c, \"a\\\"b c\"", "pin [masked pin], \"[masked pin]\""},
	{"b64 aHVudGVyMi1QYXNzd29yZA== end", "b64 [masked db] end"},
	{"b64 dXNlcjpodW50ZXIyLVBhc3N3b3Jk end", "b64 dXNlcjp[masked db] end"},
	{"b64 dTpodW50ZXIyLVBhc3N3b3JkCg== end", "b64 dTp[masked db]Cg== end"},
	{"Authorization: Basic dXNlcjpwYXNz\r\nAccept: */*",
		"Authorization: [masked]\r\nAccept: */*"},
	{"-H 'proxy-authorization:  Negotiate abc' -v", "-H 'proxy-authorization:  [masked]' -v"},
	{"{\"Authorization\": \"Bearer x\", \"a\": 1}",
		"{\"Authorization\": \"[masked]\", \"a\": 1}"},
	{"{\\\"authorization\\\":\\\"Token abc\\\"}", "{\\\"authorization\\\":\\\"[masked]\\\"}"},
	{"authorization required", "authorization required"},
	{"bearer abcdefgh12345678 end", "bearer [masked] end"},
	{"a bearer authentication scheme", "a bearer authentication scheme"},
	{"forbearer abcdefgh12345678", "forbearer abcdefgh12345678"},
	{"postgres://case:s3cr3t@db.example.com/cases",
		"postgres://case:[masked]@db.example.com/cases"},
	{"redis://:p@ss@h:6379", "redis://:[masked]@h:6379"},
	{"https://example.com:8443/a@b", "https://example.com:8443/a@b"},
	{"http://user@host http://u:@h", "http://user@host http://u:@h"},
	{"x -----BEGIN RSA PRIVATE KEY-----\n" KEY_BODY KEY_BODY "-----END RSA PRIVATE KEY-----\ny",
		"x [masked]\ny"},
	{"-----BEGIN PRIVATE KEY-----\\n" KEY_BODY "\"", "[masked]\""},
	{"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"},
	{"token: " JWT "\n", "token: [masked]\n"},
	{"eyJhbGciOiJSUzI1NiJ9 is half a token", "eyJhbGciOiJSUzI1NiJ9 is half a token"},
	{"x" JWT, "x" JWT},
	{"key AKIAIOSFODNN7EXAMPLE.", "key [masked]."},
	{"AKIAIOSFODNN7EXAMPLEX AKIASHORT", "AKIAIOSFODNN7EXAMPLEX AKIASHORT"},
	{"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_SECRET_ACCESS_KEY=[masked]"},
	{"aws_session_token = IQoJb3JpZ2luX2VjEXAMPLE\n", "aws_session_token = [masked]\n"},
	{"AccountName=a;AccountKey=Zm9vYmFyYmF6cXV4Zm9vYmFy==;Suffix=b",
		"AccountName=a;AccountKey=[masked];Suffix=b"},
	{"https://a/b?sv=1&sig=abcdefghijklmnop%3D&se=2", "https://a/b?sv=1&sig=[masked]&se=2"},
	{"the sig=abcdefghijklmnop of", "the sig=abcdefghijklmnop of"},
	{"abc8Q~0123456789012345678901234567890 end", "abc8[masked] end"},
	{"ghp_0123456789abcdefghijABCDEFGHIJ012345 end", "[masked] end"},
	{"github_pat_11ABCDEFG0_abcdefghijklmnop", "[masked]"},
	{"ghp_short gh github", "ghp_short gh github"},
};
#define CASE_COUNT (sizeof cases / sizeof *cases)

static void test_text(void **state)
{
	struct mask *mask = two_secrets();

	(void)state;
	for (size_t i = 0; i < CASE_COUNT; i++) {
		struct buf out = {0};

		mask_text(mask, cases[i].text, strlen(cases[i].text), &out);
		assert_string_equal(buf_str(&out), cases[i].masked);
		buf_fini(&out);
	}
	mask_free(mask);
	mask_free(NULL);
}

static void test_stream_at_every_split(void **state)
{
	struct mask *mask = two_secrets();

	(void)state;
	for (size_t i = 0; i < CASE_COUNT; i++) {
		const char *text = cases[i].text;
		size_t length = strlen(text);

		for (size_t split = 0; split <= length; split++) {
			struct mask_stream stream = {.mask = mask};
			struct buf out = {0};

			mask_feed(&stream, text, split, &out);
			mask_feed(&stream, text + split, length - split, &out);
			mask_flush(&stream, &out);
			if (strcmp(buf_str(&out), cases[i].masked) != 0)
				fail_msg("split at %zu: %s", split, buf_str(&out));
			buf_fini(&out);
			mask_stream_fini(&stream);
		}
	}
	mask_free(mask);
}

static void test_stream_byte_by_byte(void **state)
{
	struct mask *mask = two_secrets();

	(void)state;
	for (size_t i = 0; i < CASE_COUNT; i++) {
		struct mask_stream stream = {.mask = mask};
		struct buf out = {0};

		for (const char *c = cases[i].text; *c; c++)
			mask_feed(&stream, c, 1, &out);
		mask_flush(&stream, &out);
		assert_string_equal(buf_str(&out), cases[i].masked);
		buf_fini(&out);
		mask_stream_fini(&stream);
	}
	mask_free(mask);
}

static void test_lines_are_not_held_back(void **state)
{
	struct mask_stream stream = {0};
	struct buf out = {0};

	(void)state;
	mask_feed(&stream, "Applying, 3 of 7 resources\n", 27, &out);
	assert_string_equal(buf_str(&out), "Applying, 3 of 7 resources\n");
	assert_int_equal(stream.held.length, 0);
	buf_fini(&out);
	mask_stream_fini(&stream);
}

static void test_without_a_mask_shapes_are_hidden(void **state)
{
	struct buf out = {0};

	(void)state;
	mask_text(NULL, SECRET " " JWT, strlen(SECRET " " JWT), &out);
	assert_string_equal(buf_str(&out), SECRET " [masked]");
	buf_fini(&out);
}

static void test_which_values_are_secrets(void **state)
{
	struct mask *mask = mask_new();
	struct buf out = {0};

	(void)state;
	assert_false(mask_secret(mask, "short", "abc"));
	assert_false(mask_secret(mask, "blank", " \n ab \n"));
	assert_false(mask_secret(mask, "none", NULL));
	assert_true(mask_secret(mask, "file", "\tfrom-a-file\n"));
	assert_true(mask_secret(mask, NULL, "nameless"));
	mask_text(mask, "abc from-a-file nameless", 24, &out);
	assert_string_equal(buf_str(&out), "abc [masked file] [masked]");
	buf_fini(&out);
	mask_free(mask);
}

static void test_url_encoded(void **state)
{
	struct mask *mask = mask_new();
	struct buf out = {0};
	const char *text = "p=pass%2Fw%20rd%3D q=pass%2fw%20rd%3d r=pass%2Fw+rd%3D";

	(void)state;
	mask_secret(mask, "p", "pass/w rd=");
	mask_text(mask, text, strlen(text), &out);
	assert_string_equal(buf_str(&out), "p=[masked p] q=[masked p] r=[masked p]");
	buf_fini(&out);
	mask_free(mask);
}

static void test_overlapping_secrets_are_all_hidden(void **state)
{
	struct mask *mask = mask_new();
	struct buf out = {0};

	const char *overlapping = "-abcdXYefgh-";

	(void)state;
	mask_secret(mask, "a", "abcdXY");
	mask_secret(mask, "b", "XYefgh");
	mask_secret(mask, "c", "quo\"ted");
	for (size_t split = 0; split <= 12; split++) {
		struct mask_stream stream = {.mask = mask};

		mask_feed(&stream, overlapping, split, &out);
		mask_feed(&stream, overlapping + split, 12 - split, &out);
		mask_flush(&stream, &out);
		assert_string_equal(buf_str(&out), "-[masked a]-");
		buf_clear(&out);
		mask_stream_fini(&stream);
	}
	mask_text(mask, "Authorization: quo\"ted, x", 25, &out);
	assert_string_equal(buf_str(&out), "Authorization: [masked], x");
	buf_fini(&out);
	mask_free(mask);
}

static void test_json_strings(void **state)
{
	const char *text = "{\"argv\":[\"curl\",\"-u\",\"ana:" SECRET
			   "\"],\"headers\":{\"Authorization\":\"Basic YTpi\"},"
			   "\"" SECRET "\":1,\"deep\":[[{\"SecretAccessKey\":\"x\"}]],\"n\":7}";
	struct mask *mask = two_secrets();
	cJSON *value = json_parse(text, strlen(text), NULL);
	struct buf out = {0};

	(void)state;
	assert_non_null(value);
	mask_json(mask, value);
	json_write(&out, value);
	assert_string_equal(buf_str(&out),
		"{\"argv\":[\"curl\",\"-u\",\"ana:[masked "
		"db]\"],\"headers\":{\"Authorization\":\"[masked]\"},"
		"\"" SECRET "\":1,\"deep\":[[{\"SecretAccessKey\":\"[masked]\"}]],\"n\":7}");
	mask_json(mask, NULL);
	buf_fini(&out);
	cJSON_Delete(value);
	mask_free(mask);
}

// Feeds `count` times the same piece and returns what came out, checking the bound on the way.
static char *flood(const struct mask *mask, const char *head, const char *piece, size_t count,
	const char *tail)
{
	struct mask_stream stream = {.mask = mask};
	struct buf out = {0};

	mask_feed(&stream, head, strlen(head), &out);
	for (size_t i = 0; i < count; i++) {
		mask_feed(&stream, piece, strlen(piece), &out);
		assert_true(stream.held.length <= MASK_HELD_BYTES);
	}
	mask_feed(&stream, tail, strlen(tail), &out);
	mask_flush(&stream, &out);
	mask_stream_fini(&stream);
	return buf_take(&out);
}

static void test_what_is_held_is_bounded(void **state)
{
	struct mask *mask = mask_new();
	char *out;

	(void)state;
	out = flood(NULL, "-----BEGIN PRIVATE KEY-----\n", KEY_BODY, 1000,
		"-----END PRIVATE KEY-----.");
	assert_string_equal(out, "[masked].");
	free(out);
	out = flood(NULL, "Authorization: Negotiate ", "YIIabcdefgh", 5000, "\nnext");
	assert_string_equal(out, "Authorization: [masked]\nnext");
	free(out);
	out = flood(NULL, "bearer", "    ", 5000, "x");
	assert_int_equal(strlen(out), 6 + 20000 + 1);
	free(out);
	out = flood(NULL, "http://a:", "bbbb", 5000, "@");
	assert_int_equal(strlen(out), 9 + 20000 + 1);
	free(out);
	out = flood(NULL, "eyJ", "abcd", 5000, " x");
	assert_int_equal(strlen(out), 3 + 20000 + 2);
	free(out);
	mask_free(mask);
}

static void test_long_secrets(void **state)
{
	struct mask *mask = mask_new();
	char secret[20001];

	(void)state;
	for (size_t i = 0; i < sizeof secret - 1; i++)
		secret[i] = (char)('a' + (i * i + i / 26) % 26);
	secret[sizeof secret - 1] = '\0';
	assert_true(mask_secret(mask, "long", secret));

	char *out = flood(mask, "<", secret, 2, ">");

	assert_null(strstr(out, "abc"));
	for (const char *c = out; *c; c++)
		assert_non_null(strchr("<>[masked long]", *c));
	free(out);
	mask_free(mask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_stream_at_every_split),
		cmocka_unit_test(test_stream_byte_by_byte),
		cmocka_unit_test(test_lines_are_not_held_back),
		cmocka_unit_test(test_without_a_mask_shapes_are_hidden),
		cmocka_unit_test(test_which_values_are_secrets),
		cmocka_unit_test(test_url_encoded),
		cmocka_unit_test(test_overlapping_secrets_are_all_hidden),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_what_is_held_is_bounded),
		cmocka_unit_test(test_long_secrets),
	};

	return cmocka_run_group_tests_name("core_mask", tests, NULL, NULL);
}
