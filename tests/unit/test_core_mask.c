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
	{"glpat-0123456789abcdef-_XY", "[masked]"},
	{"key=AIzaSyA0123456789abcdefghijklmnopqrstuv", "key=[masked]"},
	{"xoxb-123456789012-abcdef,", "[masked],"},
	{"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX",
		"https://hooks.slack.com/services/[masked]"},
	{"hvs.CAESIJ0123456789abcdef ok", "[masked] ok"},
	{"k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9u", "[masked]"},
	{"a: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb3dJQkFBS0NBUUVBMFoz", "a: [masked]"},
	{"a: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM1ekNDQWMrZ0F3SUJBZ0lCQVRB",
		"a: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM1ekNDQWMrZ0F3SUJBZ0lCQVRB"},
	{"Set-Cookie: id=38afes7a8; HttpOnly\r\nX: y", "Set-Cookie: [masked]\r\nX: y"},
	{"PGPASSWORD=word psql", "PGPASSWORD=[masked] psql"},
	{"password: \"quo\\\"ted x\", next", "password: \"[masked]\", next"},
	{"{\\\"password\\\":\\\"a b\\\\\\\"c\\\",\\\"x\\\":1}",
		"{\\\"password\\\":\\\"[masked]\\\",\\\"x\\\":1}"},
	{"password: 'it is' one", "password: '[masked]' one"},
	{"Server=db;Uid=sa;Pwd=Pa55;X=1", "Server=db;Uid=sa;Pwd=[masked];X=1"},
	{"PWD=/home/ana", "PWD=/home/ana"},
	{"X-Vault-Token: s.0123456789abcdefghij", "X-Vault-Token: [masked]"},
	{"cannot decrypt db_token: AccessDeniedException",
		"cannot decrypt db_token: AccessDeniedException"},
	{"\"token\": 12, the tokens: 4", "\"token\": 12, the tokens: 4"},
	{"api_key=0123456789", "api_key=[masked]"},
	{"client_secret=abc123def456 secret: my-name", "client_secret=[masked] secret: my-name"},
	{"\"auths\":{\"r\":{\"auth\":\"dXNlcjpwYXNz\"}}",
		"\"auths\":{\"r\":{\"auth\":\"[masked]\"}}"},
	{"kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef \\",
		"kubeadm join 10.0.0.1:6443 --token [masked] \\"},
	{"x --db-password \"a b c\" y", "x --db-password \"[masked]\" y"},
	{"use --password to give one", "use --password to give one"},
	{"x --token-file /a/b --verbose 123456", "x --token-file /a/b --verbose 123456"},
	{"s3.amazonaws.com/b?X-Amz-Signature=0123456789abcdef0123&x=1",
		"s3.amazonaws.com/b?X-Amz-Signature=[masked]&x=1"},
	{"\"keyName\": \"key1\", \"value\": "
	 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	 "=\"",
		"\"keyName\": \"key1\", \"value\": \"[masked]\""},
	{"\"value\": \"plain\"", "\"value\": \"plain\""},
	// A Kubernetes Secret: the kind behind the data, as kubectl has it …
	{"apiVersion: v1\ndata:\n  user: YWRt\n  x.y: YQ==\nkind: Secret\nmetadata:\n",
		"apiVersion: v1\ndata:\n  [masked]\nkind: Secret\nmetadata:\n"},
	{"data:\n  user: YWRt\nimmutable: true\nkind: Secret\n",
		"data:\n  [masked]\nimmutable: true\nkind: Secret\n"},
	{"items:\n- apiVersion: v1\n  data:\n    user: YWRt\n  kind: Secret\n",
		"items:\n- apiVersion: v1\n  data:\n    [masked]\n  kind: Secret\n"},
	{"data:\n  tls: dGhlIGxvbmcgc2VjcmV0\nkind: ConfigMap\n",
		"data:\n  tls: dGhlIGxvbmcgc2VjcmV0\nkind: ConfigMap\n"},
	// … in front of it, as people write it …
	{"kind: Secret\ndata:\n  a: YWRtaW4=\n\n  b: \"aHVudGVyMi1QYXNz\"\n---\n",
		"kind: Secret\ndata:\n  [masked]\n---\n"},
	{"data:\n  mode: live\n  level: info\n---\n", "data:\n  mode: live\n  level: info\n---\n"},
	{"data:\n  a: YWRtaW4=\n  b: not base64\nx: 1\n",
		"data:\n  a: YWRtaW4=\n  b: not base64\nx: 1\n"},
	{"stringData:\n  a: |\n    two\n    lines\ntype: Opaque\n",
		"stringData:\n  [masked]\ntype: Opaque\n"},
	{"data:\nkind: Secret\n", "data:\nkind: Secret\n"},
	// … and as JSON, also within JSON.
	{"{\"data\": {\"a\": \"YWRt\", \"b\":\"eA==\"}, \"kind\": \"Secret\"}",
		"{\"data\": {[masked]}, \"kind\": \"Secret\"}"},
	{"{\\\"data\\\":{\\\"a\\\":\\\"YWRt\\\"},\\\"immutable\\\":true,\\\"kind\\\":"
	 "\\\"Secret\\\"}",
		"{\\\"data\\\":{[masked]},\\\"immutable\\\":true,\\\"kind\\\":\\\"Secret\\\"}"},
	{"{\"data\":{\"a\":\"YWRt\"},\"type\":\"Opaque\"}",
		"{\"data\":{[masked]},\"type\":\"Opaque\"}"},
	{"{\"stringData\":{\"a\":\"x\\\"}y\"}}", "{\"stringData\":{[masked]}}"},
	{"{\"data\":{\"a\":\"YWRtaW4=\"},\"kind\":\"ConfigMap\"}",
		"{\"data\":{\"a\":\"YWRtaW4=\"},\"kind\":\"ConfigMap\"}"},
	{"{\"data\":{\"a\":1},\"kind\":\"Secret\"} {\"data\":{}}",
		"{\"data\":{\"a\":1},\"kind\":\"Secret\"} {\"data\":{}}"},
};
#define CASE_COUNT (sizeof cases / sizeof *cases)

static void test_text(void **state)
{
	struct mask *mask = two_secrets();

	(void)state;
	for (size_t i = 0; i < CASE_COUNT; i++) {
		struct buf out = {0};

		mask_text(mask, cases[i].text, strlen(cases[i].text), &out);
		if (strcmp(buf_str(&out), cases[i].masked) != 0)
			print_error("%s\n", cases[i].text);
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

// Each line begins with how the secret is written there, and must be hidden behind the "=".
static void test_every_encoding(void **state)
{
	static const char secret[] = "p\\w\"d/<\xc3\xa9>'$x y";
	static const char *const lines[] = {
		"plain=p\\w\"d/<\xc3\xa9>'$x y",
		"json=p\\\\w\\\"d/<\xc3\xa9>'$x y",
		"go=p\\\\w\\\"d/\\u003c\xc3\xa9\\u003e'$x y",
		"python=p\\\\w\\\"d/<\\u00e9>'$x y",
		"php=p\\\\w\\\"d\\/<\xc3\xa9>'$x y",
		"repr=p\\\\w\"d/<\xc3\xa9>\\'$x y",
		"twice=p\\\\\\\\w\\\\\\\"d/<\xc3\xa9>'$x y",
		"double=p\\\\w\\\"d/<\xc3\xa9>'\\$x y",
		"single=p\\w\"d/<\xc3\xa9>'\\''$x y",
		"printf=p\\\\w\\\"d/\\<\xc3\xa9\\>\\'\\$x\\ y",
		"html=p\\w&quot;d/&lt;\xc3\xa9&gt;&#39;$x y",
		"url=p%5Cw%22d%2F%3C%C3%A9%3E%27%24x%20y",
		"form=p%5Cw%22d%2F%3C%C3%A9%3E%27%24x+y",
		"hex=705c7722642f3cc3a93e2724782079",
		"HEX=705C7722642F3CC3A93E2724782079",
		"base64=cFx3ImQvPMOpPickeCB5",
	};
	struct mask *mask = mask_new();

	(void)state;
	mask_secret(mask, "s", secret);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct buf out = {0}, wanted = {0};

		buf_add(&wanted, lines[i], strcspn(lines[i], "=") + 1);
		buf_text(&wanted, "[masked s]");
		mask_text(mask, lines[i], strlen(lines[i]), &out);
		assert_string_equal(buf_str(&out), buf_str(&wanted));
		buf_fini(&out);
		buf_fini(&wanted);
	}
	mask_free(mask);
}

// base64 and xxd break long values into lines, and YAML indents them.
static void test_across_line_breaks(void **state)
{
	static const char *const texts[] = {
		"a cFx3ImQv\nPMOpPickeCB5\n",
		"a cFx3ImQvPMOp\r\n    PickeCB5\n",
		"a cFx3ImQv\\nPMOp\\nPickeCB5\n",
		"a 705c7722642f3cc3a9\n  3e2724782079\n",
	};
	struct mask *mask = mask_new();

	(void)state;
	mask_secret(mask, "s", "p\\w\"d/<\xc3\xa9>'$x y");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		for (size_t split = 0; split <= strlen(texts[i]); split++) {
			struct mask_stream stream = {.mask = mask};
			struct buf out = {0};

			mask_feed(&stream, texts[i], split, &out);
			mask_feed(&stream, texts[i] + split, strlen(texts[i]) - split, &out);
			mask_flush(&stream, &out);
			assert_string_equal(buf_str(&out), "a [masked s]\n");
			buf_fini(&out);
			mask_stream_fini(&stream);
		}
	}
	mask_free(mask);
}

// Only a line that is filled goes on in the next one: a word that ends as a secret begins is let
// go.
static void test_only_filled_lines_are_broken(void **state)
{
	static const char filled[] =
		"bG9uZyBiZWZvcmUgYSBzZWNyZXQsIGFuZCB0aGVuIGl0cF\nx3ImQvPMOpPickeCB5\n";
	struct mask *mask = mask_new();

	(void)state;
	mask_secret(mask, "s", "p\\w\"d/<\xc3\xa9>'$x y");
	for (size_t split = 0; split <= strlen(filled); split++) {
		struct mask_stream stream = {.mask = mask};
		struct buf out = {0};

		mask_feed(&stream, filled, split, &out);
		mask_feed(&stream, filled + split, strlen(filled) - split, &out);
		mask_flush(&stream, &out);
		assert_null(strstr(buf_str(&out), "PMOpPick"));
		buf_fini(&out);
		mask_stream_fini(&stream);
	}

	struct mask_stream stream = {.mask = mask};
	struct buf out = {0};

	mask_feed(&stream, "no such cFx\n", 12, &out);
	assert_string_equal(buf_str(&out), "no such cFx\n");
	mask_feed(&stream, "3ImQv\n", 6, &out);
	assert_string_equal(buf_str(&out), "no such cFx\n3ImQv\n");
	buf_fini(&out);
	mask_stream_fini(&stream);
	mask_free(mask);
}

static void test_lines_of_a_secret(void **state)
{
	struct mask *mask = mask_new();
	struct buf out = {0};
	const char *text = "a:\n  first line of it\n  second one\n  end\n";

	(void)state;
	mask_secret(mask, "file", "first line of it\n\tsecond one\nend\n");
	mask_text(mask, text, strlen(text), &out);
	assert_string_equal(buf_str(&out), "a:\n  [masked file]\n  [masked file]\n  end\n");
	buf_fini(&out);
	mask_free(mask);
}

static void test_the_environment(void **state)
{
	static char token[] = "DEPLOY_TOKEN=abcdefgh", home[] = "HOME=/home/ana", odd[] = "odd";
	static char password[] = "PGPASSWORD=pgpg1234", weak[] = "DB_PASSWORD=test";
	char *const environment[] = {token, home, odd, password, weak, NULL};
	struct mask *mask = mask_new();
	struct buf out = {0};

	(void)state;
	mask_environment(mask, environment);
	mask_environment(mask, NULL);
	mask_text(mask, "abcdefgh pgpg1234 /home/ana test", 32, &out);
	assert_string_equal(
		buf_str(&out), "[masked DEPLOY_TOKEN] [masked PGPASSWORD] /home/ana test");
	buf_fini(&out);
	mask_free(mask);
}

static void test_kubernetes_secrets(void **state)
{
	const char *text =
		"{\"kind\":\"List\",\"items\":[{\"kind\":\"Secret\",\"data\":{\"p\":\"YQ==\"},"
		"\"stringData\":{\"q\":\"b\"}},{\"kind\":\"ConfigMap\",\"data\":{\"p\":\"YQ==\"}}]"
		"}";
	const char *list = "{\"kind\":\"SecretList\",\"items\":[{\"data\":{\"p\":\"YQ==\"}}]}";
	struct mask *mask = mask_new();
	cJSON *value = json_parse(text, strlen(text), NULL);
	cJSON *secrets = json_parse(list, strlen(list), NULL);
	struct buf out = {0};

	(void)state;
	mask_json(mask, value);
	json_write(&out, value);
	assert_string_equal(buf_str(&out),
		"{\"kind\":\"List\",\"items\":[{\"kind\":\"Secret\",\"data\":{\"p\":\"[masked]\"},"
		"\"stringData\":{\"q\":\"[masked]\"}},{\"kind\":\"ConfigMap\",\"data\":{\"p\":\"YQ="
		"=\"}}]}");
	buf_clear(&out);
	mask_json(mask, secrets);
	json_write(&out, secrets);
	assert_string_equal(buf_str(&out),
		"{\"kind\":\"SecretList\",\"items\":[{\"data\":{\"p\":\"[masked]\"}}]}");
	buf_fini(&out);
	cJSON_Delete(value);
	cJSON_Delete(secrets);
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
		"\"[masked db]\":1,\"deep\":[[{\"SecretAccessKey\":\"[masked]\"}]],\"n\":7}");
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

static void test_a_long_manifest(void **state)
{
	struct mask *mask = mask_new();
	char *out;

	(void)state;
	out = flood(mask, "kind: Secret\ndata:\n  release: ", "SDRzSUFBQUFBQUFBLzZ3", 3000,
		"\n  password: aHVudGVyMg==\n\"end");
	assert_null(strstr(out, "SDRz"));
	assert_null(strstr(out, "aHVu"));
	assert_non_null(strstr(out, "\"end"));
	free(out);
	out = flood(mask, "{\"data\":{\"release\":\"", "SDRzSUFBQUFBQUFBLzZ3", 3000,
		"\",\"password\":\"aHVudGVyMg==\"},\"kind\":\"Secret\"}");
	assert_null(strstr(out, "SDRz"));
	assert_null(strstr(out, "aHVu"));
	assert_non_null(strstr(out, "}"));
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
		cmocka_unit_test(test_every_encoding),
		cmocka_unit_test(test_across_line_breaks),
		cmocka_unit_test(test_only_filled_lines_are_broken),
		cmocka_unit_test(test_lines_of_a_secret),
		cmocka_unit_test(test_the_environment),
		cmocka_unit_test(test_kubernetes_secrets),
		cmocka_unit_test(test_overlapping_secrets_are_all_hidden),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_what_is_held_is_bounded),
		cmocka_unit_test(test_a_long_manifest),
		cmocka_unit_test(test_long_secrets),
	};

	return cmocka_run_group_tests_name("core_mask", tests, NULL, NULL);
}
