// SPDX-License-Identifier: Apache-2.0
#include "relight/judge.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/memory.h"

// The judge with jq beside it, and the tables that the program carries. Run at the top of the tree,
// as make does. This program plays both sides: with "jq" as its argument it is the child.

static char executable[4096];

static const char tables_text[] =
	"- match: {group: shop.example.io, kind: Till}\n"
	"  rules:\n"
	"    - {if: '.status.open', then: healthy, message: '\"open since \\(.status.since)\"'}\n"
	"    - {if: '.status.broken == 1', then: degraded, message: '.status.broken | .x'}\n"
	"    - {if: 'is(\"Locked\")', then: suspended, message: 'says(\"Locked\")'}\n"
	"    - {if: '.status.late > $now', then: progressing, message: '\"early\"'}\n"
	"    - {if: '.status.bad | error', then: healthy}\n"
	"- match: {group: \"*.example.io\", kind: [\"*\"]}\n"
	"  rules:\n"
	"    - {if: '.status.word == \"fine\"', then: healthy}\n"
	"    - {if: '.status.word == \"as before\"', then: conventions}\n"
	"  else: degraded\n";

struct bench {
	uv_loop_t loop;
	struct jq *jq;
	struct health_tables *tables;
	struct judge *judge;
};

static void add_tables(struct bench *bench, enum health_layer layer, const char *text)
{
	struct diags diags = {.file = "test.yaml"};

	health_tables_add(bench->tables, layer, text, strlen(text), &diags);
	if (diags.errors)
		fail_msg("%s", diags.items[0].message);
	diags_fini(&diags);
}

static int set_up(void **state)
{
	struct bench *bench = memory_zeroed(1, sizeof *bench);

	uv_loop_init(&bench->loop);
	bench->jq = jq_new(&bench->loop, executable);
	bench->tables = health_tables_new();
	bench->judge = judge_new(bench->jq, bench->tables);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	judge_free(bench->judge);
	jq_free(bench->jq);
	uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	health_tables_free(bench->tables);
	free(bench);
	return 0;
}

static cJSON *parse(const char *object)
{
	char text[4096];

	assert_true(strlen(object) < sizeof text);
	strcpy(text, object);
	for (char *quote = text; (quote = strchr(quote, '\''));)
		*quote = '"';
	cJSON *value = json_parse(text, strlen(text), NULL);
	if (!value)
		fail_msg("the example is no JSON: %s", text);
	return value;
}

struct verdict_seen {
	int calls;
	struct health health;
};

static void see(void *context, const struct health *health)
{
	struct verdict_seen *seen = context;

	seen->calls++;
	seen->health = *health;
}

static struct health judged(struct bench *bench, const char *object)
{
	struct verdict_seen seen = {0};
	cJSON *value = parse(object);
	struct wall now;

	assert_true(wall_parse("2026-07-03T12:00:00Z", &now));
	judge_object(bench->judge, value, now, 60000, see, &seen);
	cJSON_Delete(value);
	while (seen.calls == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	assert_int_equal(seen.calls, 1);
	return seen.health;
}

static void expect(struct bench *bench, const char *object, enum status status, const char *says,
	const char *rule)
{
	struct health health = judged(bench, object);

	if (health.status != status || !strstr(health.message, says) ||
		strcmp(health.rule, rule) != 0)
		fail_msg("%s\n  is %s (%s) by %s", object, status_word(health.status),
			health.message, health.rule);
}

#define OBJECT(group, kind, status)                                                                \
	"{'apiVersion':'" group "/v1','kind':'" kind "','metadata':{'name':'a'},'status':{" status \
	"}}"
#define TILL(status) OBJECT("shop.example.io", "Till", status)

static void tables_decide_by_their_first_rule_that_applies(void **state)
{
	struct bench *bench = *state;
	const char *rule = "table/shop.example.io/Till";

	add_tables(bench, HEALTH_CARRIED, tables_text);
	expect(bench, TILL("'open':true,'since':'noon'"), STATUS_HEALTHY, "open since noon", rule);
	expect(bench,
		TILL("'conditions':[{'type':'Locked','status':'True','reason':'Key','message':'m'}"
		     "]"),
		STATUS_SUSPENDED, "Key: m", rule);
	// 2026-07-03T12:00:00Z and an hour more
	expect(bench, TILL("'late':1783083600"), STATUS_PROGRESSING, "early", rule);
	expect(bench, OBJECT("other.example.io", "Thing", "'word':'fine'"), STATUS_HEALTHY,
		"as its health table (test.yaml:8) has it", "table/*.example.io/*");
	expect(bench, OBJECT("other.example.io", "Thing", "'word':'x'"), STATUS_DEGRADED, "",
		"table/*.example.io/*");
	expect(bench, OBJECT("other.example.io", "Thing", "'word':'as before','phase':'Failed'"),
		STATUS_DEGRADED, "phase Failed", "convention/phase");
	expect(bench, OBJECT("example.io", "Thing", "'phase':'Ready'"), STATUS_HEALTHY, "Ready",
		"convention/phase");
}

static void what_jq_cannot_say_is_unknown_and_never_healthy(void **state)
{
	struct bench *bench = *state;
	const char *rule = "table/shop.example.io/Till";

	add_tables(bench, HEALTH_CARRIED, tables_text);
	expect(bench, TILL("'bad':'it hurts'"), STATUS_UNKNOWN,
		"its health table (test.yaml:1) cannot judge it: it hurts", rule);
	expect(bench, "{'apiVersion':'shop.example.io/v1','kind':'Till','status':'x'}",
		STATUS_UNKNOWN, "Cannot index string", rule);
	// Words that cannot be made do not cost the status.
	expect(bench, TILL("'broken':1"), STATUS_DEGRADED, "the words of this rule cannot be made",
		rule);
	// The child ends over it, and others are judged all the same.
	add_tables(bench, HEALTH_USER,
		"- match: {group: loop.io, kind: '*'}\n  rules: [{if: '[repeat(1)]', then: "
		"healthy}]\n"
		"- match: {group: bad.io, kind: '*'}\n  rules: [{if: '1 +', then: healthy}]\n");
	struct verdict_seen seen = {0};
	cJSON *value = parse(OBJECT("loop.io", "Thing", "'a':1"));
	judge_object(bench->judge, value, WALL_NONE, 300, see, &seen);
	cJSON_Delete(value);
	expect(bench, TILL("'open':true,'since':'noon'"), STATUS_HEALTHY, "open", rule);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.health.status, STATUS_UNKNOWN);
	expect(bench, OBJECT("bad.io", "Thing", "'a':1"), STATUS_UNKNOWN, "syntax error",
		"table/bad.io/*");
}

static void a_users_table_comes_before_all_rules(void **state)
{
	struct bench *bench = *state;
	const char *deployment = "{'apiVersion':'apps/v1','kind':'Deployment','spec':{'replicas':0"
				 "},'status':{'observedGeneration':1}}";

	add_tables(bench, HEALTH_CARRIED, tables_text);
	expect(bench, deployment, STATUS_HEALTHY, "0 of 0", "builtin/Deployment");
	add_tables(bench, HEALTH_USER,
		"- match: {group: apps, kind: Deployment}\n"
		"  rules: [{if: '.spec.replicas == 0', then: suspended, message: '\"scaled to "
		"nothing\"'}]\n"
		"- match: {group: shop.example.io, kind: Till}\n"
		"  rules: [{if: '.status.mine', then: missing, message: '\"mine\"'}]\n");
	expect(bench, deployment, STATUS_SUSPENDED, "scaled to nothing", "table/apps/Deployment");
	expect(bench, TILL("'mine':true"), STATUS_MISSING, "mine", "table/shop.example.io/Till");
	// Without a word of the user's, it is as without the user's table.
	expect(bench, TILL("'open':true,'since':1"), STATUS_HEALTHY, "open since 1",
		"table/shop.example.io/Till");
}

static void many_come_back_each_once_and_none_after_it_was_cancelled(void **state)
{
	struct bench *bench = *state;
	static struct verdict_seen seen[700];
	int64_t tickets[700];
	size_t left = 0;

	memset(seen, 0, sizeof seen);
	add_tables(bench, HEALTH_CARRIED, tables_text);
	cJSON *value = parse(TILL("'open':true,'since':'noon'"));
	assert_false(judge_is_busy(bench->judge));
	for (size_t i = 0; i < 700; i++) {
		tickets[i] = judge_object(bench->judge, value, WALL_NONE, 60000, see, &seen[i]);
		assert_true(tickets[i] > 0);
		assert_int_equal(seen[i].calls, 0);
	}
	cJSON_Delete(value);
	assert_true(judge_is_busy(bench->judge));
	for (size_t i = 0; i < 700; i += 7)
		judge_cancel(bench->judge, tickets[i]);
	judge_cancel(bench->judge, 0);
	for (int turn = 0; turn < 10000 && judge_is_busy(bench->judge); turn++)
		uv_run(&bench->loop, UV_RUN_ONCE);
	while (seen[699].calls == 0)
		uv_run(&bench->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < 700; i++) {
		assert_int_equal(seen[i].calls, i % 7 ? 1 : 0);
		left += seen[i].calls == 1 && seen[i].health.status == STATUS_HEALTHY;
	}
	assert_int_equal(left, 600);
	assert_false(judge_is_busy(bench->judge));
}

// --- the tables of the program ---------------------------------------------------------------------------------------

static void bad_program(void *context, size_t index, const char *message)
{
	const char *file;
	int line, column;

	health_tables_expression(context, HEALTH_CARRIED, index, &file, &line, &column);
	fail_msg("%s:%d:%d: jq: %s", file, line, column, message);
}

static void load_carried(struct health_tables *tables)
{
	glob_t files;

	assert_int_equal(glob("runbooks/health/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct diags diags = {.file = files.gl_pathv[i]};
		char *text = memory_zeroed(1, HEALTH_TABLE_MAX_BYTES);
		FILE *file = fopen(files.gl_pathv[i], "r");

		assert_non_null(file);
		size_t length = fread(text, 1, HEALTH_TABLE_MAX_BYTES - 1, file);
		fclose(file);
		health_tables_add(tables, HEALTH_CARRIED, text, length, &diags);
		if (diags.count)
			fail_msg("%s:%d:%d: %s", diags.file, diags.items[0].line,
				diags.items[0].column, diags.items[0].message);
		diags_fini(&diags);
		free(text);
	}
	globfree(&files);
}

static void the_programs_own_tables_load_and_compile(void **state)
{
	struct bench *bench = *state;
	const char *text, *file, *texts[4000];
	int line, column;
	size_t count = 0;
	struct err err;

	load_carried(bench->tables);
	while ((text = health_tables_expression(
			bench->tables, HEALTH_CARRIED, count, &file, &line, &column))) {
		assert_true(count < sizeof texts / sizeof *texts);
		texts[count++] = text;
	}
	assert_true(count > 100);
	if (!jq_check_programs(executable, texts, count, bad_program, bench->tables, &err))
		fail_msg("%s", err.message);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "jq") == 0)
		return jq_serve(0, 1);
	size_t size = sizeof executable;
	uv_exepath(executable, &size);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			tables_decide_by_their_first_rule_that_applies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_jq_cannot_say_is_unknown_and_never_healthy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_users_table_comes_before_all_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			many_come_back_each_once_and_none_after_it_was_cancelled, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			the_programs_own_tables_load_and_compile, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
