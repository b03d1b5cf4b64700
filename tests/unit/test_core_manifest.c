// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/manifest.h"

static struct err err;

static char *json_of(const cJSON *value)
{
	struct buf out = {0};
	json_write(&out, value);
	return buf_take(&out);
}

// The objects of a file as JSON, one a line.
static void assert_read(const char *file, const char *text, const char *expected)
{
	struct manifest manifest = {0};
	struct buf out = {0};
	if (!manifest_read(&manifest, text, strlen(text), file, false, &err))
		fail_msg("%s: %s", err.place, err.message);
	for (size_t i = 0; i < manifest.count; i++) {
		json_write(&out, manifest.objects[i].value);
		buf_byte(&out, '\n');
	}
	assert_string_equal(buf_str(&out), expected);
	buf_fini(&out);
	manifest_fini(&manifest);
}

static void assert_refused(
	const char *file, const char *text, const char *place, const char *message)
{
	struct manifest manifest = {0};
	if (manifest_read(&manifest, text, strlen(text), file, false, &err))
		fail_msg("taken: %s", text);
	assert_string_equal(err.place, place);
	if (!strstr(err.message, message))
		fail_msg("'%s', not '%s'", err.message, message);
	manifest_fini(&manifest);
}

#define HEAD      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
#define HEAD_JSON "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}"

static void test_files(void **unused)
{
	(void)unused;
	assert_read("m.yaml", HEAD "data: {k: 'yes', n: \"1\"}\nmode: 0644\n---\n" HEAD,
		HEAD_JSON ",\"data\":{\"k\":\"yes\",\"n\":\"1\"},\"mode\":420}\n" HEAD_JSON "}\n");
	assert_read("m.yaml", "# nothing\n", "");
	assert_read("m.json", HEAD_JSON ",\"x\":\"\\ud83d\\ude00\"}",
		HEAD_JSON ",\"x\":\"\xf0\x9f\x98\x80\"}\n");
	assert_read("m.yml", HEAD_JSON ", x: 1}", HEAD_JSON ",\"x\":1}\n"); // YAML in braces
	assert_read("m.yaml", "base: 1\n" HEAD "x: &b {p: 1, q: 2}\ny: {<<: *b, q: 3}\n",
		"{\"base\":1,\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
		"\"a\"},"
		"\"x\":{\"p\":1,\"q\":2},\"y\":{\"q\":3,\"p\":1}}\n");
}

static void test_lists_are_taken_apart(void **unused)
{
	(void)unused;
	assert_read("m.yaml",
		"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: "
		"x}}\n"
		"- {apiVersion: v1, kind: BList, items: [{apiVersion: v1, kind: B, metadata: "
		"{name: yy}}]}\n",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"x\"}}\n"
		"{\"apiVersion\":\"v1\",\"kind\":\"B\",\"metadata\":{\"name\":\"yy\"}}\n");
}

static void test_what_is_no_object(void **unused)
{
	(void)unused;
	assert_refused("m.yaml", HEAD "---\n- a\n", "m.yaml:5:1", "not an object");
	assert_refused("m.yaml", "kind: A\nmetadata: {name: x}\n", "m.yaml:1:1", "apiVersion");
	assert_refused(
		"m.yaml", "apiVersion: v1\nkind: A\n", "m.yaml:1:1", "A: needs metadata.name");
	assert_refused("m.yaml", "apiVersion: v1\nkind: A\nmetadata: {generateName: x-}\n",
		"m.yaml:1:1", "needs metadata.name");
	assert_refused("m.yaml", "apiVersion: v1\nkind: A\nmetadata: {name: ../../x}\n",
		"m.yaml:1:1", "is no name");
	assert_refused("m.yaml", "apiVersion: v1\nkind: A\nmetadata: {name: ..}\n", "m.yaml:1:1",
		"is no name");
	assert_refused("m.yaml", "apiVersion: v1\nkind: A\nmetadata: {name: 5}\n", "m.yaml:1:1",
		"metadata.name is no text");
	assert_refused("m.yaml", "apiVersion: v1\nkind: A\nmetadata: {name: x, namespace: 5}\n",
		"m.yaml:1:1", "namespace");
	assert_refused("m.yaml", HEAD "x:\n  y: 9007199254740993\n", "m.yaml:5:6", "exactly");
	assert_refused("m.yaml", HEAD "x: .inf\n", "m.yaml:4:4", "no such number");
	assert_refused("m.yaml", HEAD "x: [\n", "m.yaml:5:1", "not YAML");
	assert_refused("m.json", "{\"a\":1", "m.json:1:1", "");
	assert_refused("m.json", "apiVersion: v1\n", "m.json:1:1", "");
}

static void test_generated_names_are_for_create(void **unused)
{
	static const char text[] = "apiVersion: v1\nkind: A\nmetadata: {generateName: x-}\n";
	struct manifest manifest = {0};
	(void)unused;
	assert_true(manifest_read(&manifest, text, strlen(text), "m.yaml", true, &err));
	assert_int_equal(manifest.count, 1);
	manifest_fini(&manifest);
}

static bool replace(void *context, const char *text, struct buf *out, struct err *error)
{
	const char *value = context;
	if (!value)
		return err_set(error, "needs input x");
	for (; *text; text++)
		if (*text == '$')
			buf_text(out, value);
		else
			buf_byte(out, *text);
	return true;
}

static void assert_value(const char *yaml, const char *input, const char *expected)
{
	struct arena *arena = arena_new();
	struct diags diags = {.file = "r.yaml"};
	const struct yaml_node *node =
		yaml_parse(arena, yaml, strlen(yaml), &yaml_limits_default, &diags);
	assert_non_null(node);
	cJSON *value = manifest_value(node, "r.yaml", replace, (void *)input, &err);
	assert_int_equal(!value, !expected);
	if (expected) {
		char *json = json_of(value);
		assert_string_equal(json, expected);
		free(json);
	}
	cJSON_Delete(value);
	arena_free(arena);
}

// What comes in never becomes structure; a plain scalar may become a number, a quoted one not.
static void test_variables(void **unused)
{
	(void)unused;
	assert_value("a: $\nb: '$'\nc: [x$]\n", "3", "{\"a\":3,\"b\":\"3\",\"c\":[\"x3\"]}");
	assert_value("a: $\nb: '$'\n", "true", "{\"a\":true,\"b\":\"true\"}");
	assert_value("a: $\n", "{b: c}", "{\"a\":\"{b: c}\"}");
	assert_value("a: '$'\n", "x\"\n- y", "{\"a\":\"x\\\"\\n- y\"}");
	assert_value("$: 1\n", "k", "{\"$\":1}"); // keys stay
	assert_value("a:\n  - $\n", NULL, NULL);
	assert_string_equal(err.message, "needs input x");
	assert_string_equal(err.place, "r.yaml:2:5");
}

static void test_names(void **unused)
{
	struct buf out = {0};
	char group[256], version[64];
	(void)unused;
	manifest_name("Deployment", "apps", "web", &out);
	assert_string_equal(buf_str(&out), "deployment.apps/web");
	buf_clear(&out);
	manifest_name("Namespace", "", "shop", &out);
	assert_string_equal(buf_str(&out), "namespace/shop");
	buf_fini(&out);
	manifest_group_version("apps/v1", group, version);
	assert_string_equal(group, "apps");
	assert_string_equal(version, "v1");
	manifest_group_version("v1", group, version);
	assert_string_equal(group, "");
	assert_string_equal(version, "v1");
}

// --- secrets ---

static cJSON *object_of(const char *json)
{
	cJSON *value = json_parse(json, strlen(json), &err);
	if (!value)
		fail_msg("%s: %s", json, err.message);
	return value;
}

#define SECRET                                                                                     \
	"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"db\","                \
	"\"annotations\":"                                                                         \
	"{\"kubectl.kubernetes.io/last-applied-configuration\":\"{pass}\",\"other\":\"o\"}},"      \
	"\"data\":{\"password\":\"aHVudGVyLXR3by10d28=\"},\"stringData\":{\"token\":\"tok-"        \
	"12345\"}}"

static void test_secrets_are_hidden(void **unused)
{
	static const char hidden[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"db\","
		"\"annotations\":{\"kubectl.kubernetes.io/"
		"last-applied-configuration\":\"[masked]\","
		"\"other\":\"o\"}},\"data\":{\"password\":\"[masked]\"},\"stringData\":{\"token\":"
		"\"[masked]\"}}";
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{SECRET, hidden},
		{"{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"apiVersion\":\"v1\","
		 "\"kind\":\"Secret\",\"data\":\"odd\"}]}",
			"{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"apiVersion\":"
			"\"v1\","
			"\"kind\":\"Secret\",\"data\":\"[masked]\"}]}"},
		{"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"k\":\"v\"}}",
			"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"k\":\"v\"}}"},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cJSON *object = object_of(cases[i].text);
		manifest_redact(object);
		char *json = json_of(object);
		assert_string_equal(json, cases[i].expected);
		free(json);
		cJSON_Delete(object);
	}
}

static void assert_masked(const struct mask *mask, const char *text, const char *expected)
{
	struct buf out = {0};
	mask_text(mask, text, strlen(text), &out);
	assert_string_equal(buf_str(&out), expected);
	buf_fini(&out);
}

static void test_secrets_are_declared(void **unused)
{
	struct mask *mask = mask_new();
	cJSON *secret = object_of(SECRET);
	(void)unused;
	manifest_declare_secrets(secret, mask);
	assert_masked(mask, "it is hunter-two-two.", "it is [masked db.password].");
	assert_masked(mask, "it is aHVudGVyLXR3by10d28=.", "it is [masked db.password].");
	assert_masked(mask, "with tok-12345", "with [masked db.token]");
	assert_masked(mask, "db and other", "db and other");
	cJSON_Delete(secret);
	mask_free(mask);
}

static void test_patches_of_secrets(void **unused)
{
	static const struct {
		const char *body, *hidden;
	} cases[] = {
		{"{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"data\":{\"p\":\"aHVudGVyLXR3by10d28="
		 "\"}}",
			"{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"data\":{\"p\":\"[masked]\"}}"},
		{"[{\"op\":\"add\",\"path\":\"/data/p\",\"value\":\"aHVudGVyLXR3by10d28=\"}]",
			"[{\"op\":\"add\",\"path\":\"/data/p\",\"value\":\"[masked]\"}]"},
		{"[{\"op\":\"add\",\"path\":\"/data\",\"value\":{\"p\":\"aHVudGVyLXR3by10d28=\"}}]",
			"[{\"op\":\"add\",\"path\":\"/data\",\"value\":{\"p\":\"[masked]\"}}]"},
		{"\"data: {p: aHVudGVyLXR3by10d28=}\"", "\"[masked]\""},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mask *mask = mask_new();
		cJSON *body = object_of(cases[i].body);
		struct buf out = {0};
		manifest_declare_patch(body, mask);
		mask_text(mask, "hunter-two-two", strlen("hunter-two-two"), &out);
		if (strstr(buf_str(&out), "hunter"))
			fail_msg("not declared: %s", cases[i].body);
		manifest_redact_patch(body);
		char *json = json_of(body);
		assert_string_equal(json, cases[i].hidden);
		free(json);
		buf_fini(&out);
		cJSON_Delete(body);
		mask_free(mask);
	}
	assert_true(manifest_is_secret_resource("secrets"));
	assert_true(manifest_is_secret_resource("Secret"));
	assert_true(manifest_is_secret_resource("secrets.v1."));
	assert_false(manifest_is_secret_resource("secretstores.external-secrets.io"));
	assert_false(manifest_is_secret_resource("secrets.example.org"));
}

static void test_written_as_yaml(void **unused)
{
	cJSON *value = object_of(
		"{\"a\":\"x\",\"n\":3,\"t\":true,\"z\":null,\"quoted\":\"3\",\"yes\":\"true\","
		"\"lines\":\"one\\ntwo\\n\",\"list\":[{\"k\":\"v: w\"},[]],\"none\":{}}");
	struct buf out = {0};
	struct arena *arena = arena_new();
	struct diags diags = {.file = ""};
	(void)unused;
	manifest_write(value, &out);
	assert_string_equal(buf_str(&out),
		"a: x\nn: 3\nt: true\nz: null\nquoted: '3'\nyes: 'true'\nlines: |\n  one\n  "
		"two\nlist:\n- k: 'v: w'\n- []\nnone: {}\n");
	// What was written means what it was made of.
	const struct yaml_node *node =
		yaml_parse(arena, buf_str(&out), out.length, &yaml_limits_default, &diags);
	cJSON *again = manifest_value(node, "", NULL, NULL, &err);
	char *before = json_of(value), *after = json_of(again);
	assert_string_equal(before, after);
	free(before);
	free(after);
	cJSON_Delete(value);
	cJSON_Delete(again);
	arena_free(arena);
	buf_fini(&out);
}

static void assert_stripped(const char *before, const char *after)
{
	cJSON *object = json_parse(before, strlen(before), NULL);
	bool is_export = strcmp(before, after) != 0;
	assert_int_equal(manifest_strip_export(object), is_export);
	char *is = json_of(object);
	assert_string_equal(is, after);
	free(is);
	cJSON_Delete(object);
}

static void test_what_a_server_keeps_is_left_out_of_an_export(void **unused)
{
	(void)unused;
	assert_stripped("{\"metadata\":{\"name\":\"a\",\"uid\":\"1\",\"resourceVersion\":\"2\","
			"\"creationTimestamp\":\"2026-07-03T02:47:00Z\",\"generation\":3,"
			"\"managedFields\":[{}],\"selfLink\":\"/a\",\"labels\":{\"uid\":\"x\"}},"
			"\"uid\":\"kept\"}",
		"{\"metadata\":{\"name\":\"a\",\"labels\":{\"uid\":\"x\"}},\"uid\":\"kept\"}");
	// What somebody has written is meant; generators write a null.
	assert_stripped("{\"metadata\":{\"name\":\"a\",\"uid\":\"1\",\"creationTimestamp\":null}}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"1\",\"creationTimestamp\":null}}");
	assert_stripped("{\"metadata\":7}", "{\"metadata\":7}");
	assert_stripped("[]", "[]");
}

static void test_a_file_that_holds_a_secret(void **state)
{
	static const struct {
		const char *text, *file;
		bool holds;
	} cases[] = {
		{"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {k: eA==}\n", "a.yaml",
			true},
		{"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: x}\n",
			"a.yaml", true},
		{"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n", "a.yaml", false},
		{"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {}\n", "a.yaml", false},
		{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: Secret}\n",
			"a.yaml", false},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: "
		 "Secret\nmetadata: {name: a}\nstringData: {k: x}\n",
			"a.yaml", true},
		{"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\","
		 "\"kind\":"
		 "\"Secret\",\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"eA==\"}}]}",
			"a.json", true},
		// What cannot be read is not given away on a guess.
		{"kind: Secret\nstringData: {k: [x}\n", "a.yaml", true},
		{"apiVersion: v1\nkind: [x}\n", "a.yaml", false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (manifest_holds_secret(cases[i].text, strlen(cases[i].text), cases[i].file) !=
			cases[i].holds)
			fail_msg("%s", cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_holds_a_secret),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_lists_are_taken_apart),
		cmocka_unit_test(test_what_is_no_object),
		cmocka_unit_test(test_generated_names_are_for_create),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_secrets_are_hidden),
		cmocka_unit_test(test_secrets_are_declared),
		cmocka_unit_test(test_patches_of_secrets),
		cmocka_unit_test(test_written_as_yaml),
		cmocka_unit_test(test_what_a_server_keeps_is_left_out_of_an_export),
	};
	return cmocka_run_group_tests_name("core/manifest", tests, NULL, NULL);
}
