// SPDX-License-Identifier: Apache-2.0
#include "relight/health_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "health_case.h"

// Health tables without jq: what is read from YAML, which table it is, and what an answer means.

static struct health_tables *tables_in(enum health_layer layer, const char *text)
{
	struct health_tables *tables = health_tables_new();
	struct diags diags = {.file = "own.yaml"};

	health_tables_add(tables, layer, text, strlen(text), &diags);
	if (diags.count)
		fail_msg("%d:%d: %s", diags.items[0].line, diags.items[0].column,
			diags.items[0].message);
	diags_fini(&diags);
	return tables;
}

static struct health_tables *tables_of(const char *text)
{
	return tables_in(HEALTH_USER, text);
}

// --- reading ---

static void expect_error(const char *text, int line, int column, const char *words)
{
	struct health_tables *tables = health_tables_new();
	struct diags diags = {.file = "own.yaml"};
	bool is_found = false;

	health_tables_add(tables, HEALTH_USER, text, strlen(text), &diags);
	for (size_t i = 0; i < diags.count; i++)
		is_found |= diags.items[i].line == line && diags.items[i].column == column &&
			    strstr(diags.items[i].message, words);
	if (!is_found)
		fail_msg("%s\n  gives %zu errors, the first: %d:%d: %s", text, diags.count,
			diags.count ? diags.items[0].line : 0,
			diags.count ? diags.items[0].column : 0,
			diags.count ? diags.items[0].message : "");
	diags_fini(&diags);
	health_tables_free(tables);
}

static void mistakes_are_said_with_their_place(void **state)
{
	(void)state;
	expect_error("match: {}\n", 1, 1, "a list is wanted here");
	expect_error("- 7\n", 1, 3, "a mapping is wanted here");
	expect_error("- {rules: []}\n", 1, 3, "\"match\" is required");
	expect_error("- match: {group: x}\n", 1, 10, "\"kind\" is required");
	expect_error("- match: {group: [], kind: Y}\n", 1, 18, "\"group\" is required");
	expect_error("- match: {group: [x, {}], kind: Y}\n", 1, 22, "a text is wanted here");
	expect_error("- match: {group: x, kind: Y, name: z}\n", 1, 30, "unknown key \"name\"");
	expect_error("- {match: {group: x, kind: Y}, rules: 3}\n", 1, 39, "a list is wanted");
	expect_error("- {match: {group: x, kind: Y}, rules: [{then: healthy}]}\n", 1, 40,
		"\"if\" is required");
	expect_error("- {match: {group: x, kind: Y}, rules: [{if: .a}]}\n", 1, 40,
		"\"then\" is required");
	expect_error("- {match: {group: x, kind: Y}, rules: [{if: .a, then: fine}]}\n", 1, 55,
		"a status word or \"conventions\"");
	expect_error("- {match: {group: x, kind: Y}, else: [healthy]}\n", 1, 38, "a status word");
	expect_error("- {match: {group: x, kind: Y}, otherwise: healthy}\n", 1, 32,
		"unknown key \"otherwise\"");
	expect_error("- {match: {group: x\n", 2, 1, "");
}

static void a_table_with_mistakes_stays_and_makes_unknown(void **state)
{
	(void)state;
	const char *text = "- match: {group: x, kind: Y}\n  rules: [{if: .a, then: fine}]\n"
			   "- {match: {group: x, kind: Z}}\n";
	struct health_tables *tables = health_tables_new();
	struct diags diags = {.file = "own.yaml"};
	struct health_inquiry inquiry;
	struct health_answer answer = {0};
	struct health health;
	cJSON *object = cJSON_Parse("{\"apiVersion\":\"x/v1\",\"kind\":\"Y\"}");

	health_tables_add(tables, HEALTH_USER, text, strlen(text), &diags);
	assert_int_equal(diags.errors, 1);
	health_inquire(tables, object, WALL_NONE, &inquiry);
	assert_int_equal(inquiry.count, 1);
	answer.output = cJSON_CreateNull();
	health_conclude(&inquiry, &answer, &health);
	cJSON_Delete((cJSON *)answer.output);
	assert_int_equal(health.status, STATUS_UNKNOWN);
	assert_non_null(strstr(health.message, "own.yaml:1:3: it has errors"));
	assert_string_equal(health.rule, "table/x/Y");
	cJSON_Delete(object);
	diags_fini(&diags);
	health_tables_free(tables);
}

static void expressions_are_given_with_their_place(void **state)
{
	(void)state;
	struct health_tables *tables =
		tables_of("- match: {group: x, kind: [Y, Z]}\n"
			  "  rules:\n"
			  "    - {if: .a, then: healthy, message: '\"good\"'}\n"
			  "    - {if: .b, then: degraded}\n");
	const char *file, *text;
	int line, column;

	text = health_tables_expression(tables, HEALTH_USER, 0, &file, &line, &column);
	assert_non_null(strstr(text, "(.a\n)"));
	assert_string_equal(file, "own.yaml");
	assert_int_equal(line, 3);
	assert_int_equal(column, 12);
	text = health_tables_expression(tables, HEALTH_USER, 1, &file, &line, &column);
	assert_non_null(strstr(text, "(\"good\"\n)"));
	assert_int_equal(column, 40);
	assert_non_null(health_tables_expression(tables, HEALTH_USER, 2, &file, &line, &column));
	assert_null(health_tables_expression(tables, HEALTH_USER, 3, &file, &line, &column));
	assert_null(health_tables_expression(tables, HEALTH_CARRIED, 0, &file, &line, &column));
	health_tables_free(tables);
}

// --- matching ---

static const char *which(const struct health_tables *tables, const char *group, const char *kind)
{
	const struct health_table *table = health_table_find(tables, HEALTH_USER, group, kind);
	const char *found = table ? strstr(health_table_program(table), "any((") : NULL;

	return found ? found + strlen("any((") : "none";
}

static void expect_table(
	const struct health_tables *tables, const char *group, const char *kind, const char *mark)
{
	const char *found = which(tables, group, kind);

	if (strncmp(found, mark, strlen(mark)) != 0)
		fail_msg("%s %s: not %s but %.8s", group, kind, mark, found);
}

#define TABLE(group, kind, mark)                                                                   \
	"- {match: {group: " group ", kind: " kind "}, rules: [{if: " mark ", then: healthy}]}\n"

static void exact_ones_come_before_patterns_and_earlier_before_later(void **state)
{
	(void)state;
	struct health_tables *tables = tables_of(TABLE("\"*\"", "\"*\"", ".any") TABLE(
		"\"*.io\"", "\"*\"", ".io") TABLE("\"*.b.io\"", "[\"*Set\", Job]", ".bio")
			TABLE("a.b.io", "\"*\"", ".group") TABLE("a.b.io", "Thing", ".exact")
				TABLE("a.b.io", "Thing", ".second") TABLE("\"\"", "Pod", ".core"));

	expect_table(tables, "a.b.io", "Thing", ".exact");
	expect_table(tables, "a.b.io", "Other", ".group");
	expect_table(tables, "c.b.io", "Job", ".bio");
	expect_table(tables, "c.b.io", "ReplicaSet", ".any"); // first of those with no exact part
	expect_table(tables, "", "Pod", ".core");
	expect_table(tables, "x", "Y", ".any");
	health_tables_free(tables);
	assert_null(health_table_find(NULL, HEALTH_USER, "a", "b"));
}

static void a_star_is_any_text(void **state)
{
	(void)state;
	struct health_tables *tables = tables_of(TABLE("\"a*b*c\"", "K", ".x"));

	expect_table(tables, "abc", "K", ".x");
	expect_table(tables, "aXbYbZc", "K", ".x");
	expect_table(tables, "aXbYc.", "K", "none");
	expect_table(tables, "ac", "K", "none");
	expect_table(tables, "abc", "k", "none");
	health_tables_free(tables);
	// A pattern that other matchers take forever over.
	char text[200];
	tables = tables_of(TABLE("\"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\"", "K", ".x"));
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	expect_table(tables, text, "K", "none");
	health_tables_free(tables);
}

// --- asking and concluding ---

static void what_jq_sees_has_no_managed_fields(void **state)
{
	(void)state;
	const char *text =
		"{\"kind\":\"K\",\"metadata\":{\"name\":\"n\",\"managedFields\":[{\"a\":1}],"
		"\"labels\":{}},\"spec\":{\"managedFields\":2}}";
	cJSON *object = json_parse(text, strlen(text), NULL);
	struct buf out = {0};
	struct wall now;

	assert_true(wall_parse("1970-01-01T00:01:00Z", &now));
	health_table_input(object, now, &out);
	assert_string_equal(buf_str(&out),
		"{\"now\":60,\"metadata\":{\"name\":\"n\",\"labels\":{}},"
		"\"object\":{\"kind\":\"K\",\"spec\":{\"managedFields\":2}}}");
	buf_clear(&out);
	cJSON_Delete(object);
	health_table_input(NULL, WALL_NONE, &out);
	assert_string_equal(buf_str(&out), "{\"now\":null,\"metadata\":null,\"object\":{}}");
	buf_fini(&out);
}

static void expect_answer(const struct health_tables *tables, const char *answer,
	enum status status, const char *says)
{
	const char *text =
		"{\"apiVersion\":\"x/v1\",\"kind\":\"Y\",\"status\":{\"phase\":\"Ready\"}}";
	cJSON *object = json_parse(text, strlen(text), NULL);
	cJSON *output = answer ? json_parse(answer, strlen(answer), NULL) : NULL;
	struct health_answer given = {.output = output, .error = "jq broke"};
	struct health_inquiry inquiry;
	struct health health;

	health_inquire(tables, object, WALL_NONE, &inquiry);
	assert_int_equal(inquiry.count, 1);
	health_conclude(&inquiry, &given, &health);
	if (health.status != status || !strstr(health.message, says))
		fail_msg("%s gives %s (%s)", answer ? answer : "no answer",
			status_word(health.status), health.message);
	cJSON_Delete(output);
	cJSON_Delete(object);
}

static void no_answer_that_cannot_be_read_is_ever_healthy(void **state)
{
	(void)state;
	struct health_tables *tables =
		tables_of("- match: {group: x, kind: Y}\n"
			  "  rules: [{if: .a, then: healthy}, {if: .b, then: conventions}]\n"
			  "  else: degraded\n");

	expect_answer(tables, "[0,\"good\"]", STATUS_HEALTHY, "good");
	expect_answer(tables, "[0,\"good: \"]", STATUS_HEALTHY, "good");
	expect_answer(tables, "[0]", STATUS_HEALTHY, "phase Ready"); // the words of the rules in C
	expect_answer(tables, "[0,null]", STATUS_HEALTHY, "phase Ready");
	expect_answer(tables, "[1]", STATUS_HEALTHY, "phase Ready");
	expect_answer(tables, "null", STATUS_DEGRADED, "as its health table (own.yaml:1) has it");
	expect_answer(tables, NULL, STATUS_UNKNOWN, "(own.yaml:1) cannot judge it: jq broke");
	static const char *const odd[] = {"[]", "[2]", "[-1]", "[0.5e9]", "[\"0\"]", "{}", "true",
		"0", "\"healthy\"", "[null]", NULL};
	for (size_t i = 0; odd[i]; i++)
		expect_answer(tables, odd[i], STATUS_UNKNOWN, "its answer cannot be read");
	health_tables_free(tables);
}

// What `answer` says of when to look again, in seconds since 1970; 0: it says nothing.
static void expect_again(const char *answer, int64_t seconds)
{
	struct health_tables *tables = tables_of("- match: {group: x, kind: Y}\n"
						 "  again: .until\n"
						 "  rules: [{if: .a, then: healthy}]\n");
	const char *text = "{\"apiVersion\":\"x/v1\",\"kind\":\"Y\"}";
	cJSON *object = json_parse(text, strlen(text), NULL);
	cJSON *output = json_parse(answer, strlen(answer), NULL);
	struct health_answer given = {.output = output};
	struct health_inquiry inquiry;
	struct health health;

	health_inquire(tables, object, (struct wall){.us = 1000 * US_PER_S}, &inquiry);
	assert_int_equal(inquiry.count, 1);
	health_conclude(&inquiry, &given, &health);
	assert_int_equal(health.again.us, seconds ? seconds * US_PER_S : WALL_NONE.us);
	cJSON_Delete(output);
	cJSON_Delete(object);
	health_tables_free(tables);
}

static void a_time_to_look_again_is_one_to_come(void **state)
{
	(void)state;
	expect_again("{\"again\":1001,\"ruling\":[0]}", 1001);
	expect_again("{\"again\":1001,\"ruling\":null}", 1001); // of conventions, too
	expect_again("{\"again\":1000,\"ruling\":[0]}", 0);
	expect_again("{\"again\":-5,\"ruling\":[0]}", 0);
	expect_again("{\"again\":-1e300,\"ruling\":[0]}", 0);
	expect_again("{\"again\":1e300,\"ruling\":[0]}", 0);
	expect_again("{\"again\":null,\"ruling\":[0]}", 0);
	expect_again("{\"again\":\"soon\",\"ruling\":[0]}", 0);
	expect_again("[0]", 0);
}

// The verdict on an object of a table that finds it healthy, or whatever else its rule says.
static void expect_heard(enum health_layer layer, const char *then, const char *status_fields,
	enum status status, const char *says)
{
	char text[512], table[256];
	struct health_inquiry inquiry;
	struct health health;

	snprintf(table, sizeof table,
		"- match: {group: x, kind: Y}\n  rules: [{if: .a, then: %s}]\n", then);
	snprintf(text, sizeof text, "{\"apiVersion\":\"x/v1\",\"kind\":\"Y\",\"status\":{%s}}",
		status_fields);
	struct health_tables *tables = tables_in(layer, table);
	cJSON *object = json_parse(text, strlen(text), NULL);
	cJSON *output = cJSON_Parse("[0,\"good\"]");
	struct health_answer given = {.output = output};
	health_inquire(tables, object, WALL_NONE, &inquiry);
	health_conclude(&inquiry, &given, &health);
	if (health.status != status || strcmp(health.message, says) != 0)
		fail_msg("%s gives %s (%s)", text, status_word(health.status), health.message);
	cJSON_Delete(output);
	cJSON_Delete(object);
	health_tables_free(tables);
}

#define ONE_CONDITION(type, status)                                                                \
	"\"conditions\":[{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"Why\"}]"

static void what_an_object_says_against_itself_is_heard_beside_a_table(void **state)
{
	(void)state;
	static const struct {
		const char *fields;
		enum status status;
		const char *says;
	} told[] = {
		{ONE_CONDITION("Ready", "True"), STATUS_HEALTHY, "good"},
		{ONE_CONDITION("Ready", "Unknown"), STATUS_PROGRESSING, "Why"},
		{ONE_CONDITION("Degraded", "True"), STATUS_DEGRADED, "Degraded: Why"},
		{ONE_CONDITION("Degraded", "False"), STATUS_HEALTHY, "good"},
		// Of one part, which the table may know better.
		{ONE_CONDITION("CacheReady", "False"), STATUS_HEALTHY, "good"},
		{ONE_CONDITION("FailedScale", "True"), STATUS_HEALTHY, "good"},
		{"\"error\":\"disk lost\"", STATUS_DEGRADED, "disk lost"},
		{"\"errorMessage\":\"disk lost\"", STATUS_DEGRADED, "disk lost"},
		{"\"errorMessage\":\"none\"", STATUS_HEALTHY, "good"},
		{"\"error\":{\"time\":\"2026\",\"message\":\"old\"}", STATUS_HEALTHY, "good"},
		{"\"phase\":\"Failed\"", STATUS_DEGRADED, "phase Failed"},
	};

	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		expect_heard(
			HEALTH_CARRIED, "healthy", told[i].fields, told[i].status, told[i].says);
	// A table of the user's has the last word, and one that finds something has found it.
	expect_heard(HEALTH_USER, "healthy", "\"error\":\"disk lost\"", STATUS_HEALTHY, "good");
	expect_heard(
		HEALTH_CARRIED, "suspended", "\"error\":\"disk lost\"", STATUS_SUSPENDED, "good");
}

static void what_needs_no_table_is_not_asked(void **state)
{
	(void)state;
	static const struct {
		const char *object;
		size_t count;
	} objects[] = {
		{"{\"apiVersion\":\"x/v1\",\"kind\":\"Y\",\"metadata\":{\"deletionTimestamp\":"
		 "\"2026-07-03T11:00:00Z\"}}",
			0},
		{"{\"apiVersion\":\"x/v1\"}", 0}, {"7", 0},
		{"{\"apiVersion\":\"x/v1\",\"kind\":\"Y\"}", 1},
		{"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}",
			1}, // the user's come before the rules in C
	};
	struct health_tables *tables = tables_of("- {match: {group: \"*\", kind: \"*\"}}\n");

	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		cJSON *object = json_parse(objects[i].object, strlen(objects[i].object), NULL);
		struct health_inquiry inquiry;

		health_inquire(tables, object, WALL_NONE, &inquiry);
		assert_int_equal(inquiry.count, objects[i].count);
		cJSON_Delete(object);
	}
	health_tables_free(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_said_with_their_place),
		cmocka_unit_test(a_table_with_mistakes_stays_and_makes_unknown),
		cmocka_unit_test(expressions_are_given_with_their_place),
		cmocka_unit_test(exact_ones_come_before_patterns_and_earlier_before_later),
		cmocka_unit_test(a_star_is_any_text),
		cmocka_unit_test(what_jq_sees_has_no_managed_fields),
		cmocka_unit_test(no_answer_that_cannot_be_read_is_ever_healthy),
		cmocka_unit_test(a_time_to_look_again_is_one_to_come),
		cmocka_unit_test(what_an_object_says_against_itself_is_heard_beside_a_table),
		cmocka_unit_test(what_needs_no_table_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
