// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/lint.h"

// A runbook that lacks nothing; each test takes something away or puts something in.
#define HEAD                                                                                       \
	"relight: 1\n"                                                                             \
	"name: whole\n"                                                                            \
	"title: T\n"                                                                               \
	"owner: o\n"                                                                               \
	"contacts: [{role: r, who: w}]\n"                                                          \
	"scope: {level: cluster, capability: c}\n"                                                 \
	"objectives: {rpo: 1m, rto: 1h, mtd: 4h}\n"                                                \
	"validated: {at: 2026-06-15, every: 90d}\n"                                                \
	"trigger: {disasters: [cluster-failure]}\n"                                                \
	"state: [{id: pg, category: persistent-data, backup: pitr}]\n"                             \
	"backup_policy: [{what: pg, tested_every: 30d, immutable: true, copies: [x]}]\n"           \
	"restore_points: [{id: p, of: pg, at: {command: [x], jq: .}}]\n"                           \
	"continuity: {roles: [scribe], fallback: paper, cadence: [{every: 15m, say: s}]}\n"        \
	"evidence: [{kind: log, what: w}]\n"                                                       \
	"abort: {criteria: [c], steps: [undo]}\n"
#define DEPENDENCIES "dependencies:\n- {id: j, layer: journey, proves: L4, check: {manual: q}}\n"
#define TIMES        ", takes: 1m, timeout: 2m"
#define STEPS                                                                                      \
	"steps:\n- {id: a, run: {command: [x]}, restores: [j]" TIMES "}\n"                         \
	"- {id: undo, run: {command: [x]}" TIMES "}\n"

// The codes of all warnings, in their order, as one text.
static char *codes_of(const char *text)
{
	struct diags diags = {.file = "t"};
	struct runbook *runbook = runbook_load(text, strlen(text), ".", &diags);
	struct buf codes = {0};

	assert_non_null(runbook);
	lint_runbook(runbook, &diags);
	assert_int_equal(diags.errors, 0);
	for (size_t i = 0; i < diags.count; i++) {
		assert_true(diags.items[i].line > 0);
		buf_printf(&codes, "%s%s", i ? " " : "", diags.items[i].code);
	}
	runbook_free(runbook);
	diags_fini(&diags);
	return buf_take(&codes);
}

static void assert_codes(const char *text, const char *expected)
{
	char *codes = codes_of(text);

	assert_string_equal(codes, expected);
	free(codes);
}

static void a_whole_runbook_has_no_warnings(void **unused)
{
	(void)unused;
	assert_codes(HEAD DEPENDENCIES STEPS, "");
}

// Taking away each line of the head in turn brings its own warning.
static void each_missing_part_is_told(void **unused)
{
	static const struct {
		const char *line, *codes;
	} parts[] = {
		{"title:", "no-title"},
		{"owner:", "no-owner"},
		{"contacts:", "no-contacts"},
		{"scope:", "no-scope"},
		{"objectives:", "no-objectives"},
		{"validated:", "no-validated"},
		{"trigger:", "no-trigger"},
		{"backup_policy:", "no-backup-policy"},
		{"restore_points:", "no-restore-points"},
		{"continuity:", "no-roles no-fallback no-cadence"},
		{"evidence:", "no-evidence"},
		{"abort:", "no-abort"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		static const char whole[] = HEAD DEPENDENCIES STEPS;
		const char *line = strstr(whole, parts[i].line);
		struct buf text = {0};
		buf_add(&text, whole, (size_t)(line - whole));
		buf_text(&text, strchr(line, '\n') + 1);
		assert_codes(buf_str(&text), parts[i].codes);
		buf_fini(&text);
	}
}

static void a_bare_step_is_told_what_it_lacks(void **unused)
{
	(void)unused;
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b}\n", "no-takes empty-step");
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b, each: [x, y, z], manual: m}\n", "no-takes");
	assert_codes(
		HEAD DEPENDENCIES STEPS "- {id: b, run: {command: [x]}}\n", "no-takes no-timeout");
	// Only what runs has an attempt that a timeout could end.
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b, manual: m, takes: 1m}\n", "");
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b, restores: [j], takes: 1m}\n", "");
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b, manual: m, takes: 3m, timeout: 2m}\n",
		"takes-over-timeout");
	assert_codes(HEAD DEPENDENCIES STEPS
		"- {id: b, decide: {question: q, options: [{id: x}, {id: y}]}" TIMES "}\n",
		"decision-unused");
}

static void destructive_steps_want_a_name_and_a_way_back(void **unused)
{
	(void)unused;
	assert_codes(HEAD DEPENDENCIES STEPS
		"- {id: b, destructive: true, run: {command: [x]}" TIMES "}\n",
		"typed-name no-rollback");
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b, destructive: true, point_of_no_return: "
					     "true, confirm: c, run: {command: [x]}" TIMES "}\n",
		"");
	assert_codes(HEAD "targets: {t: {kubernetes: {context: c}}}\n" DEPENDENCIES STEPS
			  "- {id: b, target: t, run: {kubernetes: {target: t, delete: {resource: "
			  "ns, name: x}}}" TIMES "}\n",
		"delete-not-destructive");
	// Which context is current is known when the incident opens.
	assert_codes(HEAD "targets: {t: {kubernetes: {}}}\n" DEPENDENCIES STEPS
			  "- {id: b, destructive: true, target: t, run: {command: [x]}, rollback: "
			  "{command: [x]}" TIMES "}\n",
		"");
	assert_codes(HEAD DEPENDENCIES STEPS "- {id: b, confirm: c, manual: m" TIMES "}\n",
		"confirm-unused");
}

static void what_nothing_refers_to_is_told(void **unused)
{
	(void)unused;
	assert_codes(
		HEAD DEPENDENCIES "- {id: d, check: {manual: q}}\n" STEPS, "unused-dependency");
	assert_codes(
		HEAD DEPENDENCIES "- {id: d, check: {manual: q}}\npreconditions: [d]\n" STEPS, "");
	assert_codes(HEAD "inputs: {i: {ask: q}}\n" DEPENDENCIES STEPS, "unused-input");
	assert_codes(HEAD "inputs: {i: {}}\n" DEPENDENCIES STEPS
			  "- {id: b, manual: \"${input.i}\"" TIMES "}\n",
		"no-ask");
	assert_codes(HEAD "inputs: {i: {ask: q, default: v, secret: true}}\n" DEPENDENCIES STEPS
			  "- {id: b, manual: m, sets: [i]" TIMES "}\n",
		"secret-default");
}

static void the_journey_is_proven(void **unused)
{
	(void)unused;
	assert_codes(HEAD "dependencies: [{id: j, proves: L4, check: {manual: q}}]\n" STEPS,
		"no-journey");
	assert_codes(HEAD
		"dependencies: [{id: j, layer: journey, proves: L3, check: {manual: q}}]\n" STEPS,
		"no-proof");
	assert_codes(HEAD DEPENDENCIES "steps: [{id: undo, manual: x" TIMES "}]\n",
		"journey-not-restored");
	assert_codes(HEAD "functions: [{id: f}]\n" DEPENDENCIES STEPS, "function-no-journey");
}

static void weak_backups_are_told(void **unused)
{
	static const char whole[] = HEAD DEPENDENCIES STEPS;
	struct buf text = {0};
	const char *line = strstr(whole, "backup_policy:");

	(void)unused;
	buf_add(&text, whole, (size_t)(line - whole));
	buf_text(&text, "backup_policy: [{what: pg}]\n");
	buf_text(&text, strchr(line, '\n') + 1);
	assert_codes(buf_str(&text), "backup-untested backup-no-copy backup-mutable");
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_runbook_has_no_warnings),
		cmocka_unit_test(each_missing_part_is_told),
		cmocka_unit_test(a_bare_step_is_told_what_it_lacks),
		cmocka_unit_test(destructive_steps_want_a_name_and_a_way_back),
		cmocka_unit_test(what_nothing_refers_to_is_told),
		cmocka_unit_test(the_journey_is_proven),
		cmocka_unit_test(weak_backups_are_told),
	};

	return cmocka_run_group_tests_name("core/lint", tests, NULL, NULL);
}
