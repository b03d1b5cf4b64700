// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"

// Parses and writes again; the caller frees.
static char *rewritten(const char *text, size_t length)
{
	struct err err = {0};
	struct buf out = {0};
	cJSON *value = json_parse(text, length, &err);

	if (!value)
		fail_msg("refused %s: %s", text, err.message);
	json_write(&out, value);
	cJSON_Delete(value);
	return buf_take(&out);
}

static void assert_rewritten(const char *text, const char *expected)
{
	char *out = rewritten(text, strlen(text));

	assert_string_equal(out, expected);
	free(out);
}

static void assert_refused(const char *text, size_t length, const char *why)
{
	struct err err = {0};
	cJSON *value = json_parse(text, length, &err);

	if (value)
		fail_msg("accepted %s", text);
	if (!strstr(err.message, why))
		fail_msg("%s: refused with \"%s\", not \"%s\"", text, err.message, why);
}

static void test_round_trips(void **state)
{
	(void)state;
	assert_rewritten(" {\"b\" : [ 1 , -2.5, 1e3, 0 , true,false,null ] ,\"a\":{}, \"A\":[]}\n",
		"{\"b\":[1,-2.5,1000,0,true,false,null],\"a\":{},\"A\":[]}");
	assert_rewritten("\"\"", "\"\"");
	assert_rewritten("9007199254740991", "9007199254740991");
	assert_rewritten("1767225600123456", "1767225600123456");
	assert_rewritten("-0", "0");
	assert_rewritten("0.1", "0.1");
	assert_rewritten("1.5e300", "1.5e+300");
	assert_rewritten("[[],[[]],{\"a\":{}}]", "[[],[[]],{\"a\":{}}]");
}

static void test_writes_what_is_safe_to_show(void **state)
{
	(void)state;
	assert_rewritten(
		"\"a\\u001b[31m\\u007f\\n\\t\\u0008\"", "\"a\\u001b[31m\\u007f\\n\\t\\u0008\"");
	// C1, soft hyphen, bidi controls and marks, zero-width joiner, separators, byte order mark
	assert_rewritten("\"\xc2\x9b\xc2\xad\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xd8"
			 "\x9c\xe2\x80\x8d"
			 "\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\"",
		"\"\\u009b\\u00ad\\u202e\\u2066\\u2069\\u200e\\u061c\\u200d\\u2028\\u2029\\ufeff"
		"\"");
	assert_rewritten(
		"\"\xf3\xa0\x80\x81\"", "\"\\udb40\\udc01\""); // a tag character: beyond 16 bits
	assert_rewritten("\"\\ud83d\\ude00 gr\\u00fc\\u00dfe \\/ \\\"\\\\\"",
		"\"\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f"
		"e / \\\"\\\\\"");
}

static void test_texts_that_c_cannot_hold(void **state)
{
	(void)state;
	assert_rewritten("\"a\\u0000b\"", "\"a\xef\xbf\xbd"
					  "b\"");
	assert_rewritten("{\"\\u0000\":1}", "{\"\xef\xbf\xbd\":1}");
	assert_rewritten("\"\\ud800\"", "\"\xef\xbf\xbd\"");
	assert_rewritten("\"\\udc00x\"", "\"\xef\xbf\xbdx\"");
	assert_rewritten("\"\\ud800\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"");
}

static void test_bad_bytes_are_replaced_when_writing(void **state)
{
	struct buf out = {0};

	(void)state;
	json_write_text(&out, "a\xff\xc3(\xed\xa0\x80\xc3");
	assert_string_equal(buf_str(&out),
		"\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_clear(&out);
	json_write_text(&out, NULL);
	assert_string_equal(buf_str(&out), "null");
	buf_fini(&out);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "ends"},
		{"  ", "ends"},
		{"{\"a\":1,\"a\":2}", "\"a\" stands twice"},
		{"{\"b\":1,\"ab\":2,\"a\":3,\"ab\":4}", "\"ab\" stands twice"},
		{"{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"a\":0,"
		 "\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"2\":0}",
			"\"2\" stands twice"},
		{"[{\"b\":{\"a\":1,\"c\":0,\"\\u0061\":2}}]", "\"a\" stands twice"},
		{"{} x", "follows"},
		{"1 2", "follows"},
		{"{}{}", "follows"},
		{"\xef\xbb\xbf{}", "not a number"},
		{"01", "not a number"},
		{"+1", "not a number"},
		{".5", "not a number"},
		{"--1", "not a number"},
		{"-", "not a number"},
		{"1.", "point"},
		{"1.e3", "point"},
		{"1e", "exponent"},
		{"1e+", "exponent"},
		{"0x10", "follows"},
		{"NaN", "not a number"},
		{"Infinity", "not a number"},
		{"1e400", "range"},
		{"[1,]", "not a number"},
		{"[1", "comma"},
		{"[1 2]", "comma"},
		{"[1}", "comma"},
		{"{\"a\":1,}", "string"},
		{"{\"a\"}", "colon"},
		{"{a:1}", "string"},
		{"{", "string"},
		{"{\"a\":", "ends"},
		{"'a'", "not a number"},
		{"tru", "not a value"},
		{"\"a", "ends inside"},
		{"\"a\\", "escape"},
		{"\"\\x\"", "escape"},
		{"\"\\u12\"", "hexadecimal"},
		{"\"\\u12g4\"", "hexadecimal"},
		{"\"a\tb\"", "control"},
		{"\"a\nb\"", "control"},
		{"\v1", "not a number"},
		{"\"\xff\"", "UTF-8"},
		{"\"\xc0\xaf\"", "UTF-8"},
		{"\"\xed\xa0\x80\"", "UTF-8"},
		{"\n\n [x]", "line 3, column 3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_refused(cases[i].text, strlen(cases[i].text), cases[i].why);
	assert_refused("\"a\0b\"", 5, "control");
	assert_refused("1\0", 2, "follows");
	assert_refused(
		"1111111111111111111111111111111111111111111111111111111111111111", 64, "63");
}

static void test_depth(void **state)
{
	char text[400];

	(void)state;
	memset(text, '[', 100);
	memset(text + 100, ']', 100);

	char *out = rewritten(text, 200);

	assert_int_equal(strlen(out), 200);
	free(out);
	memset(text, '[', 101);
	memset(text + 101, ']', 101);
	assert_refused(text, 202, "deep");
	memset(text, '[', sizeof text);
	assert_refused(text, sizeof text, "deep");
}

static void test_members(void **state)
{
	const char *text =
		"{\"Name\":\"x\",\"name\":\"y\",\"n\":42,\"f\":1.5,\"big\":1e17,\"t\":true,"
		"\"metadata\":{\"labels\":{\"app\":\"z\"}},\"a\":[{\"b\":1}]}";
	cJSON *object = json_parse(text, strlen(text), NULL);

	(void)state;
	assert_non_null(object);
	assert_string_equal(json_text(object, "name"), "y");
	assert_string_equal(json_text(object, "Name"), "x");
	assert_null(json_text(object, "NAME"));
	assert_null(json_text(object, "n"));
	assert_null(json_get(NULL, "n"));
	assert_null(json_get(json_get(object, "a"), "b"));
	assert_int_equal(json_int(object, "n", -1), 42);
	assert_int_equal(json_int(object, "f", -1), -1);
	assert_int_equal(json_int(object, "big", -1), -1);
	assert_int_equal(json_int(object, "none", 7), 7);
	assert_true(json_bool(object, "t", false));
	assert_true(json_bool(object, "n", true));
	assert_string_equal(json_path_text(object, "metadata.labels.app"), "z");
	assert_null(json_path(object, "metadata.labels.ap"));
	assert_null(json_path(object, "metadata.labels.app.x"));
	assert_null(json_path(object, "a.b"));
	cJSON_Delete(object);
}

static void test_mending(void **state)
{
	static const struct {
		const char *text, *mended; // NULL: as it was
	} cases[] = {
		{"", NULL},
		{"a\xc3\xa9", NULL},
		{"\xff", JSON_REPLACEMENT},
		{"a\xff\xc0"
		 "b",
			"a" JSON_REPLACEMENT "b"},
		{"a\xc3", "a" JSON_REPLACEMENT},
		{"\x80"
		 "a\x80",
			JSON_REPLACEMENT "a" JSON_REPLACEMENT},
		{"\xed\xa0\x80"
		 "a",
			JSON_REPLACEMENT "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = {0};

		assert_int_equal(json_mend(cases[i].text, strlen(cases[i].text), &out),
			cases[i].mended != NULL);
		assert_string_equal(buf_str(&out), cases[i].mended ? cases[i].mended : "");
		buf_fini(&out);
	}
}

static void test_builders(void **state)
{
	static const char *const argv[] = {"sh", "-c", NULL};
	cJSON *object = json_object();
	struct buf out = {0};

	(void)state;
	json_add_text(object, "absent", NULL);
	json_add(object, "absent", NULL);
	json_add_text(object, "text", "a");
	json_add_int(object, "int", 1767225600123456);
	json_add_bool(object, "no", false);
	json_add(object, "argv", json_texts(argv));
	json_append_text((cJSON *)json_get(object, "argv"), "true");
	json_write(&out, object);
	assert_string_equal(buf_str(&out), "{\"text\":\"a\",\"int\":1767225600123456,\"no\":false,"
					   "\"argv\":[\"sh\",\"-c\",\"true\"]}");
	buf_fini(&out);
	cJSON_Delete(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_writes_what_is_safe_to_show),
		cmocka_unit_test(test_texts_that_c_cannot_hold),
		cmocka_unit_test(test_bad_bytes_are_replaced_when_writing),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_mending),
		cmocka_unit_test(test_builders),
	};

	return cmocka_run_group_tests_name("core_json", tests, NULL, NULL);
}
