// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_VIEW_CASE_H
#define RELIGHT_TESTS_VIEW_CASE_H

// The incident that the golden screens show: tests/unit/golden/case.yaml and what happened, told as
// events and folded by the real fold, so that the screens show states that can be.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/cells.h"
#include "relight/frame.h"
#include "relight/json.h"
#include "relight/memory.h"

#define PINNED_RECOVERY                                                                            \
	"{\"target\":\"recovery\",\"endpoint\":\"https://10.4.0.1\","                              \
	"\"fingerprint\":{\"uid\":\"0b1c77aa-2e\"}}"

struct view_case {
	struct runbook *runbook;
	struct plan *plan;
	struct state *state;
	struct sensed *sensed;
	struct facts facts;
	struct substitution values;
	int64_t next_token;
	struct ui ui;
	struct frame_input input;
	struct frame_line lines[32];
	struct diags diags;
	char *source;
};

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file)
		return NULL;
	struct buf text = {0};
	char chunk[4096];
	for (size_t got; (got = fread(chunk, 1, sizeof(chunk), file)) > 0;)
		buf_add(&text, chunk, got);
	fclose(file);
	return buf_take(&text);
}

// "03:05:42" of the day of the incident.
static struct wall clock_of(const char *time)
{
	char text[40];
	struct wall at;
	snprintf(text, sizeof(text), "2026-07-03T%sZ", time);
	assert_true(wall_parse(text, &at));
	return at;
}

static struct moment moment_of(const char *time)
{
	struct wall at = clock_of(time);
	return (struct moment){at, {at.us}};
}

// Tells one event; `about` is a step's or a dependency's id, `data` JSON.
static void tell(struct view_case *of, const char *time, const char *by, enum event_kind kind,
	const char *about, int attempt, const char *data)
{
	struct event *event = event_new(kind);
	event->seq = of->state->events;
	event->ts = clock_of(time);
	event->mono.us = event->ts.us;
	event->at = WALL_NONE;
	event->mode = EVENT_LIVE;
	event->attempt = attempt;
	event->by = memory_copy_text(by);
	if (about && runbook_dependency(of->runbook, about) >= 0 &&
		(kind == EVENT_DEPENDENCY_STATUS || kind == EVENT_DEPENDENCY_STALE ||
			kind == EVENT_DEPENDENCY_CONFIRMED ||
			(kind == EVENT_WAIVER && runbook_step(of->runbook, about) < 0)))
		event_set_dependency(event, about);
	else if (about)
		event_set_step(event, about);
	if (data) {
		cJSON_Delete(event->data);
		event->data = cJSON_Parse(data);
		assert_non_null(event->data);
	}
	state_apply(of->state, event);
	event_free(event);
}

// What the sensor says of a dependency now, on the record since then; with the time at which it
// last progressed, as evidence (NULL: it tells none).
static void sense_moved(struct view_case *of, const char *id, const char *status,
	const char *message, int age_s, const char *progressed)
{
	char json[768];
	char at[WALL_TEXT_BYTES];
	struct mono heard = {of->facts.now.mono.us - age_s * US_PER_S};
	wall_format((struct wall){of->facts.now.wall.us - age_s * US_PER_S}, at);
	snprintf(json, sizeof(json), "{\"to\":\"%s\",\"message\":\"%s\",\"observed_at\":\"%s\"}",
		status, message, at);
	tell(of, "02:53:00", "sensed", EVENT_DEPENDENCY_STATUS, id, 0, json);
	snprintf(json, sizeof(json),
		"{\"type\":\"observation\",\"dependency\":\"%s\",\"ts\":\"%s\",\"asked\":\"%s\","
		"\"status\":\"%s\",\"message\":\"%s\","
		"\"check\":\"command\",\"latency_ms\":38}",
		id, at, at, status, message);
	cJSON *observation = cJSON_Parse(json);
	if (progressed) {
		wall_format(clock_of(progressed), at);
		json_add_text(cJSON_AddObjectToObject(observation, "evidence"), "progressed", at);
	}
	assert_true(sensed_observe(of->sensed, of->state, observation, heard, NULL) >= 0);
	cJSON_Delete(observation);
}

static void sense(
	struct view_case *of, const char *id, const char *status, const char *message, int age_s)
{
	sense_moved(of, id, status, message, age_s, NULL);
}

// A step that was started and ended well, and is verified where it restores something.
static void ran(
	struct view_case *of, const char *from, const char *to, const char *by, const char *step)
{
	tell(of, from, by, EVENT_STEP_INTENT, step,
		of->state->steps[runbook_step(of->runbook, step)].attempt + 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":1800}");
	tell(of, to, "relight", EVENT_STEP_RESULT, step, 0,
		"{\"outcome\":\"success\",\"exit\":0,\"duration_ms\":1000}");
	if (of->runbook->steps[runbook_step(of->runbook, step)].restores.count > 0)
		tell(of, to, "relight", EVENT_STEP_VERIFIED, step, 0, "{}");
}

static void line(
	struct view_case *of, const char *time, const char *who, enum tone tone, const char *text)
{
	of->lines[of->input.line_count] =
		(struct frame_line){(int64_t)of->input.line_count, clock_of(time), who, text, tone};
	of->input.line_count++;
}

// Opened, and recovered as far as the secrets; nothing is sensed yet.
static void case_begin(struct view_case *of, const char *now)
{
	memset(of, 0, sizeof(*of));
	of->diags.file = "tests/unit/golden/case.yaml";
	of->source = file_text(of->diags.file);
	assert_non_null(of->source);
	of->runbook = runbook_load(of->source, strlen(of->source), ".", &of->diags);
	assert_non_null(of->runbook);
	of->plan = plan_new(of->runbook);
	of->state = state_new(of->runbook, of->plan);
	of->sensed = sensed_new(of->runbook->dependency_count);
	of->sensed->is_up = true;
	of->facts = (struct facts){.runbook = of->runbook,
		.plan = of->plan,
		.state = of->state,
		.sensed = of->sensed,
		.now = moment_of(now),
		.speed = 1,
		.is_recording = true};
	of->facts.watches = memory_zeroed(of->runbook->step_count + 1, sizeof(*of->facts.watches));
	of->facts.flaps =
		memory_zeroed(of->runbook->dependency_count + 1, sizeof(*of->facts.flaps));
	of->values = (struct substitution){
		.runbook = of->runbook, .inputs = (const char *const *)of->state->inputs};
	of->facts.values = &of->values;
	of->facts.next_token = &of->next_token;
	of->input = (struct frame_input){.facts = &of->facts,
		.ui = &of->ui,
		.person = "ana",
		.newest_seq = 212,
		.durable_seq = 212,
		.sensor_silence_ms = 1000,
		.lookers = 2,
		.lines = of->lines,
		.output = {.step = -1, .age_ms = -1}};
	tell(of, "02:52:07", "ana", EVENT_LOG_OPEN, NULL, 0, "{}");
	tell(of, "02:52:07", "ana", EVENT_SESSION_OPEN, NULL, 0, "{}");
	tell(of, "02:52:07", "ana", EVENT_INCIDENT_DECLARED, NULL, 0,
		"{\"id\":\"20260703T025207Z-case-management-eks\",\"impact_at\":\"2026-07-03T02:47:"
		"00Z\"}");
	tell(of, "02:52:20", "ana", EVENT_MODE_ARMED, NULL, 0, "{}");
	tell(of, "02:52:30", "ana", EVENT_INPUT_SET, NULL, 0,
		"{\"name\":\"backup\",\"value\":\"hourly-0218\"}");
	tell(of, "02:52:31", "relight", EVENT_TARGET_PINNED, NULL, 0, PINNED_RECOVERY);
	tell(of, "02:52:40", "mei", EVENT_ROLE_ASSIGNED, NULL, 0,
		"{\"role\":\"incident commander\",\"who\":\"mei\"}");
	tell(of, "02:52:40", "mei", EVENT_ROLE_ASSIGNED, NULL, 0,
		"{\"role\":\"operations\",\"who\":\"ana\"}");
	tell(of, "02:53:40", "ben", EVENT_STEP_CONFIRMED, "check-quota", 0,
		"{\"say\":\"seen in the console\"}");
	ran(of, "02:53:41", "02:54:00", "ana", "recovery-network");
	ran(of, "02:54:01", "02:54:30", "ana", "state-backend");
	ran(of, "02:54:31", "02:57:00", "ana", "provision-cluster");
	ran(of, "02:57:01", "02:57:40", "ana", "crds-webhooks");
	ran(of, "02:57:41", "02:58:30", "ana", "argocd-root");
	ran(of, "02:58:31", "02:59:40", "ana", "pod-identity");
	ran(of, "02:59:45", "03:00:02", "ana", "kms-grants");
	ran(of, "03:00:10", "03:01:00", "ana", "external-secrets");
	tell(of, "03:01:40", "ben", EVENT_STEP_CONFIRMED, "db-credentials", 0,
		"{\"say\":\"rotated in console\",\"by_hand\":true}");
	ran(of, "03:01:41", "03:02:10", "ana", "tls-certs");
	tell(of, "03:02:20", "ana", EVENT_DECISION, "restore-point", 0,
		"{\"question\":\"Which restore point?\",\"chosen\":\"pg-0239\",\"why\":\"evidence "
		"can be re-uploaded\"}");
	tell(of, "03:02:21", "ana", EVENT_RESTORE_POINT, NULL, 0,
		"{\"id\":\"pg\",\"at\":\"2026-07-03T02:39:00Z\"}");
	tell(of, "03:02:21", "ana", EVENT_RESTORE_POINT, NULL, 0,
		"{\"id\":\"objects\",\"at\":\"2026-07-03T02:18:00Z\"}");
	ui_init(&of->ui, &of->facts, 24, 80);
}

static void sense_platform(struct view_case *of)
{
	static const struct {
		const char *id, *message;
		int age_s;
	} healthy[] = {{"aws-dr", "dr-operator", 5}, {"git-mirror", "a41f9c2", 12},
		{"registry", "case-api@77ab", 8}, {"vpc", "available", 14},
		{"backup-vault", "3 copies", 14}, {"recovery-api", "readyz", 1},
		{"webhooks", "3 of 3 answer", 9}, {"platform-root", "Synced", 2},
		{"identity-works", "yes", 2}, {"secrets-synced", "12 synced", 12}};
	for (size_t i = 0; i < sizeof(healthy) / sizeof(healthy[0]); i++)
		sense(of, healthy[i].id, "healthy", healthy[i].message, healthy[i].age_s);
}

static void expires_in(struct view_case *of, const char *id, int minutes)
{
	of->sensed->dependencies[runbook_dependency(of->runbook, id)].expires.us =
		of->facts.now.wall.us + minutes * 60 * US_PER_S;
}

// Nothing needs anyone: PostgreSQL is being restored.
static void case_calm(struct view_case *of)
{
	static const char *const output[] = {
		"module.pg.aws_db_subnet_group.dr: Creation complete after 2s [id=cases-dr]",
		"module.pg.aws_db_instance.cases: Creating...",
		"module.pg.aws_db_instance.cases: Still creating... [2m50s elapsed]",
		"module.pg.aws_db_instance.cases: Still creating... [3m00s elapsed]"};
	static int64_t ages_ms[64];
	case_begin(of, "03:05:42");
	tell(of, "03:01:58", "raj", EVENT_INCIDENT_STATUS, NULL, 0,
		"{\"text\":\"customer update 1 is on the status page\"}");
	tell(of, "03:02:32", "ben", EVENT_STEP_INTENT, "restore-postgres", 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":1800}");
	sense_platform(of);
	sense(of, "case-api-decrypts", "healthy", "decrypts", 9);
	sense(of, "evidence-signer", "healthy", "signs", 9);
	sense(of, "pg-primary", "progressing", "creating", 4);
	sense(of, "intake-public", "missing", "no answer", 10);
	expires_in(of, "aws-dr", 28);
	line(of, "02:52:07", "ana", TONE_PERSON,
		"DECLARED cluster loss; impact 02:47 by pager alert");
	line(of, "03:02:20", "ana", TONE_PERSON, "DECIDED pg 02:39: evidence can be re-uploaded");
	line(of, "03:02:32", "ana", TONE_PLAIN, "STARTED restore-postgres, attempt 1");
	line(of, "03:05:31", "sensed", TONE_DIM, "pg-primary: missing -> progressing \"creating\"");
	int step = runbook_step(of->runbook, "restore-postgres");
	for (size_t i = 0; i < 64; i++)
		ages_ms[i] = -1;
	ages_ms[step] = 4000;
	of->ui.selected = (struct row){ROW_STEP, step};
	of->input.output = (struct frame_output){step, 1, output, 4, 54, 58, 4000};
	of->input.preview = "terraform apply -auto-approve -input=false\n  -target=module.pg";
	of->input.output_age_ms = ages_ms;
}

// kms-grants has regressed and takes others with it.
static inline void case_failing(struct view_case *of)
{
	static const char *const output[] = {
		"error: deployment \"workflow-worker\" exceeded its progress deadline",
		"pod workflow-worker-6c9f4: CrashLoopBackOff, back-off 1m20s",
		"worker: cannot decrypt db_token: AccessDeniedException (kms:Decrypt)"};
	case_begin(of, "03:28:05");
	ran(of, "03:02:32", "03:18:09", "ben", "restore-postgres");
	ran(of, "03:05:50", "03:12:00", "ben", "velero-restore");
	ran(of, "03:18:10", "03:21:00", "ben", "replay-offsets");
	ran(of, "03:12:10", "03:23:00", "ana", "frontend");
	ran(of, "03:12:20", "03:23:00", "ana", "notification");
	tell(of, "03:20:30", "mei", EVENT_STEP_SKIPPED, "search-index", 0,
		"{\"why\":\"degraded mode accepted\"}");
	tell(of, "03:20:30", "mei", EVENT_WAIVER, "search", 0,
		"{\"as\":\"degraded\",\"why\":\"intake works without "
		"it\",\"until\":\"2026-07-03T06:00:00Z\"}");
	ran(of, "03:23:10", "03:23:50", "ana", "case-api");
	of->state->steps[runbook_step(of->runbook, "case-api")].state = STEP_VERIFYING;
	of->state->steps[runbook_step(of->runbook, "case-api")].verifying_from =
		moment_of("03:23:55");
	tell(of, "03:22:00", "ana", EVENT_STEP_INTENT, "workflow-worker", 1,
		"{\"role\":\"run\",\"action\":{}}");
	tell(of, "03:24:00", "relight", EVENT_STEP_RESULT, "workflow-worker", 1,
		"{\"outcome\":\"failed\",\"exit\":1}");
	tell(of, "03:25:00", "ana", EVENT_STEP_INTENT, "workflow-worker", 2,
		"{\"role\":\"run\",\"action\":{}}");
	tell(of, "03:26:53", "relight", EVENT_STEP_RESULT, "workflow-worker", 2,
		"{\"outcome\":\"failed\",\"exit\":1,\"why\":\"worker: cannot decrypt db_token: "
		"AccessDeniedException (kms:Decrypt)\"}");
	tell(of, "03:26:01", "relight", EVENT_STEP_REGRESSED, "kms-grants", 0, "{}");
	sense_platform(of);
	sense(of, "case-api-decrypts", "degraded", "AccessDenied kms:Decrypt key/5f0e", 3);
	sense(of, "evidence-signer", "degraded", "cannot decrypt", 8);
	sense(of, "pg-primary", "healthy", "primary, 2 replicas", 4);
	sense(of, "evidence-bucket", "healthy", "31408 objects", 8);
	sense(of, "queue", "healthy", "lag 0", 6);
	sense_moved(of, "case-api", "progressing", "1/3 ready", 2, "03:25:55");
	sense_moved(of, "worker", "degraded", "CrashLoopBackOff", 2, "03:27:53");
	sense(of, "frontend", "healthy", "3/3", 1);
	sense(of, "notification", "healthy", "2/2", 1);
	sense(of, "search", "missing", "no index", 30);
	sense(of, "intake-recovery", "degraded", "503", 3);
	sense(of, "intake-public", "degraded", "old address", 10);
	expires_in(of, "aws-dr", 6);
	tell(of, "03:18:10", "ana", EVENT_RESTORE_POINT, NULL, 0,
		"{\"id\":\"pg\",\"at\":\"2026-07-03T02:39:00Z\",\"found\":\"2026-07-03T02:39:"
		"00Z\"}");
	line(of, "03:18:09", "sensed", TONE_GOOD,
		"pg-primary healthy for 30s; restore-postgres done in 15:37");
	line(of, "03:20:30", "mei", TONE_PERSON,
		"WAIVED search until 06:00: intake works without it");
	line(of, "03:26:01", "sensed", TONE_BAD, "LOST case-api-decrypts; kms-grants unticks");
	line(of, "03:26:53", "relight", TONE_BAD, "FAILED workflow-worker, attempt 2, exit 1");
	line(of, "03:27:10", "ben", TONE_PERSON,
		"hypothesis: the break-glass clean-up took the grant with it");
	line(of, "03:28:01", "relight", TONE_BAD,
		"RTO will be missed by 6m: kms-grants must be done again");
	of->ui.selected = (struct row){ROW_STEP, runbook_step(of->runbook, "kms-grants")};
	of->input.newest_seq = of->input.durable_seq = 388;
	of->input.lookers = 4;
	of->ui.selected_dependency = runbook_dependency(of->runbook, "case-api-decrypts");
	of->input.preview = "aws kms create-grant --key-id key/5f0e --operations Decrypt";
	of->input.output = (struct frame_output){
		runbook_step(of->runbook, "workflow-worker"), 2, output, 3, 211, 214, 72000};
}

static void case_end(struct view_case *of)
{
	ui_fini(&of->ui);
	free(of->facts.watches);
	free(of->facts.flaps);
	sensed_free(of->sensed);
	state_free(of->state);
	plan_free(of->plan);
	runbook_free(of->runbook);
	diags_fini(&of->diags);
	free(of->source);
}

#endif
