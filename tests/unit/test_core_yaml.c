// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/yaml.h"

static struct arena *arena;
static struct diags diags;

static int set_up(void **unused)
{
	(void)unused;
	arena = arena_new();
	diags = (struct diags){.file = "t.yaml"};
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	arena_free(arena);
	diags_fini(&diags);
	return 0;
}

static const struct yaml_node *parse(const char *text)
{
	return yaml_parse(arena, text, strlen(text), &yaml_limits_default, &diags);
}

// The first diagnostic of a text that must be refused.
static const struct diag *refusal(const char *text, size_t length)
{
	assert_null(yaml_parse(arena, text, length, &yaml_limits_default, &diags));
	assert_true(diags.errors > 0);
	return &diags.items[0];
}

static void assert_refused(const char *text, const char *code, int line, int column)
{
	const struct diag *diag = refusal(text, strlen(text));

	assert_string_equal(diag->code, code);
	assert_int_equal(diag->line, line);
	assert_int_equal(diag->column, column);
	diags_fini(&diags);
}

// --- types -------------------------------------------------------------------------------------------------------------

static void plain_scalars_resolve_by_the_core_schema(void **unused)
{
	static const struct {
		const char *text;
		enum yaml_type type;
	} cases[] = {
		{"~", YAML_NULL},
		{"null", YAML_NULL},
		{"NULL", YAML_NULL},
		{"nUll", YAML_STRING},
		{"true", YAML_BOOL},
		{"True", YAML_BOOL},
		{"FALSE", YAML_BOOL},
		{"tRue", YAML_STRING},
		{"yes", YAML_STRING},
		{"no", YAML_STRING},
		{"on", YAML_STRING},
		{"Off", YAML_STRING},
		{"0", YAML_INT},
		{"-12", YAML_INT},
		{"+12", YAML_INT},
		{"0o17", YAML_INT},
		{"0x1F", YAML_INT},
		{"017", YAML_INT},
		{"0o8", YAML_STRING},
		{"0x", YAML_STRING},
		{"-0x1", YAML_STRING},
		{"0b1", YAML_STRING},
		{"1_000", YAML_STRING},
		{"1.5", YAML_FLOAT},
		{"1.", YAML_FLOAT},
		{".5", YAML_FLOAT},
		{"-1e3", YAML_FLOAT},
		{"1e", YAML_STRING},
		{".", YAML_STRING},
		{".inf", YAML_FLOAT},
		{"-.INF", YAML_FLOAT},
		{".nan", YAML_FLOAT},
		{"-.nan", YAML_STRING},
		{"15m", YAML_STRING},
		{"2026-06-15", YAML_STRING},
		{"1:30", YAML_STRING},
		{"=", YAML_STRING},
		{"<<", YAML_STRING},
		{"99999999999999999999", YAML_FLOAT},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct yaml_node *node = parse(cases[i].text);
		assert_non_null(node);
		if (node->type != cases[i].type)
			fail_msg("%s is %s", cases[i].text, yaml_type_name(node->type));
		assert_string_equal(node->text, cases[i].text);
	}
	assert_int_equal(parse("0o17")->integer, 15);
	assert_int_equal(parse("017")->integer, 17);
	assert_int_equal(parse("0x1F")->integer, 31);
	assert_true(parse("1e3")->number == 1000.0);
	assert_true(isinf(parse("-.inf")->number) && parse("-.inf")->number < 0);
	assert_true(parse("TRUE")->boolean);
	assert_false(parse("False")->boolean);
}

static void quoted_and_tagged_scalars_are_what_they_say(void **unused)
{
	(void)unused;
	assert_int_equal(parse("\"1\"")->type, YAML_STRING);
	assert_int_equal(parse("'true'")->type, YAML_STRING);
	assert_int_equal(parse("|\n  1\n")->type, YAML_STRING);
	assert_int_equal(parse("!!str 1")->type, YAML_STRING);
	assert_int_equal(parse("! 1")->type, YAML_STRING);
	assert_int_equal(parse("!!int \"7\"")->integer, 7);
	assert_int_equal(parse("!!map {a: b}")->type, YAML_MAP);
	assert_int_equal(diags.errors, 0);
	assert_refused("a: !!int x", "tag", 1, 4);
	assert_refused("a: !!seq {}", "tag", 1, 4);
	assert_refused("a: !!binary aGk=", "tag", 1, 4);
	assert_refused("a: !mine x", "tag", 1, 4);
}

static void nodes_know_their_places(void **unused)
{
	const struct yaml_node *root = parse("# c\na: 1\nlist:\n  - ä: {b: c}\n    d: e\n");
	const struct yaml_node *item = yaml_get(root, "list")->items[0];

	(void)unused;
	assert_int_equal(root->line, 2);
	assert_int_equal(root->column, 1);
	assert_int_equal(yaml_get(root, "a")->column, 4);
	assert_int_equal(item->line, 4);
	assert_int_equal(item->column, 5);
	// Columns count characters, not bytes.
	assert_int_equal(yaml_get(item, "ä")->column, 8);
	assert_int_equal(item->keys[1]->line, 5);
	assert_int_equal(item->count, 2);
	assert_null(yaml_get(item, "b"));
	assert_null(yaml_get(NULL, "b"));
	assert_null(yaml_get(yaml_get(root, "a"), "b"));
}

// --- what is refused ---------------------------------------------------------------------------------------------------

static void broken_documents_are_refused_at_their_place(void **unused)
{
	(void)unused;
	assert_refused("", "empty", 1, 1);
	assert_refused("# only a comment\n", "empty", 1, 1);
	assert_refused("a: 1\nb: [1, 2\n", "yaml", 3, 1);
	assert_refused("a: 1\n\tb: 2\n", "yaml", 2, 1);
	assert_refused("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1);
	assert_refused("{a: 1, \"a\": 2}", "duplicate-key", 1, 8);
	assert_refused("[a]: 1", "yaml", 1, 1);
	assert_refused("a: \"x\\0y\"", "yaml", 1, 4);
	assert_refused("a: 1\n---\nb: 2\n", "documents", 2, 1);
	assert_refused("a: 1\n...\nb: 2\n", "documents", 3, 1);
	assert_refused("%YAML 1.2\n---\na: 1\n", "directive", 1, 1);
	assert_refused("# c\n\n%TAG ! !x\n---\na: 1\n", "directive", 3, 1);
	assert_refused("\xef\xbb\xbf%TAG ! !x\n---\na: 1\n", "directive", 1, 1);
	assert_refused("a: *b", "alias", 1, 4);
	assert_refused("a: &b [*b]", "alias", 1, 8);
}

static void what_only_looks_like_a_directive_is_text(void **unused)
{
	(void)unused;
	assert_string_equal(yaml_get(parse("a: 50%\nb: \"%c\"\n"), "b")->text, "%c");
	assert_non_null(parse("--- # x\na: |\n  %TAG\n...\n# the end\n"));
	assert_string_equal(yaml_get(parse("\xef\xbb\xbf"
					   "a: 1\nb: 2\n"),
				    "b")
				    ->text,
		"2");
	assert_int_equal(diags.errors, 0);
}

static void bytes_that_are_no_utf8_are_refused(void **unused)
{
	(void)unused;
	assert_refused("é: ä\nb: é\xff\xfe", "yaml", 2, 5);
	assert_refused("a: x\nb: \001", "yaml", 2, 4);
	assert_string_equal(refusal("a: \0b", 5)->code, "yaml");
	diags_fini(&diags);
	assert_string_equal(refusal("a\0:\0 \0b\0", 8)->code, "yaml");
}

// --- aliases -----------------------------------------------------------------------------------------------------------

static void aliases_are_the_same_node(void **unused)
{
	const struct yaml_node *root = parse("a: &x {k: [1, 2]}\nb: *x\nc: &x 3\nd: *x\n");

	(void)unused;
	assert_ptr_equal(yaml_get(root, "a"), yaml_get(root, "b"));
	assert_int_equal(yaml_get(root, "d")->integer, 3);
}

static void aliases_may_not_multiply_nodes_or_bytes(void **unused)
{
	struct buf text = {0};

	(void)unused;
	buf_text(&text, "a: &a [x,x,x,x,x,x,x,x,x,x]\n");
	for (int c = 'b'; c < 'z'; c++) {
		buf_printf(&text, "%c: &%c [", c, c);
		for (int i = 0; i < 10; i++)
			buf_printf(&text, "*%c,", c - 1);
		buf_text(&text, "]\n");
	}
	assert_string_equal(refusal(buf_str(&text), text.length)->code, "limit");
	diags_fini(&diags);

	buf_clear(&text);
	buf_text(&text, "a: &a ");
	for (int i = 0; i < 100000; i++)
		buf_byte(&text, 'x');
	buf_text(&text, "\nb: [");
	for (int i = 0; i < 30000; i++)
		buf_text(&text, "*a,");
	buf_text(&text, "]\n");
	assert_string_equal(refusal(buf_str(&text), text.length)->code, "limit");
	buf_fini(&text);
}

static void an_alias_counts_for_the_depth_too(void **unused)
{
	static const struct yaml_limits limits = {.bytes = 1000, .depth = 4, .nodes = 100};
	static const char good[] = "a: &a [[x]]\nb: {c: *a}\n",
			  bad[] = "a: &a [[x]]\nb: {c: [*a]}\n";

	(void)unused;
	assert_non_null(yaml_parse(arena, good, sizeof good - 1, &limits, &diags));
	assert_null(yaml_parse(arena, bad, sizeof bad - 1, &limits, &diags));
	assert_string_equal(diags.items[0].code, "limit");
	assert_int_equal(diags.items[0].line, 2);
}

// --- bombs -------------------------------------------------------------------------------------------------------------

static void limits_are_exact(void **unused)
{
	static const struct yaml_limits limits = {.bytes = 20, .depth = 2, .nodes = 4};

	(void)unused;
	assert_non_null(yaml_parse(arena, "[[a], b]", 8, &limits, &diags));
	assert_null(yaml_parse(arena, "[[a], b, c]", 11, &limits, &diags));
	assert_null(yaml_parse(arena, "[[[]]]", 6, &limits, &diags));
	assert_null(yaml_parse(arena, "aaaaaaaaaaaaaaaaaaaaa", 21, &limits, &diags));
	assert_int_equal(diags.errors, 3);
}

// 200 kB of each of these: refused at once. The alarm ends the test where something is quadratic
// (libyaml's own document API takes over a minute for the first).
static void floods_are_refused_at_once(void **unused)
{
	static const char *const floods[] = {"[", "{", "- ", "? ", "{a: ", "[\n", "[a,", "[? ",
		"&a [", "!!seq [", "- - ", "%TAG !a! b\n"};

	(void)unused;
	alarm(10);
	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		struct buf text = {0};
		while (text.length < 200000)
			buf_text(&text, floods[i]);
		refusal(buf_str(&text), text.length);
		assert_int_equal(diags.errors, 1);
		diags_fini(&diags);
		buf_fini(&text);
	}
	alarm(0);
}

static void directives_after_the_document_are_refused_unread(void **unused)
{
	struct buf text = {0};

	(void)unused;
	buf_text(&text, "a: 1\n...\n");
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "%%TAG !a%d! b\n", i);
	buf_text(&text, "---\nb: 1\n");
	alarm(10);
	const struct diag *diag = refusal(buf_str(&text), text.length);
	alarm(0);
	assert_string_equal(diag->code, "documents");
	assert_int_equal(diag->line, 3);
	buf_fini(&text);
}

// --- streams of Kubernetes objects -------------------------------------------------------------------------------------

static bool parse_manifests(const char *text, struct yaml_documents *documents)
{
	return yaml_parse_manifests(
		arena, text, strlen(text), &yaml_limits_default, documents, &diags);
}

static void documents_are_parted_and_empty_ones_left_out(void **unused)
{
	struct yaml_documents documents;

	(void)unused;
	assert_true(parse_manifests("# a comment\n---\n---\na: &x 1\n---\n# nothing\n---\n"
				    "b: &x 2\nc: *x\n...\n---\n[d]\n",
		&documents));
	assert_int_equal(documents.count, 3);
	assert_int_equal(yaml_get(documents.items[0], "a")->integer, 1);
	assert_int_equal(yaml_get(documents.items[1], "c")->integer, 2);
	assert_int_equal(documents.items[1]->line, 8);
	assert_int_equal(documents.items[2]->type, YAML_LIST);
	assert_true(parse_manifests("", &documents));
	assert_int_equal(documents.count, 0);
}

static void streams_are_refused_where_documents_are(void **unused)
{
	static const struct {
		const char *text, *code;
		int line;
	} cases[] = {
		{"a: 1\n---\nb: [\n", "yaml", 4},
		{"a: &x 1\n---\nb: *x\n", "alias", 3},
		{"a: 1\n---\na: 1\na: 2\n", "duplicate-key", 4},
		{"%YAML 1.1\n---\na: 1\n", "directive", 1},
		{"a: 1\n...\n%TAG ! x\n---\nb: 1\n", "directive", 3},
		{"---\n---\n...\n# x\n%TAG ! x\n---\nb: 1\n", "directive", 5},
		{"{a: 1}\n%TAG ! x\n---\nb: 1\n", "directive", 2},
	};
	struct yaml_documents documents;

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (parse_manifests(cases[i].text, &documents))
			fail_msg("taken: %s", cases[i].text);
		assert_string_equal(diags.items[0].code, cases[i].code);
		assert_int_equal(diags.items[0].line, cases[i].line);
		diags_fini(&diags);
	}
}

// What go-yaml v2 makes of them, which kubectl is built on.
static void scalars_of_manifests_are_what_kubectl_reads(void **unused)
{
	static const struct {
		const char *text;
		enum yaml_type type;
		double number;
		bool boolean;
	} cases[] = {
		{"yes", YAML_BOOL, 0, true},
		{"On", YAML_BOOL, 0, true},
		{"y", YAML_BOOL, 0, true},
		{"no", YAML_BOOL, 0, false},
		{"OFF", YAML_BOOL, 0, false},
		{"true", YAML_BOOL, 0, true},
		{"yEs", YAML_STRING, 0, false},
		{"'yes'", YAML_STRING, 0, false},
		{"0644", YAML_INT, 420, false},
		{"-010", YAML_INT, -8, false},
		{"0o644", YAML_INT, 420, false},
		{"0b101", YAML_INT, 5, false},
		{"0x1F", YAML_INT, 31, false},
		{"1_000", YAML_INT, 1000, false},
		{"08", YAML_INT, 8, false},
		{"+12", YAML_INT, 12, false},
		{"1.5", YAML_FLOAT, 1.5, false},
		{"1e3", YAML_FLOAT, 1000, false},
		{"'0644'", YAML_STRING, 0, false},
		{"1.2.3", YAML_STRING, 0, false},
		{"2001-01-01", YAML_STRING, 0, false},
		{"~", YAML_NULL, 0, false},
	};
	struct yaml_documents documents;

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = {0};
		buf_printf(&text, "v: %s\n", cases[i].text);
		assert_true(parse_manifests(buf_str(&text), &documents));
		buf_fini(&text);
		const struct yaml_node *node = yaml_get(documents.items[0], "v");
		if (node->type != cases[i].type || node->number != cases[i].number ||
			node->boolean != cases[i].boolean)
			fail_msg("%s: %s, %g, %d", cases[i].text, yaml_type_name(node->type),
				node->number, node->boolean);
	}
	assert_int_equal(yaml_get(parse("v: 0644\n"), "v")->integer, 644);
	assert_true(yaml_get(parse("v: x\n"), "v")->is_plain);
	assert_false(yaml_get(parse("v: 'x'\n"), "v")->is_plain);
}

// A hundred thousand documents, or directives between them, take no longer than their bytes.
static void floods_of_documents_are_read_once(void **unused)
{
	struct buf text = {0};
	struct yaml_documents documents;

	(void)unused;
	for (int i = 0; i < 100000; i++)
		buf_text(&text, "---\na: 1\n");
	assert_true(parse_manifests(buf_str(&text), &documents));
	assert_int_equal(documents.count, 100000);
	buf_clear(&text);
	buf_text(&text, "a: 1\n...\n");
	for (int i = 0; i < 100000; i++)
		buf_printf(&text, "%%TAG !a%d! tag:x\n", i);
	assert_false(parse_manifests(buf_str(&text), &documents));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			plain_scalars_resolve_by_the_core_schema, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			quoted_and_tagged_scalars_are_what_they_say, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nodes_know_their_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			broken_documents_are_refused_at_their_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_only_looks_like_a_directive_is_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			bytes_that_are_no_utf8_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(aliases_are_the_same_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			aliases_may_not_multiply_nodes_or_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_alias_counts_for_the_depth_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_are_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(floods_are_refused_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			directives_after_the_document_are_refused_unread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			documents_are_parted_and_empty_ones_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			streams_are_refused_where_documents_are, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			scalars_of_manifests_are_what_kubectl_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			floods_of_documents_are_read_once, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("core/yaml", tests, NULL, NULL);
}
