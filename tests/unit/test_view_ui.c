// SPDX-License-Identifier: Apache-2.0
//
// Conversations at the keyboard: keys go in, what the intents lead to is decided and folded as the
// engine does it, and what the screen would show is asserted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/decide.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/ui.h"

static const char runbook_text[] =
	"relight: 1\n"
	"name: small\n"
	"objectives: {rto: 60m, mtd: 4h}\n"
	"inputs:\n"
	"  backup: {ask: which backup}\n"
	"  token: {ask: the token, secret: true}\n"
	"  region: {ask: where, choices: [north, south]}\n"
	"targets:\n"
	"  recovery: {role: recovery, created_by: build, kubernetes: {context: dr-apse3}}\n"
	"restore_points:\n"
	"  - {id: pg, title: PostgreSQL, at: {command: [a], jq: .t}}\n"
	"  - {id: objects, title: Objects, at: {command: [a], jq: .t}}\n"
	"dependencies:\n"
	"  - {id: network, check: {tcp: {host: h, port: 1}}}\n"
	"  - {id: database, check: {tcp: {host: h, port: 2}}}\n"
	"  - {id: mirror, check: {manual: 'is the mirror there?'}}\n"
	"phases: [ground, data, journey, traffic]\n"
	"steps:\n"
	"  - {id: build, phase: ground, takes: 4m, timeout: 10m, run: {command: [make, 'it now']}, "
	"restores: [network]}\n"
	"  - {id: quota, manual: Look at the quota., needs: [], text: \"one\\ntwo\\n\\nthree\\n- "
	"four\"}\n"
	"  - {id: way, decide: {question: 'Which way?', options: [{id: left, say: Left}, {id: "
	"right, say: Right}]}, needs: []}\n"
	"  - {id: fill, phase: data, takes: 1m, run: {command: [fill, '${input.backup}']}, needs: "
	"[build], restores: [database]}\n"
	"  - {id: mind, again: never, run: {command: [mind], dir: infra, env: {A: b c}}, needs: "
	"[build], text: \"Mind\\nthe gap.\"}\n"
	"  - {id: look, phase: journey, manual: Look., needs: [fill]}\n"
	"  - {id: shift, phase: traffic, destructive: true, target: recovery, run: {command: "
	"[shift]}, needs: [],\n"
	"     point_of_no_return: true}\n"
	"  - {id: undo, run: {kubernetes: {target: recovery, delete: {resource: pods, name: p}}}}\n"
	"abort: {steps: [undo]}\n";

static const char clusters_text[] =
	"relight: 1\n"
	"name: clusters\n"
	"targets:\n"
	"  prod: {kubernetes: {context: admin@prod}}\n"
	"dependencies:\n"
	"  - {id: old, check: {kubernetes: {target: prod, resource: deploy, name: old}}}\n"
	"  - {id: api, check: {kubernetes: {target: prod, readyz: true}}}\n"
	"  - {id: mixed, checks: [{kubernetes: {target: prod, readyz: true}}, {command: [x]}]}\n"
	"  - {id: other, check: {command: [x]}}\n"
	"steps:\n"
	"  - {id: drop, destructive: true, takes: 1m, run: {kubernetes: {target: prod, delete: "
	"{resource: deploy, name: old}}}}\n"
	"  - {id: fill, needs: [], takes: 1m, run: {kubernetes: {target: prod, apply: "
	"[case/, late.yaml]}}}\n"
	"  - {id: local, needs: [], takes: 1m, run: {command: [x]}}\n"
	"  - {id: bounce, needs: [], takes: 1m, restores: [other], run: {kubernetes: {target: "
	"prod, "
	"restart: {resource: deploy, name: api}}}, rollback: {kubernetes: {target: prod, scale: "
	"{resource: deploy, name: api, replicas: 0}}}}\n"
	"  - {id: long, needs: [], takes: 1m, run: {kubernetes: {target: prod, apply: "
	"{apiVersion: v1, kind: A,\n"
	"     metadata: {name: big}, a: x, b: x, c: x}}}}\n";

static const char asking_text[] =
	"relight: 1\n"
	"name: asking\n"
	"inputs:\n"
	"  ticket: {ask: which ticket, pattern: '[A-Z]+-[0-9]+'}\n"
	"  host: {ask: which host}\n"
	"  who: {ask: who was told}\n"
	"steps:\n"
	"  - {id: tell, manual: Tell them., needs: [], sets: [ticket]}\n"
	"  - {id: find, manual: Find it., needs: [], sets: [host, who], text: \"one\\n\"}\n"
	"  - {id: wipe, manual: Wipe it., needs: [], destructive: true, sets: [host]}\n";

struct desk {
	struct runbook *runbook;
	struct plan *plan;
	struct state *state;
	struct sensed *sensed;
	struct substitution values;
	struct facts facts;
	struct watch watches[16];
	struct flap flaps[16];
	int64_t next_token;
	struct ui ui;
	struct intent intent; // the newest that was wanted
	bool was_wanted, was_done;
};

static struct moment at(int64_t seconds)
{
	int64_t us = INT64_C(1783047600) * US_PER_S + seconds * US_PER_S; // 2026-07-03T03:00:00Z

	return (struct moment){{us}, {us}};
}

static void fold(struct desk *desk, struct event *event)
{
	event->seq = desk->state->events;
	event->ts = desk->facts.now.wall;
	event->mono = desk->facts.now.mono;
	state_apply(desk->state, event);
	event_free(event);
}

static void happens(
	struct desk *desk, enum event_kind kind, const char *step, int attempt, const char *data)
{
	struct event *event = event_new(kind);

	event->by = memory_copy_text("ana");
	event->attempt = attempt;
	if (step)
		event_set_step(event, step);
	cJSON_Delete(event->data);
	event->data = cJSON_Parse(data);
	assert_non_null(event->data);
	fold(desk, event);
}

static int desk_of(void **out, const char *text)
{
	struct desk *desk = memory_zeroed(1, sizeof *desk);
	struct diags diags = {.file = "small.yaml"};
	struct buf complaints = {0};

	desk->runbook = runbook_load(text, strlen(text), ".", &diags);
	if (!desk->runbook) {
		diags_print(&diags, &complaints);
		fail_msg("%s", buf_str(&complaints));
	}
	diags_fini(&diags);
	desk->plan = plan_new(desk->runbook);
	desk->state = state_new(desk->runbook, desk->plan);
	desk->sensed = sensed_new(desk->runbook->dependency_count);
	desk->values = (struct substitution){
		.runbook = desk->runbook, .inputs = (const char *const *)desk->state->inputs};
	desk->facts = (struct facts){.runbook = desk->runbook,
		.plan = desk->plan,
		.state = desk->state,
		.sensed = desk->sensed,
		.values = &desk->values,
		.now = at(0),
		.speed = 1,
		.watches = desk->watches,
		.flaps = desk->flaps,
		.next_token = &desk->next_token,
		.is_recording = true};
	happens(desk, EVENT_SESSION_OPEN, NULL, 0, "{}");
	happens(desk, EVENT_INCIDENT_DECLARED, NULL, 0, "{\"id\":\"20260703T030000Z-small\"}");
	happens(desk, EVENT_MODE_ARMED, NULL, 0, "{}");
	ui_init(&desk->ui, &desk->facts, 24, 80);
	desk->ui.now_us = 1000000;
	*out = desk;
	return 0;
}

static int desk_new(void **out)
{
	return desk_of(out, runbook_text);
}

static int clusters_new(void **out)
{
	return desk_of(out, clusters_text);
}

static int asking_new(void **out)
{
	return desk_of(out, asking_text);
}

static int desk_free(void **in)
{
	struct desk *desk = *in;

	ui_fini(&desk->ui);
	sensed_free(desk->sensed);
	state_free(desk->state);
	plan_free(desk->plan);
	runbook_free(desk->runbook);
	free(desk);
	return 0;
}

// What the engine does with an intent.
static void carry_out(struct desk *desk)
{
	struct decision decision = {0};
	struct err why = {0};

	desk->was_done = decide_intent(&desk->facts, &desk->intent, &decision, &why);
	for (size_t i = 0; i < decision.event_count; i++) {
		if (!decision.events[i]->by)
			decision.events[i]->by = memory_copy_text("ana");
		fold(desk, decision.events[i]);
	}
	decision.event_count = 0;
	decision_fini(&decision);
	bool is_look = desk->intent.kind == INTENT_VERIFY; // it has an answer of its own
	ui_answer(&desk->ui, desk->was_done,
		!desk->was_done ? why.message
		: is_look       ? NULL
				: "done");
}

// Presses a key as a person does, who reads what is on the screen first.
static void press(struct desk *desk, int key)
{
	desk->ui.now_us += 200000;
	desk->was_wanted = ui_key(&desk->ui, &desk->facts, key, &desk->intent);
	if (desk->was_wanted)
		carry_out(desk);
}

static void type(struct desk *desk, const char *text)
{
	for (; *text; text++)
		press(desk, (unsigned char)*text);
}

static int step_of(const struct desk *desk, const char *id)
{
	int step = runbook_step(desk->runbook, id);

	assert_true(step >= 0);
	return step;
}

static void select_step(struct desk *desk, const char *id)
{
	press(desk, ':');
	type(desk, id);
	press(desk, K_ENTER);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, id));
}

static enum step_state state_of(const struct desk *desk, const char *id)
{
	return state_step(desk->state, step_of(desk, id), desk->facts.now.wall);
}

// The checklist as one line: "open ground( build quota way )…".
static const char *shown(const struct desk *desk)
{
	static char text[512];
	struct row rows[64];
	size_t count = ui_rows(&desk->ui, &desk->facts, rows, 64);

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char word[80] = "?";

		switch (rows[i].kind) {
		case ROW_OPEN: snprintf(word, sizeof word, "OPEN"); break;
		case ROW_OPEN_LINE: snprintf(word, sizeof word, "o%d", rows[i].index); break;
		case ROW_PHASE:
			snprintf(word, sizeof word,
				"%s:", desk->runbook->phases.items[rows[i].index]);
			break;
		case ROW_STEP:
			snprintf(word, sizeof word, "%s", desk->runbook->steps[rows[i].index].id);
			break;
		case ROW_RETURN_LINE: snprintf(word, sizeof word, "==="); break;
		case ROW_ABORT: snprintf(word, sizeof word, "ABORT"); break;
		}
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
			word);
	}
	return text;
}

static const char *hints(const struct desk *desk)
{
	static char text[1024];
	struct key_hint items[40];
	size_t count = ui_key_hints(&desk->ui, &desk->facts, items, 40);

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %s", i ? "  " : "",
			items[i].key, items[i].label);
	return text;
}

static void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(null)");
}

static void build_is_done(struct desk *desk)
{
	happens(desk, EVENT_STEP_INTENT, "build", 1, "{\"role\":\"run\",\"action\":{}}");
	happens(desk, EVENT_STEP_RESULT, "build", 1,
		"{\"outcome\":\"success\",\"exit\":0,\"duration_ms\":1}");
	happens(desk, EVENT_STEP_VERIFIED, "build", 1, "{}");
}

// --- starting --------------------------------------------------------------------------------------------------------

static void a_step_shows_what_will_run_before_it_does(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	assert_contains(desk->ui.dialog.body, "make 'it now'");
	assert_contains(desk->ui.dialog.body, "takes  4m, timeout 10m");
	assert_contains(desk->ui.dialog.body, "network");
	assert_int_equal(state_of(desk, "build"), STEP_READY);
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_int_equal(state_of(desk, "build"), STEP_RUNNING);
	assert_string_equal(desk->ui.message, "done");
}

static void escape_leaves_everything_as_it_was(void **state)
{
	struct desk *desk = *state;
	static const int leaving[] = {K_ESCAPE, K_CTRL_C, 'n'};

	select_step(desk, "build");
	for (size_t i = 0; i < 3; i++) {
		press(desk, 's');
		assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
		press(desk, leaving[i]);
		assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
		assert_int_equal(state_of(desk, "build"), STEP_READY);
	}
}

static void a_dialog_says_all_that_matters_beforehand(void **state)
{
	struct desk *desk = *state;

	build_is_done(desk);
	select_step(desk, "mind");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, "run    mind\nin     ./infra\nwith   A='b c'\n");
	assert_contains(desk->ui.dialog.body, "again  NEVER");
	assert_contains(desk->ui.dialog.body, "\nMind the gap.\n");
	press(desk, K_ESCAPE);
	select_step(desk, "quota");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, "Look at the quota.\none two\n\nthree\n- four\n");
	press(desk, K_ESCAPE);
}

static void sense_with(
	struct desk *desk, const char *id, const char *status, const char *message, int64_t token)
{
	cJSON *observation = json_object();

	json_add_text(observation, "dependency", id);
	json_add_text(observation, "status", status);
	json_add_text(observation, "message", message);
	json_add_int(observation, "token", token);
	assert_true(sensed_observe(desk->sensed, desk->state, observation, desk->facts.now.mono,
			    NULL) >= 0);
	cJSON_Delete(observation);
}

static void sense(struct desk *desk, const char *id, const char *status, int64_t token)
{
	sense_with(desk, id, status, "as seen", token);
}

static void sense_of(struct desk *desk, const char *id, const char *status, const char *message)
{
	sense_with(desk, id, status, message, 0);
}

// The record follows what is sensed.
static void fresh(struct desk *desk, const char *id)
{
	struct event *event = event_new(EVENT_DEPENDENCY_FRESH);

	event->by = memory_copy_text("relight");
	event_set_dependency(event, id);
	json_add_text(event->data, "status", "unknown");
	fold(desk, event);
}

static void prod_is_known(struct desk *desk)
{
	cJSON *line = cJSON_Parse("{\"target\":\"prod\",\"namespace\":\"shop\"}");

	sensed_take_target(desk->sensed, desk->runbook, line);
	cJSON_Delete(line);
	happens(desk, EVENT_TARGET_PINNED, NULL, 0,
		"{\"target\":\"prod\",\"endpoint\":\"https://10.0.0.1:6443\",\"fingerprint\":"
		"{\"uid\":\"0b1c77aa-2e\"}}");
}

// What is destroyed, on which server, and in which namespace, where only the kubeconfig says so.
static void a_dialog_names_the_cluster_and_the_namespace(void **state)
{
	struct desk *desk = *state;

	prod_is_known(desk);
	select_step(desk, "drop");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TYPE);
	assert_contains(desk->ui.dialog.title, "DESTRUCTIVE");
	assert_contains(desk->ui.dialog.body,
		"run    kubernetes delete deploy old -n shop on prod\n"
		"on     prod (admin@prod), https://10.0.0.1:6443\n"
		"       uid 0b1c77aa-2e  \n"
		"in     namespace shop, the kubeconfig's\n");
	press(desk, K_ESCAPE);
	select_step(desk, "fill");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body,
		"in     namespace shop, the kubeconfig's, where an object names none\n");
	press(desk, K_ESCAPE);
	select_step(desk, "local");
	press(desk, 's');
	assert_null(strstr(desk->ui.dialog.body, "namespace"));
}

// Of what is long the first line comes first, and all of it last: the cluster stays on the screen.
static void a_dialog_ends_with_what_is_long(void **state)
{
	struct desk *desk = *state;

	prod_is_known(desk);
	select_step(desk, "long");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, "A/big on prod (and 7 lines, below)\n"
					      "on     prod (admin@prod)");
	const char *takes = strstr(desk->ui.dialog.body, "takes  1m");
	assert_non_null(takes);
	assert_contains(takes, "\napiVersion: v1\n");
	assert_contains(takes, "\nc: x\n");
	press(desk, K_ESCAPE);
}

// What is not the same when it is done twice is said so, beside the way to look first.
static void a_dialog_says_what_is_done_once_more(void **state)
{
	struct desk *desk = *state;
	static const char once_more[] = "it restarts ONCE MORE";

	prod_is_known(desk);
	select_step(desk, "bounce");
	press(desk, 's');
	assert_null(strstr(desk->ui.dialog.body, once_more));
	press(desk, K_ESCAPE);
	happens(desk, EVENT_STEP_INTENT, "bounce", 1, "{\"role\":\"run\",\"action\":{}}");
	happens(desk, EVENT_STEP_UNKNOWN, "bounce", 1, "{\"why\":\"lost\"}");
	press(desk, 'r');
	assert_contains(desk->ui.dialog.body,
		"before attempt 1: unknown\n"
		"Run again, it restarts ONCE MORE, whether or not that did.\n"
		"Look first whether the last attempt did its work after all: v verifies.\n");
	press(desk, K_ESCAPE);
	type(desk, ":rollback bounce");
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.body, "undo   kubernetes scale deploy api");
	assert_null(strstr(desk->ui.dialog.body, "ONCE MORE"));
	press(desk, K_ESCAPE);
}

// Files by what they hold, as they were when the incident opened.
static void a_dialog_names_what_is_applied(void **state)
{
	static const char api[] = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n"
				  "---\napiVersion: v1\nkind: Service\nmetadata: {name: api, "
				  "namespace: edge}\n";
	struct desk *desk = *state;
	struct applied applied = {0};

	prod_is_known(desk);
	select_step(desk, "fill");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, "file   case: what it holds is not known here yet\n");
	press(desk, K_ESCAPE);
	desk->facts.applied = &applied;
	applied_add(&applied, "./case/api.yaml", api, strlen(api));
	applied_add(&applied, "./case/bad.yaml", "kind: [", 7);
	applied_add(&applied, "./case/below/other.yaml", api, strlen(api));
	applied_add(&applied, "./cases.yaml", api, strlen(api));
	select_step(desk, "fill");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body,
		"file   case/api.yaml: deployment.apps/api, service/api in edge\n"
		"file   case/bad.yaml: CANNOT BE READ: ");
	assert_contains(desk->ui.dialog.body,
		"file   late.yaml: not frozen at the opening; read when it is applied\n");
	assert_null(strstr(desk->ui.dialog.body, "other.yaml"));
	press(desk, K_ESCAPE);
	for (int i = 0; i < 10; i++) {
		char path[40];

		snprintf(path, sizeof path, "./case/n%d.yaml", i);
		applied_add(&applied, path, api, strlen(api));
	}
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, "and 4 more files with 8 objects\n");
	applied_fini(&applied);
}

// Nothing at all is known of the cluster: whoever starts something there is told beforehand.
static void a_dialog_warns_of_a_silent_cluster(void **state)
{
	static const char warning[] =
		"NOTHING IS KNOWN of prod, for 4:10: connection refused. It may not answer.\n";
	struct desk *desk = *state;

	prod_is_known(desk);
	sense_of(desk, "old", "healthy", "1/1");
	sense_of(desk, "api", "healthy", "ready");
	sense_of(desk, "mixed", "degraded", "exit 1");
	desk->facts.now = at(250);
	sense_of(desk, "old", "healthy", "1/1");
	sense_of(desk, "api", "unknown", "connection refused");
	sense_of(desk, "mixed", "degraded", "exit 1");
	sense_of(desk, "other", "healthy", "exit 0");
	fresh(desk, "old");
	fresh(desk, "api");
	select_step(desk, "fill");
	press(desk, 's');
	assert_null(strstr(desk->ui.dialog.body, "NOTHING IS KNOWN"));
	press(desk, K_ESCAPE);
	desk->facts.now = at(0);
	sense_of(desk, "old", "healthy", "1/1");
	desk->facts.now = at(250);
	sense_of(desk, "old", "unknown", "the same");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, warning);
	press(desk, K_ESCAPE);
	select_step(desk, "drop");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body, warning);
	press(desk, K_ESCAPE);
	select_step(desk, "local");
	press(desk, 's');
	assert_null(strstr(desk->ui.dialog.body, "NOTHING IS KNOWN"));
}

static void a_dialog_warns_of_credentials_that_have_ended(void **state)
{
	struct desk *desk = *state;
	int old = runbook_dependency(desk->runbook, "old");

	prod_is_known(desk);
	sense_of(desk, "old", "healthy", "1/1");
	desk->sensed->dependencies[old].expires =
		(struct wall){desk->facts.now.wall.us - 14 * US_PER_S};
	select_step(desk, "fill");
	press(desk, 's');
	assert_contains(desk->ui.dialog.body,
		"THE CREDENTIALS for prod ended 0:14 ago: it will refuse them.\n");
	press(desk, K_ESCAPE);
	desk->sensed->dependencies[old].renews = true;
	press(desk, 's');
	assert_null(strstr(desk->ui.dialog.body, "CREDENTIALS"));
}

static void an_observer_is_told_how_to_take_the_controls(void **state)
{
	struct desk *desk = *state;

	happens(desk, EVENT_MODE_DISARMED, NULL, 0, "{}");
	select_step(desk, "build");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_true(desk->ui.message_is_bad);
	assert_contains(desk->ui.message, "A takes the controls");
	desk->ui.seat = SEAT_OBSERVER; // where A takes nothing
	press(desk, 's');
	assert_contains(desk->ui.message, "start: this screen only looks on (--observe)");
	desk->ui.seat = SEAT_COCKPIT;
	assert_contains(hints(desk), "A arm");
	press(desk, 'A');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	assert_contains(desk->ui.dialog.body, "LIVE");
	assert_contains(desk->ui.dialog.body, "dr-apse3");
	press(desk, 'y');
	assert_true(desk->state->is_armed);
	press(desk, 'A');
	assert_false(desk->state->is_armed);
}

static void a_manual_step_wants_words(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "quota");
	assert_contains(hints(desk), "s attest");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TEXT);
	assert_contains(desk->ui.dialog.body, "Look at the quota.");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TEXT);
	assert_contains(desk->ui.dialog.complaint, "say what");
	type(desk, "40 nodes");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "quota"), STEP_DONE);
	assert_string_equal(desk->state->steps[step_of(desk, "quota")].said, "40 nodes");
}

static void what_an_attestation_sets_is_asked_with_it(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "tell");
	assert_contains(hints(desk), "s attest");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TEXT);
	assert_string_equal(desk->ui.dialog.second_label, "which ticket");
	type(desk, "told");
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.complaint, "tell asks for input ticket");
	press(desk, K_TAB);
	type(desk, "OPS-7");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "tell"), STEP_DONE);
	assert_string_equal(desk->state->inputs[0], "OPS-7");
}

// What has no room there is asked before it.
static void what_an_attestation_has_no_room_for_is_asked_before(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "find");
	assert_contains(hints(desk), "s attest");
	press(desk, 's');
	assert_string_equal(desk->ui.dialog.title, "input host");
	type(desk, "db7");
	press(desk, K_ENTER);
	press(desk, 's');
	assert_string_equal(desk->ui.dialog.body, "Find it.\none\n");
	assert_string_equal(desk->ui.dialog.second_label, "who was told");
	type(desk, "found");
	press(desk, K_TAB);
	type(desk, "ben");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "find"), STEP_DONE);
	assert_string_equal(desk->state->inputs[2], "ben");
}

// Beside a name to type there is no room at all.
static void a_name_to_type_leaves_no_room_for_an_input(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "wipe");
	press(desk, 's');
	assert_string_equal(desk->ui.dialog.title, "input host");
	type(desk, "db7");
	press(desk, K_ENTER);
	press(desk, 's');
	type(desk, "wiped");
	press(desk, K_TAB);
	type(desk, desk->ui.dialog.wanted);
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "wipe"), STEP_DONE);
}

static void a_decision_is_chosen_with_its_reason(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "way");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CHOICE);
	assert_int_equal(desk->ui.dialog.choice_count, 2);
	press(desk, K_DOWN);
	// On the way to the reason the answer stays what it is.
	press(desk, K_TAB);
	type(desk, "it is shorter");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "way"), STEP_DONE);
	assert_string_equal(desk->state->steps[step_of(desk, "way")].chosen, "right");
}

static void a_destructive_step_wants_its_name_in_full(void **state)
{
	struct desk *desk = *state;

	happens(desk, EVENT_WAIVER, "shift", 0,
		"{\"step\":\"shift\",\"as\":\"start-anyway\",\"why\":\"test\"}");
	select_step(desk, "shift");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TYPE);
	assert_string_equal(desk->ui.dialog.wanted, "dr-apse3");
	assert_contains(desk->ui.dialog.body, "POINT OF NO RETURN");
	type(desk, "dr-aps");
	press(desk, K_ENTER);
	assert_false(desk->was_wanted);
	assert_contains(desk->ui.dialog.complaint, "dr-apse3");
	type(desk, "e3");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	assert_int_equal(state_of(desk, "shift"), STEP_RUNNING);
}

static void what_must_not_be_repeated_wants_its_id(void **state)
{
	struct desk *desk = *state;

	build_is_done(desk);
	happens(desk, EVENT_STEP_INTENT, "mind", 1, "{\"role\":\"run\",\"action\":{}}");
	happens(desk, EVENT_STEP_RESULT, "mind", 1,
		"{\"outcome\":\"failed\",\"exit\":3,\"duration_ms\":1}");
	select_step(desk, "mind");
	press(desk, 'r');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TYPE);
	assert_contains(desk->ui.dialog.body, "attempt 1: failed, exit 3");
	type(desk, "mind");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "mind"), STEP_RUNNING);
	assert_int_equal(desk->state->steps[step_of(desk, "mind")].attempt, 2);
}

static void a_command_is_amended_for_one_attempt(void **state)
{
	struct desk *desk = *state;
	const char *argv[] = {"make", "it now", "two words", NULL};

	select_step(desk, "build");
	press(desk, 'e');
	assert_string_equal(desk->ui.dialog.field.text, "make 'it now'");
	type(desk, " \"two words");
	press(desk, K_ENTER);
	assert_false(desk->was_wanted);
	assert_contains(desk->ui.dialog.complaint, "quote");
	press(desk, '"');
	desk->ui.now_us += 200000;
	assert_true(ui_key(&desk->ui, &desk->facts, K_ENTER, &desk->intent));
	for (size_t i = 0; i < 4; i++) {
		if (argv[i])
			assert_string_equal(desk->intent.argv[i], argv[i]);
		else
			assert_null(desk->intent.argv[i]);
	}
	carry_out(desk);
	assert_int_equal(state_of(desk, "build"), STEP_RUNNING);
}

static void reasons_and_times_go_with_a_persons_word(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	press(desk, 'b');
	type(desk, "in the console");
	press(desk, K_TAB);
	type(desk, "02:50");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	assert_int_equal(desk->intent.at.us, at(-600).wall.us);
	assert_int_equal(state_of(desk, "build"), STEP_VERIFYING);
	press(desk, 'O');
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.complaint, "reason");
	type(desk, "seen by eye");
	press(desk, K_DOWN);
	type(desk, "look tomorrow");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "build"), STEP_DONE);
	assert_string_equal(desk->state->steps[step_of(desk, "build")].remains, "look tomorrow");
}

static void build_has_failed(struct desk *desk)
{
	happens(desk, EVENT_STEP_INTENT, "build", 1, "{\"role\":\"run\",\"action\":{}}");
	happens(desk, EVENT_STEP_RESULT, "build", 1,
		"{\"outcome\":\"success\",\"exit\":0,\"duration_ms\":1}");
	happens(desk, EVENT_STEP_FAILED, "build", 1, "{\"why\":\"settle of 5m is over\"}");
	assert_int_equal(state_of(desk, "build"), STEP_FAILED);
}

static void a_look_is_never_silent(void **state)
{
	struct desk *desk = *state;

	build_has_failed(desk);
	select_step(desk, "build");
	desk->sensed->is_up = true;
	press(desk, 'v');
	assert_true(desk->was_done);
	assert_string_equal(desk->ui.message, "verify: looking now at network");
	int64_t token = desk->next_token;
	sense(desk, "network", "missing", token - 1); // asked before
	ui_tick(&desk->ui, &desk->facts, desk->ui.now_us + 1);
	assert_string_equal(desk->ui.message, "verify: looking now at network");
	sense(desk, "network", "missing", token);
	ui_tick(&desk->ui, &desk->facts, desk->ui.now_us + 2);
	assert_string_equal(
		desk->ui.message, "verify: build is not verified: network missing: as seen");
	assert_true(desk->ui.message_is_bad);
	sense(desk, "network", "healthy", token); // told once
	ui_tick(&desk->ui, &desk->facts, desk->ui.now_us + 3);
	assert_contains(desk->ui.message, "missing");
	press(desk, 'v');
	sense(desk, "network", "healthy", desk->next_token);
	ui_tick(&desk->ui, &desk->facts, desk->ui.now_us + 4);
	assert_string_equal(
		desk->ui.message, "verify: network healthy; done once that has lasted 20s");
	desk->sensed->is_up = false;
	press(desk, 'v');
	assert_string_equal(
		desk->ui.message, "verify: looking now at network, once the sensor is back");
}

// What counts for verification counts for the answer: a person's word, and what is done without.
static void a_look_is_answered_by_what_counts(void **state)
{
	struct desk *desk = *state;
	struct event *event = event_new(EVENT_DEPENDENCY_CONFIRMED);

	build_has_failed(desk);
	event->by = memory_copy_text("ana");
	event_set_dependency(event, "network");
	json_add_text(event->data, "status", "healthy");
	fold(desk, event);
	select_step(desk, "build");
	press(desk, 'v');
	sense(desk, "network", "unknown", desk->next_token);
	ui_tick(&desk->ui, &desk->facts, desk->ui.now_us + 1);
	assert_contains(desk->ui.message, "verify: network healthy");
	event = event_new(EVENT_WAIVER);
	event->by = memory_copy_text("mei");
	event_set_dependency(event, "database");
	json_add_text(event->data, "dependency", "database");
	json_add_text(event->data, "as", "degraded");
	json_add_text(event->data, "why", "x");
	fold(desk, event);
	select_step(desk, "fill");
	press(desk, 'v');
	sense(desk, "database", "missing", desk->next_token);
	ui_tick(&desk->ui, &desk->facts, desk->ui.now_us + 1);
	assert_null(strstr(desk->ui.message, "not verified"));
}

static void a_look_is_offered_where_something_can_be_seen(void **state)
{
	struct desk *desk = *state;

	build_has_failed(desk);
	select_step(desk, "build");
	press(desk, 'r');
	assert_contains(desk->ui.dialog.body, "v verifies");
	press(desk, K_ESCAPE);
	happens(desk, EVENT_STEP_INTENT, "undo", 1, "{\"role\":\"run\",\"action\":{}}");
	happens(desk, EVENT_STEP_RESULT, "undo", 1, "{\"outcome\":\"failed\",\"exit\":1}");
	happens(desk, EVENT_ABORT, NULL, 0, "{\"why\":\"enough\"}");
	select_step(desk, "undo");
	press(desk, 'v');
	assert_contains(desk->ui.message, "restores nothing");
	press(desk, 'r');
	assert_string_equal(desk->ui.dialog.title, "run again undo");
	assert_null(strstr(desk->ui.dialog.body, "v verifies"));
}

static void skip_and_reopen_ask_why(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "quota");
	press(desk, 'x');
	assert_int_equal(state_of(desk, "quota"), STEP_READY);
	type(desk, "known");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "quota"), STEP_SKIPPED);
	press(desk, 'U');
	type(desk, "after all");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "quota"), STEP_READY);
}

static void a_waiver_has_a_reason_and_an_end(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "look");
	press(desk, 's');
	assert_contains(desk->ui.message, "w waives");
	press(desk, 'w');
	assert_contains(desk->ui.dialog.body, "It waits: ");
	type(desk, "no time");
	press(desk, K_TAB);
	type(desk, "yesterday");
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.complaint, "no time");
	press(desk, K_CTRL_U);
	type(desk, "06:00");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	assert_int_equal(desk->state->waiver_count, 1);
	assert_int_equal(desk->state->waivers[0].until.us, at(3 * 3600).wall.us);
	assert_int_equal(state_of(desk, "look"), STEP_READY);
	type(desk, ":end-w");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.choice_count, 1);
	press(desk, K_TAB);
	press(desk, K_ENTER);
	assert_true(desk->state->waivers[0].is_ended);
}

static void more_time_is_a_duration(void **state)
{
	struct desk *desk = *state;

	happens(desk, EVENT_STEP_INTENT, "build", 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":600}");
	select_step(desk, "build");
	press(desk, 'T');
	assert_string_equal(desk->ui.dialog.field.text, "5m");
	assert_contains(desk->ui.dialog.body, "It has 10m, of which 0:00 have passed.");
	press(desk, K_END); // to be edited
	type(desk, "x");
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.complaint, "no duration");
	press(desk, K_BACKSPACE);
	press(desk, K_ENTER);
	assert_int_equal(desk->state->steps[step_of(desk, "build")].extended_ms, 300000);
	press(desk, 'c');
	type(desk, "wrong region");
	press(desk, K_ENTER);
	assert_true(desk->state->steps[step_of(desk, "build")].cancel_asked);
}

static void abort_is_typed_and_has_a_reason(void **state)
{
	struct desk *desk = *state;

	press(desk, 'X');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TYPE);
	press(desk, K_ENTER);
	assert_false(desk->state->was_aborted);
	type(desk, "abort");
	press(desk, K_ENTER);
	assert_false(desk->state->was_aborted);
	assert_true(desk->ui.dialog.on_second);
	type(desk, "data is wrong");
	press(desk, K_ENTER);
	assert_true(desk->state->was_aborted);
	assert_contains(shown(desk), "ABORT undo");
	press(desk, K_TAB);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "undo"));
}

// The cluster of that UID answers, at a place of its own.
static void a_target_changes(struct desk *desk, const char *uid)
{
	struct buf data = {0};

	buf_printf(&data,
		"{\"target\":\"recovery\",\"endpoint\":\"https://10.0.0.%s:6443\","
		"\"fingerprint\":{\"uid\":\"%s\"}}",
		uid, uid);
	happens(desk, desk->state->pins[0].is_pinned ? EVENT_TARGET_CHANGED : EVENT_TARGET_PINNED,
		NULL, 0, buf_str(&data));
	buf_fini(&data);
}

static void another_target_is_accepted_with_a_reason(void **state)
{
	struct desk *desk = *state;

	press(desk, 'p');
	assert_contains(desk->ui.message, "no target has changed");
	a_target_changes(desk, "1");
	a_target_changes(desk, "2");
	press(desk, 'p');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TEXT);
	assert_contains(desk->ui.dialog.body, "pinned: https://10.0.0.1:6443\n  uid 1\n"
					      "now:    https://10.0.0.2:6443\n  uid 2\n");
	press(desk, K_ENTER);
	assert_true(desk->state->pins[0].has_changed);
	// Another one yet, while it was read: that was not accepted.
	a_target_changes(desk, "3");
	type(desk, "rebuilt");
	press(desk, K_ENTER);
	assert_true(desk->state->pins[0].has_changed);
	press(desk, K_ESCAPE);
	press(desk, 'p');
	type(desk, "rebuilt");
	press(desk, K_ENTER);
	assert_false(desk->state->pins[0].has_changed);
	assert_string_equal(desk->state->pins[0].fingerprint, "uid 3");
}

static void that_the_pinned_one_is_back_is_accepted_too(void **state)
{
	struct desk *desk = *state;

	a_target_changes(desk, "1");
	a_target_changes(desk, "2");
	a_target_changes(desk, "1");
	press(desk, 'p');
	assert_contains(desk->ui.dialog.body,
		"the pinned one again: https://10.0.0.1:6443\n  uid 1\n"
		"Another one has answered in between.\n");
	assert_string_equal(desk->ui.dialog.label, "why was it another one");
	type(desk, "a wrong file");
	press(desk, K_ENTER);
	assert_false(desk->state->pins[0].has_changed);
}

static void one_that_was_made_anew_by_one_key(void **state)
{
	struct desk *desk = *state;

	a_target_changes(desk, "1");
	build_is_done(desk);
	a_target_changes(desk, "2");
	press(desk, 'p');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_false(desk->state->pins[0].has_changed);
	assert_string_equal(desk->state->pins[0].fingerprint, "uid 2");
}

// --- dialogs are not answered by accident ----------------------------------------------------------------------------

static void a_key_typed_before_the_dialog_was_drawn_is_no_answer(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	press(desk, 's');
	desk->ui.now_us += UI_DIALOG_US - 1;
	assert_false(ui_key(&desk->ui, &desk->facts, K_ENTER, &desk->intent));
	assert_false(ui_key(&desk->ui, &desk->facts, 'y', &desk->intent));
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	desk->ui.now_us += 1;
	assert_true(ui_key(&desk->ui, &desk->facts, K_ENTER, &desk->intent));
	assert_int_equal(desk->intent.kind, INTENT_START);
}

static void nor_is_one_while_the_terminal_is_behind(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	press(desk, 's');
	desk->ui.is_behind = true;
	for (int i = 0; i < 5; i++)
		press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "build"), STEP_READY);
	desk->ui.is_behind = false;
	assert_false(ui_key(&desk->ui, &desk->facts, K_ENTER, &desk->intent));
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "build"), STEP_RUNNING);
}

static void a_held_key_does_not_answer_what_it_opened(void **state)
{
	struct desk *desk = *state;

	type(desk, ":start build");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	for (int i = 0; i < 20; i++)
		press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "build"), STEP_READY);
	assert_contains(desk->ui.dialog.complaint, "y goes on");
	press(desk, 'y');
	assert_int_equal(state_of(desk, "build"), STEP_RUNNING);
}

// Where a reason may stay empty there is nothing but Enter to go on with.
static void unless_it_was_let_go_of(void **state)
{
	struct desk *desk = *state;

	type(desk, ":impact");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TEXT);
	for (int i = 0; i < 20; i++)
		press(desk, K_ENTER);
	assert_false(desk->was_wanted);
	assert_contains(desk->ui.dialog.complaint, "once more");
	desk->ui.now_us += UI_ANEW_US - 200000 - 1;
	press(desk, K_ENTER);
	assert_false(desk->was_wanted);
	desk->ui.now_us += UI_ANEW_US;
	press(desk, K_ENTER);
	assert_true(desk->was_wanted);
}

static void a_paste_goes_into_a_field_or_nowhere(void **state)
{
	struct desk *desk = *state;
	static const int pasted[] = {K_PASTE_BEGIN, 's', 'y', '\n', 'q', 'A', K_PASTE_END};

	select_step(desk, "build");
	for (size_t i = 0; i < 7; i++)
		press(desk, pasted[i]);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "build"));
	assert_contains(desk->ui.message, "dropped");
	press(desk, 's');
	for (size_t i = 0; i < 7; i++)
		press(desk, pasted[i]);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	assert_int_equal(state_of(desk, "build"), STEP_READY);
	press(desk, K_ESCAPE);
	press(desk, 'n');
	for (size_t i = 0; i < 7; i++)
		press(desk, pasted[i]);
	assert_string_equal(desk->ui.dialog.field.text, "sy qA");
}

static void a_field_is_bounded(void **state)
{
	struct desk *desk = *state;

	press(desk, 'n');
	press(desk, K_PASTE_BEGIN);
	for (int i = 0; i < 2 * UI_FIELD_BYTES; i++)
		press(desk, 0xe9);
	press(desk, K_PASTE_END);
	assert_int_equal(desk->ui.dialog.field.length, UI_FIELD_BYTES);
	assert_contains(desk->ui.dialog.complaint, "4096");
}

// --- fields ----------------------------------------------------------------------------------------------------------

static void a_line_is_edited_by_what_looks_like_a_character(void **state)
{
	struct desk *desk = *state;
	struct field *field = &desk->ui.dialog.field;

	press(desk, 'n');
	type(desk, "ab");
	press(desk, 'e');
	press(desk, 0x301); // combining acute
	press(desk, 0x1f468);
	press(desk, 0x200d);
	press(desk, 0x1f4bb); // man, joiner, computer: one grapheme
	press(desk, K_BACKSPACE);
	assert_string_equal(field->text, "abe\xcc\x81");
	press(desk, K_LEFT);
	assert_int_equal(field->cursor, 2);
	press(desk, K_DELETE);
	assert_string_equal(field->text, "ab");
	press(desk, K_HOME);
	press(desk, 'x');
	assert_string_equal(field->text, "xab");
	press(desk, K_RIGHT);
	press(desk, K_CTRL_K);
	assert_string_equal(field->text, "xa");
	type(desk, " two words");
	press(desk, K_CTRL_W);
	assert_string_equal(field->text, "xa two ");
	press(desk, K_CTRL_A);
	press(desk, K_CTRL_D);
	assert_string_equal(field->text, "a two ");
	press(desk, K_CTRL_E);
	press(desk, K_CTRL_U);
	assert_string_equal(field->text, "");
	press(desk, K_BACKSPACE);
	press(desk, K_DELETE);
	press(desk, K_LEFT);
	press(desk, K_RIGHT);
	assert_string_equal(field->text, "");
}

static void what_a_field_offers_is_replaced_by_what_is_typed(void **state)
{
	struct desk *desk = *state;
	struct field *field = &desk->ui.dialog.field;
	static const int keeping[] = {K_LEFT, K_RIGHT, K_HOME, K_END};

	happens(desk, EVENT_STEP_INTENT, "build", 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":600}");
	select_step(desk, "build");
	press(desk, 'T');
	assert_true(field->is_offered);
	type(desk, "20m");
	assert_string_equal(field->text, "20m");
	press(desk, K_ENTER);
	assert_int_equal(desk->state->steps[step_of(desk, "build")].extended_ms, 1200000);
	press(desk, 'T');
	press(desk, K_BACKSPACE);
	assert_string_equal(field->text, "");
	press(desk, K_ESCAPE);
	press(desk, 'T');
	press(desk, K_PASTE_BEGIN);
	type(desk, "7m");
	press(desk, K_PASTE_END);
	assert_string_equal(field->text, "7m");
	press(desk, K_ESCAPE);
	for (size_t i = 0; i < sizeof keeping / sizeof *keeping; i++) {
		press(desk, 'T');
		press(desk, keeping[i]);
		type(desk, "1");
		assert_int_equal(field->length, 3);
		press(desk, K_ESCAPE);
	}
	type(desk, ":extend build 9m");
	press(desk, K_ENTER);
	assert_false(field->is_offered); // a person's own words go on
	press(desk, K_ESCAPE);
	type(desk, "/bui");
	press(desk, K_ENTER);
	type(desk, "/look");
	assert_string_equal(field->text, "look");
}

static void a_note_has_a_type_and_the_time_it_is_about(void **state)
{
	struct desk *desk = *state;

	press(desk, 'n');
	assert_true(desk->ui.dialog.has_kinds);
	press(desk, K_TAB);
	type(desk, "the grant is gone");
	press(desk, K_DOWN);
	type(desk, "-5m");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	assert_int_equal(desk->state->remark_count, 1);
	assert_string_equal(desk->state->remarks[0].type, "hypothesis");
	assert_string_equal(desk->state->remarks[0].text, "the grant is gone");
	assert_int_equal(desk->state->remarks[0].at.us, at(-300).wall.us);
}

static void times_are_understood_as_people_write_them(void **state)
{
	struct desk *desk = *state;
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{"02:47", -13 * 60},
		{"02:47:30", -12 * 60 - 30},
		{"23:00", -4 * 3600},
		{"-90s", -90},
		{"5m", -300},
		{"now", 0},
		{"2026-07-03T02:00:00Z", -3600},
		{" 03:00 ", 0},
	};
	static const char *const bad[] = {
		"2:4x", "24:00", "02:60", "soon", "-", "5 m", "02:47:", "1.5h"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		press(desk, 'I');
		type(desk, good[i].text);
		press(desk, K_ENTER);
		assert_true(desk->was_done);
		assert_int_equal(desk->intent.at.us, at(good[i].seconds).wall.us);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		press(desk, 'I');
		type(desk, bad[i]);
		press(desk, K_ENTER);
		assert_false(desk->was_wanted);
		assert_contains(desk->ui.dialog.complaint, "no time");
		press(desk, K_ESCAPE);
	}
}

// --- inputs and the open phase ---------------------------------------------------------------------------------------

static void inputs_are_typed_chosen_or_hidden(void **state)
{
	struct desk *desk = *state;

	type(desk, ":input token");
	press(desk, K_ENTER);
	assert_true(desk->ui.dialog.field.is_secret);
	type(desk, "hunter22");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	assert_true(desk->state->input_is_set[runbook_input(desk->runbook, "token")]);
	type(desk, ":input region");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CHOICE);
	press(desk, K_DOWN);
	press(desk, K_ENTER);
	assert_string_equal(desk->state->inputs[runbook_input(desk->runbook, "region")], "south");
	// On a line that says nothing of it: which one?
	select_step(desk, "build");
	press(desk, 'i');
	assert_int_equal(desk->ui.dialog.choice_count, 3);
	press(desk, K_ENTER);
	type(desk, "b1");
	press(desk, K_ENTER);
	assert_string_equal(desk->state->inputs[runbook_input(desk->runbook, "backup")], "b1");
}

static void a_step_that_misses_an_input_asks_for_that(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "fill");
	press(desk, 'i');
	assert_int_equal(desk->ui.dialog.input, runbook_input(desk->runbook, "backup"));
}

static void a_step_that_waits_for_an_input_alone_is_no_dead_end(void **state)
{
	struct desk *desk = *state;
	int steps[16];
	size_t needing, count = ui_attention(&desk->facts, steps, 16, &needing);

	// What it needs is not done: there is nothing to set yet.
	for (size_t i = 0; i < count; i++)
		assert_int_not_equal(steps[i], step_of(desk, "fill"));
	build_is_done(desk);
	assert_true(ui_attention(&desk->facts, steps, 16, &needing) > count);
	assert_int_equal(needing, 0);
	count = ui_attention(&desk->facts, steps, 16, &needing);
	// Behind what can be started, which NOW speaks of.
	assert_int_equal(steps[count - 1], step_of(desk, "fill"));
	for (size_t i = 0; i + 1 < count; i++)
		assert_int_equal(state_of(desk, desk->runbook->steps[steps[i]].id), STEP_READY);
	select_step(desk, desk->runbook->steps[steps[count - 2]].id);
	press(desk, K_TAB);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "fill"));
	assert_contains(hints(desk), "i input");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.intent, INTENT_INPUT);
	type(desk, "b1");
	press(desk, K_ENTER);
	assert_int_equal(state_of(desk, "fill"), STEP_READY);
	assert_null(strstr(hints(desk), "i input"));
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.intent, INTENT_START);
}

static void open_lines_are_answered_where_they_stand(void **state)
{
	struct desk *desk = *state;

	press(desk, 'g');
	assert_int_equal(desk->ui.selected.kind, ROW_OPEN);
	press(desk, ' ');
	press(desk, 'j');
	assert_int_equal(desk->ui.selected.kind, ROW_OPEN_LINE);
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.intent, INTENT_IMPACT);
	type(desk, "02:47");
	press(desk, 'y'); // a letter like any other in a field
	press(desk, K_BACKSPACE);
	press(desk, K_ENTER);
	assert_int_equal(desk->state->impact_at.us, at(-13 * 60).wall.us);
	assert_contains(hints(desk), "Enter answer");
	press(desk, 'j');
	assert_contains(hints(desk), "i input");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.intent, INTENT_INPUT);
}

static void a_restore_point_is_chosen_then_timed(void **state)
{
	struct desk *desk = *state;

	press(desk, 'P');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CHOICE);
	press(desk, K_DOWN);
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_TEXT);
	type(desk, "02:18");
	press(desk, K_ENTER);
	assert_int_equal(desk->state->restore_point_at[1].us, at(-42 * 60).wall.us);
}

static void a_dependency_that_a_person_checks_is_attested(void **state)
{
	struct desk *desk = *state;

	type(desk, ":attest network");
	press(desk, K_ENTER);
	assert_contains(desk->ui.message, "it is sensed");
	type(desk, ":attest mirror");
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.body, "is the mirror there?");
	type(desk, "I looked");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
	press(desk, 'd');
	assert_int_equal(desk->ui.pane, PANE_DEPENDENCIES);
	desk->ui.selected_dependency = runbook_dependency(desk->runbook, "mirror");
	assert_contains(hints(desk), "y attest");
	press(desk, K_ENTER);
	assert_contains(desk->ui.message, "no step of this runbook restores it");
	desk->ui.selected_dependency = runbook_dependency(desk->runbook, "database");
	assert_null(strstr(hints(desk), "y attest"));
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.pane, PANE_ORDER);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "fill"));
	press(desk, 'd');
	press(desk, 'w');
	assert_int_equal(desk->ui.dialog.intent, INTENT_WAIVE_DEPENDENCY);
	assert_int_equal(desk->ui.dialog.dependency, desk->ui.selected_dependency);
}

// --- the palette -----------------------------------------------------------------------------------------------------

static void the_palette_completes_every_word(void **state)
{
	struct desk *desk = *state;

	press(desk, ':');
	assert_true(desk->ui.dialog.choice_count >= (size_t)INTENT_KINDS - 1 + ui_command_count);
	type(desk, "sta");
	assert_string_equal(desk->ui.dialog.choices[0], "start");
	press(desk, K_TAB);
	assert_string_equal(desk->ui.dialog.field.text, "start ");
	assert_int_equal(desk->ui.dialog.choice_count, desk->runbook->step_count);
	type(desk, "ui"); // inside "build"
	assert_int_equal(desk->ui.dialog.choice_count, 1);
	press(desk, K_TAB);
	assert_string_equal(desk->ui.dialog.field.text, "start build ");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	assert_int_equal(desk->ui.dialog.step, step_of(desk, "build"));
	press(desk, K_ESCAPE);
	type(desk, ":nonsense");
	press(desk, K_ENTER);
	assert_contains(desk->ui.message, "no such command");
	type(desk, ":start nonsense");
	press(desk, K_ENTER);
	assert_contains(desk->ui.message, "no such step");
	type(desk, ":note the bastion is slow");
	press(desk, K_ENTER);
	assert_string_equal(desk->ui.dialog.field.text, "the bastion is slow");
	press(desk, K_ESCAPE);
	type(desk, ":timeline");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.pane, PANE_TIMELINE);
}

static void every_key_and_word_opens_what_it_says(void **state)
{
	struct desk *desk = *state;

	for (size_t i = 0; i < ui_command_count; i++)
		for (size_t k = i + 1; k < ui_command_count; k++)
			assert_string_not_equal(ui_commands[i].word, ui_commands[k].word);
	for (int kind = 1; kind < INTENT_KINDS; kind++) {
		char text[64];

		snprintf(text, sizeof text, ":%s ", intent_table[kind].word);
		type(desk, text);
		press(desk, K_ENTER);
		press(desk, K_ESCAPE);
		press(desk, K_ESCAPE);
		assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	}
}

// --- before it is started --------------------------------------------------------------------------------------------

static bool hints_at(struct desk *desk, const char *key)
{
	struct key_hint hints[64];
	size_t count = ui_key_hints(&desk->ui, &desk->facts, hints, 64);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(hints[i].key, key))
			return true;
	return false;
}

static void a_dry_run_is_wanted_where_a_cluster_can_be_asked(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	assert_false(hints_at(desk, "D"));
	press(desk, 'D');
	assert_false(desk->ui.wants_trial);
	assert_contains(desk->ui.message, "build changes nothing in a cluster");
	assert_int_equal(desk->ui.pane, PANE_ORDER);
	happens(desk, EVENT_ABORT, NULL, 0, "{\"why\":\"x\"}");
	select_step(desk, "undo");
	assert_true(hints_at(desk, "D"));
	desk->ui.seat = SEAT_ONLOOKER;
	assert_false(hints_at(desk, "D"));
	press(desk, 'D');
	assert_false(desk->ui.wants_trial);
	desk->ui.seat = SEAT_OBSERVER; // it has the incident, and may ask
	assert_true(hints_at(desk, "D"));
	desk->ui.seat = SEAT_COCKPIT;
	press(desk, 'D');
	assert_true(desk->ui.wants_trial);
	assert_false(desk->was_wanted); // it is nothing that the record knows
	assert_int_equal(desk->ui.pane, PANE_DETAIL);
	desk->ui.wants_trial = false;
	// It needs nobody armed, and says so where there is nothing to ask.
	happens(desk, EVENT_MODE_DISARMED, NULL, 0, "{}");
	type(desk, ":dry-run");
	press(desk, K_ENTER);
	assert_true(desk->ui.wants_trial);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	desk->ui.wants_trial = false;
	// By its id, from wherever one is; a step that is not there is nothing to ask of.
	select_step(desk, "build");
	type(desk, ":dry-run undo");
	press(desk, K_ENTER);
	assert_true(desk->ui.wants_trial);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "undo"));
	desk->ui.wants_trial = false;
	type(desk, ":dry-run nonsense");
	press(desk, K_ENTER);
	assert_false(desk->ui.wants_trial);
	assert_contains(desk->ui.message, "dry-run: nonsense: there is no such step");
	type(desk, ":detail build");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.pane, PANE_DETAIL);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "build"));
	select_step(desk, "undo");
	desk->facts.scenario = (const struct scenario *)desk; // any
	press(desk, 'D');
	assert_false(desk->ui.wants_trial);
	assert_contains(desk->ui.message, "a rehearsal has no API server");
	desk->facts.scenario = NULL;
}

// --- moving about ----------------------------------------------------------------------------------------------------

static void finished_phases_fold_and_trouble_unfolds(void **state)
{
	struct desk *desk = *state;

	// The lines of the open phase and later phases as far as there is room.
	assert_contains(shown(desk), "OPEN ground: build quota way");
	ui_resize(&desk->ui, 40, 80);
	assert_contains(shown(desk), "OPEN o0 ");
	ui_resize(&desk->ui, 24, 80);
	build_is_done(desk);
	happens(desk, EVENT_STEP_SKIPPED, "quota", 0, "{\"why\":\"x\"}");
	happens(desk, EVENT_STEP_SKIPPED, "way", 0, "{\"why\":\"x\"}");
	select_step(desk, "fill");
	assert_string_equal(
		shown(desk), "OPEN ground: data: fill mind journey: look === traffic: shift");
	happens(desk, EVENT_STEP_REGRESSED, "build", 0, "{}");
	assert_string_equal(shown(desk),
		"OPEN ground: build quota way data: fill mind journey: look === traffic: shift");
	ui_resize(&desk->ui, 16, 80);
	assert_string_equal(
		shown(desk), "OPEN ground: build quota way data: fill mind journey: === traffic:");
}

static void space_folds_by_hand_and_the_selection_stays(void **state)
{
	struct desk *desk = *state;

	build_is_done(desk);
	select_step(desk, "fill");
	press(desk, ' ');
	assert_contains(shown(desk), "data: journey:");
	assert_int_equal(desk->ui.selected.kind, ROW_PHASE);
	press(desk, ' ');
	assert_contains(shown(desk), "data: fill mind");
	press(desk, 'j');
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "fill"));
	// What happens elsewhere does not move it.
	happens(desk, EVENT_STEP_SKIPPED, "quota", 0, "{\"why\":\"x\"}");
	happens(desk, EVENT_STEP_SKIPPED, "way", 0, "{\"why\":\"x\"}");
	press(desk, 'j');
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "mind"));
	press(desk, K_UP);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "fill"));
}

static void lines_are_walked_the_same_way_everywhere(void **state)
{
	struct desk *desk = *state;

	press(desk, 'G');
	assert_contains(shown(desk), "traffic:");
	assert_true(desk->ui.selected.kind == ROW_STEP || desk->ui.selected.kind == ROW_PHASE);
	press(desk, 'j');
	press(desk, K_PAGE_DOWN);
	press(desk, K_HOME);
	assert_int_equal(desk->ui.selected.kind, ROW_OPEN);
	press(desk, 'k');
	assert_int_equal(desk->ui.selected.kind, ROW_OPEN);
	for (int i = 0; i < 40; i++) {
		press(desk, 'j');
		assert_int_not_equal(desk->ui.selected.kind, ROW_RETURN_LINE);
	}
	for (int i = 0; i < 40; i++) {
		press(desk, 'k');
		assert_int_not_equal(desk->ui.selected.kind, ROW_RETURN_LINE);
	}
	press(desk, 't');
	press(desk, 'j');
	assert_int_equal(desk->ui.timeline_top, 1);
	press(desk, 'g');
	assert_int_equal(desk->ui.timeline_top, 0);
	press(desk, '?');
	assert_int_equal(desk->ui.pane, PANE_HELP);
	press(desk, K_ESCAPE);
	assert_int_equal(desk->ui.pane, PANE_ORDER);
}

static void the_output_follows_until_it_is_scrolled(void **state)
{
	struct desk *desk = *state;

	desk->ui.output_total = 500;
	press(desk, 'o');
	assert_int_equal(desk->ui.output_top, -1);
	press(desk, 'k');
	assert_true(desk->ui.output_top > 400);
	press(desk, 'g');
	assert_int_equal(desk->ui.output_top, 0);
	press(desk, 'G');
	assert_int_equal(desk->ui.output_top, -1);
	press(desk, 'g');
	press(desk, 'f');
	assert_int_equal(desk->ui.output_top, -1);
	press(desk, 'w');
	assert_true(desk->ui.output_wrap);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	type(desk, "/error");
	press(desk, K_ENTER);
	assert_string_equal(desk->ui.output_search, "error");
	assert_int_equal(desk->ui.wants_match, 1);
	press(desk, 'N');
	assert_int_equal(desk->ui.wants_match, -1);
	press(desk, K_ESCAPE);
	assert_string_equal(desk->ui.output_search, "");
	press(desk, 'n'); // without a search it is a note, as everywhere
	assert_int_equal(desk->ui.dialog.intent, INTENT_NOTE);
}

static void a_filter_shows_only_what_matches(void **state)
{
	struct desk *desk = *state;

	type(desk, "/FIL");
	assert_string_equal(shown(desk), "data: fill");
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "fill"));
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_string_equal(shown(desk), "data: fill");
	press(desk, K_ESCAPE);
	assert_contains(shown(desk), "ground: build");
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "fill"));
	type(desk, "/zzz");
	assert_string_equal(shown(desk), "");
	press(desk, 'j');
	press(desk, K_ESCAPE);
	assert_contains(shown(desk), "ground: build");
}

static void what_a_filter_hides_takes_no_keys(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	type(desk, "/zzz");
	press(desk, K_ENTER);
	assert_int_equal(ui_step(&desk->ui), -1);
	assert_null(strstr(hints(desk), "s start"));
	assert_null(strstr(hints(desk), "detail"));
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_contains(desk->ui.message, "nothing matches the filter");
	press(desk, K_ENTER);
	assert_int_equal(desk->ui.pane, PANE_ORDER);
	press(desk, K_ESCAPE);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "build"));
	press(desk, 'd');
	press(desk, '/');
	assert_int_equal(desk->ui.pane, PANE_DEPENDENCIES);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_NONE);
	assert_contains(desk->ui.message, "restore order");
}

static void each_pane_opens_at_its_top(void **state)
{
	struct desk *desk = *state;

	press(desk, '?');
	press(desk, ' ');
	assert_true(desk->ui.help_top > 0);
	press(desk, 'C');
	assert_int_equal(desk->ui.help_top, 0);
	press(desk, 'j');
	assert_int_equal(desk->ui.help_top, 1);
	press(desk, 't');
	press(desk, 'k'); // the newest stands first
	press(desk, 'j');
	assert_int_equal(desk->ui.timeline_top, 1);
	press(desk, 'o');
	press(desk, 't');
	assert_int_equal(desk->ui.timeline_top, 0);
}

static void a_key_without_meaning_says_so(void **state)
{
	struct desk *desk = *state;
	static const struct {
		int key;
		const char *says;
	} keys[] = {
		{'z', "z does nothing here; ? lists the keys"},
		{K_CTRL_Z, "^Z does nothing here; ? lists the keys"},
		{K_LEFT, "Left does nothing here; ? lists the keys"},
		{0xe9, "\xc3\xa9 does nothing here; ? lists the keys"},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		press(desk, keys[i].key);
		assert_string_equal(desk->ui.message, keys[i].says);
	}
	press(desk, 'j');
	assert_string_equal(desk->ui.message, "");
}

static void an_answer_does_not_stay_for_ever(void **state)
{
	struct desk *desk = *state;

	press(desk, 'z');

	int64_t asked_us = desk->ui.now_us;

	ui_tick(&desk->ui, &desk->facts, asked_us + UI_MESSAGE_US - 1);
	assert_contains(desk->ui.message, "z does nothing");
	ui_tick(&desk->ui, &desk->facts, asked_us + UI_MESSAGE_US);
	assert_string_equal(desk->ui.message, "");
}

static void tab_walks_what_needs_a_person_worst_first(void **state)
{
	struct desk *desk = *state;
	int steps[16];
	size_t needing, count;

	build_is_done(desk);
	happens(desk, EVENT_STEP_INTENT, "mind", 1, "{\"role\":\"run\",\"action\":{}}");
	happens(desk, EVENT_STEP_RESULT, "mind", 1,
		"{\"outcome\":\"failed\",\"exit\":3,\"duration_ms\":1}");
	happens(desk, EVENT_STEP_REGRESSED, "build", 0, "{}");
	count = ui_attention(&desk->facts, steps, 16, &needing);
	assert_int_equal(needing, 2);
	assert_true(count > 2);
	assert_int_equal(steps[0], step_of(desk, "build"));
	assert_int_equal(steps[1], step_of(desk, "mind"));
	select_step(desk, "look");
	press(desk, K_TAB);
	assert_int_equal(ui_step(&desk->ui), step_of(desk, "build"));
	press(desk, 'a');
	assert_true(desk->state->steps[step_of(desk, "build")].is_acknowledged);
	// Seen, it stands behind what is not.
	press(desk, K_TAB);
	press(desk, K_TAB);
	press(desk, K_BACK_TAB);
	count = ui_attention(&desk->facts, steps, 16, &needing);
	assert_int_equal(needing, 2);
	assert_int_equal(steps[0], step_of(desk, "mind"));
	assert_int_equal(ui_attention(&desk->facts, steps, 1, &needing), 1);
}

static void a_step_near_its_timeout_needs_a_person(void **state)
{
	struct desk *desk = *state;
	int steps[16];
	size_t needing;

	happens(desk, EVENT_STEP_INTENT, "build", 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":600}");
	desk->facts.now = at(479);
	ui_attention(&desk->facts, steps, 16, &needing);
	assert_int_equal(needing, 0);
	desk->facts.now = at(480);
	ui_attention(&desk->facts, steps, 16, &needing);
	assert_int_equal(needing, 1);
	assert_int_equal(steps[0], step_of(desk, "build"));
}

static void the_key_bar_tells_only_what_works(void **state)
{
	struct desk *desk = *state;

	select_step(desk, "build");
	assert_contains(hints(desk), "s start");
	assert_null(strstr(hints(desk), "c cancel"));
	assert_null(strstr(hints(desk), "r run again"));
	happens(desk, EVENT_STEP_INTENT, "build", 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":600}");
	assert_contains(hints(desk), "c cancel");
	assert_contains(hints(desk), "o output");
	assert_null(strstr(hints(desk), "s start"));
	press(desk, 'c');
	assert_contains(hints(desk), "Enter go on");
	assert_null(strstr(hints(desk), "cancel"));
	press(desk, K_ESCAPE);
	happens(desk, EVENT_MODE_DISARMED, NULL, 0, "{}");
	assert_null(strstr(hints(desk), "c cancel"));
	assert_contains(hints(desk), "A arm");
}

static void the_end_is_offered_when_it_is_near(void **state)
{
	struct desk *desk = *state;
	static const char *const steps[] = {
		"build", "quota", "way", "fill", "mind", "look", "shift"};

	assert_null(strstr(hints(desk), ":recovered"));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		happens(desk, EVENT_STEP_SKIPPED, steps[i], 0, "{\"why\":\"x\"}");
	assert_contains(hints(desk), ":recovered declare it");
	type(desk, ":recovered");
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.body, "7 of 7 steps done or skipped; nothing is proven");
	press(desk, 'x');
	press(desk, K_BACKSPACE);
	press(desk, K_ENTER);
	assert_contains(desk->ui.dialog.complaint, "below L4");
	type(desk, "only a test");
	press(desk, K_ENTER);
	assert_true(wall_known(desk->state->recovered.wall));
	assert_contains(hints(desk), ":close the incident");
	type(desk, ":close");
	press(desk, K_ENTER);
	type(desk, "x");
	press(desk, K_ENTER);
	assert_string_equal(desk->state->closed_result, "recovered");
}

static void what_cannot_be_recorded_is_said_and_typed(void **state)
{
	struct desk *desk = *state;

	type(desk, ":continue-unrecorded");
	press(desk, K_ENTER);
	assert_contains(desk->ui.message, "the record can be written");
	desk->facts.is_recording = false;
	assert_contains(hints(desk), ":continue-unrecorded");
	type(desk, ":continue-unrecorded");
	press(desk, K_ENTER);
	type(desk, "continue unrecorded");
	desk->ui.now_us += UI_DIALOG_US;
	assert_true(ui_key(&desk->ui, &desk->facts, K_ENTER, &desk->intent));
	assert_int_equal(desk->intent.kind, INTENT_CONTINUE_UNRECORDED);
	assert_string_equal(desk->intent.typed, "continue unrecorded");
}

static void roles_are_given_to_people(void **state)
{
	struct desk *desk = *state;

	type(desk, ":role");
	press(desk, K_ENTER);
	press(desk, K_DOWN);
	type(desk, "mei");
	press(desk, K_ENTER);
	assert_int_equal(desk->state->role_count, 1);
	assert_string_equal(desk->state->roles[0].role, "operations");
	assert_string_equal(desk->state->roles[0].who, "mei");
	type(desk, ":assign build");
	press(desk, K_ENTER);
	type(desk, "ben");
	press(desk, K_ENTER);
	assert_string_equal(desk->state->steps[step_of(desk, "build")].owner, "ben");
	press(desk, 'u');
	type(desk, "we are on it");
	press(desk, K_ENTER);
	assert_true(desk->was_done);
}

static void leaving_says_what_goes_on(void **state)
{
	struct desk *desk = *state;

	happens(desk, EVENT_STEP_INTENT, "build", 1, "{\"role\":\"run\",\"action\":{}}");
	press(desk, 'q');
	assert_contains(desk->ui.dialog.body, "build is running and goes on");
	press(desk, 'q');
	assert_false(desk->ui.wants_quit);
	press(desk, K_CTRL_C);
	assert_int_equal(desk->ui.dialog.kind, DIALOG_QUIT);
	press(desk, 'y');
	assert_true(desk->ui.wants_quit);
}

static void a_hangup_leaves_at_once(void **state)
{
	struct desk *desk = *state;

	press(desk, 's');
	press(desk, K_HANGUP);
	assert_true(desk->ui.wants_quit);
	assert_false(desk->was_wanted);
}

static void a_secret_is_not_shown_before_it_is_used(void **state)
{
	struct desk *desk = *state;
	const char *inputs[] = {"sesame-open", "sesame-open", NULL};

	desk->values.inputs = inputs; // the same value as the secret token
	build_is_done(desk);
	happens(desk, EVENT_INPUT_SET, NULL, 0, "{\"name\":\"backup\",\"value\":\"sesame-open\"}");
	select_step(desk, "fill");
	press(desk, 's');
	assert_int_equal(desk->ui.dialog.kind, DIALOG_CONFIRM);
	assert_contains(desk->ui.dialog.body, "[masked token]");
	assert_null(strstr(desk->ui.dialog.body, "sesame"));
}

#define ASKING(test)       cmocka_unit_test_setup_teardown(test, asking_new, desk_free)
#define ON_CLUSTERS(test)  cmocka_unit_test_setup_teardown(test, clusters_new, desk_free)
#define CONVERSATION(name) cmocka_unit_test_setup_teardown(name, desk_new, desk_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONVERSATION(a_step_shows_what_will_run_before_it_does),
		CONVERSATION(escape_leaves_everything_as_it_was),
		CONVERSATION(a_dialog_says_all_that_matters_beforehand),
		ON_CLUSTERS(a_dialog_names_the_cluster_and_the_namespace),
		ON_CLUSTERS(a_dialog_ends_with_what_is_long),
		ON_CLUSTERS(a_dialog_says_what_is_done_once_more),
		ON_CLUSTERS(a_dialog_names_what_is_applied),
		ON_CLUSTERS(a_dialog_warns_of_a_silent_cluster),
		ON_CLUSTERS(a_dialog_warns_of_credentials_that_have_ended),
		CONVERSATION(an_observer_is_told_how_to_take_the_controls),
		CONVERSATION(a_manual_step_wants_words),
		ASKING(what_an_attestation_sets_is_asked_with_it),
		ASKING(what_an_attestation_has_no_room_for_is_asked_before),
		ASKING(a_name_to_type_leaves_no_room_for_an_input),
		CONVERSATION(a_decision_is_chosen_with_its_reason),
		CONVERSATION(a_destructive_step_wants_its_name_in_full),
		CONVERSATION(what_must_not_be_repeated_wants_its_id),
		CONVERSATION(a_command_is_amended_for_one_attempt),
		CONVERSATION(reasons_and_times_go_with_a_persons_word),
		CONVERSATION(a_look_is_never_silent),
		CONVERSATION(a_look_is_answered_by_what_counts),
		CONVERSATION(a_look_is_offered_where_something_can_be_seen),
		CONVERSATION(skip_and_reopen_ask_why),
		CONVERSATION(a_waiver_has_a_reason_and_an_end),
		CONVERSATION(more_time_is_a_duration),
		CONVERSATION(abort_is_typed_and_has_a_reason),
		CONVERSATION(another_target_is_accepted_with_a_reason),
		CONVERSATION(that_the_pinned_one_is_back_is_accepted_too),
		CONVERSATION(one_that_was_made_anew_by_one_key),
		CONVERSATION(a_key_typed_before_the_dialog_was_drawn_is_no_answer),
		CONVERSATION(nor_is_one_while_the_terminal_is_behind),
		CONVERSATION(a_held_key_does_not_answer_what_it_opened),
		CONVERSATION(unless_it_was_let_go_of),
		CONVERSATION(a_paste_goes_into_a_field_or_nowhere),
		CONVERSATION(a_field_is_bounded),
		CONVERSATION(what_a_field_offers_is_replaced_by_what_is_typed),
		CONVERSATION(a_line_is_edited_by_what_looks_like_a_character),
		CONVERSATION(a_note_has_a_type_and_the_time_it_is_about),
		CONVERSATION(times_are_understood_as_people_write_them),
		CONVERSATION(inputs_are_typed_chosen_or_hidden),
		CONVERSATION(a_step_that_misses_an_input_asks_for_that),
		CONVERSATION(a_step_that_waits_for_an_input_alone_is_no_dead_end),
		CONVERSATION(open_lines_are_answered_where_they_stand),
		CONVERSATION(a_restore_point_is_chosen_then_timed),
		CONVERSATION(a_dependency_that_a_person_checks_is_attested),
		CONVERSATION(the_palette_completes_every_word),
		CONVERSATION(every_key_and_word_opens_what_it_says),
		CONVERSATION(a_dry_run_is_wanted_where_a_cluster_can_be_asked),
		CONVERSATION(finished_phases_fold_and_trouble_unfolds),
		CONVERSATION(space_folds_by_hand_and_the_selection_stays),
		CONVERSATION(lines_are_walked_the_same_way_everywhere),
		CONVERSATION(the_output_follows_until_it_is_scrolled),
		CONVERSATION(a_filter_shows_only_what_matches),
		CONVERSATION(what_a_filter_hides_takes_no_keys),
		CONVERSATION(each_pane_opens_at_its_top),
		CONVERSATION(a_key_without_meaning_says_so),
		CONVERSATION(an_answer_does_not_stay_for_ever),
		CONVERSATION(tab_walks_what_needs_a_person_worst_first),
		CONVERSATION(a_step_near_its_timeout_needs_a_person),
		CONVERSATION(the_key_bar_tells_only_what_works),
		CONVERSATION(the_end_is_offered_when_it_is_near),
		CONVERSATION(what_cannot_be_recorded_is_said_and_typed),
		CONVERSATION(roles_are_given_to_people),
		CONVERSATION(leaving_says_what_goes_on),
		CONVERSATION(a_hangup_leaves_at_once),
		CONVERSATION(a_secret_is_not_shown_before_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
