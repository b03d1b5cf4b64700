// SPDX-License-Identifier: Apache-2.0
//
// How an incident begins, and how it is taken up again.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/clock.h"
#include "relight/incident.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/kubeconfig_files.h"
#include "relight/memory.h"

static void on_durable(void *context)
{
	struct engine *engine = context;
	uv_async_send(&engine->durable); // the one call that is safe on the writer's thread
}

static struct event *by_relight(enum event_kind kind)
{
	struct event *event = event_new(kind);
	event_set_by(event, "relight");
	return event;
}

static void do_nothing(uv_work_t *work)
{
	(void)work;
}

static void on_nothing_done(uv_work_t *work, int status)
{
	(void)status;
	free(work);
}

void engine_start_threads(struct engine *engine)
{
	uv_work_t *work = memory_zeroed(1, sizeof *work);
	if (uv_queue_work(&engine->loop, work, do_nothing, on_nothing_done) != 0)
		free(work);
}

// --- the opening events ---

static void record_log_open(struct engine *engine)
{
	struct event *event = by_relight(EVENT_LOG_OPEN);
	bool is_synced;
	int64_t error_us;
	clock_quality(&is_synced, &error_us);
	json_add_text(event->data, "log", engine->log);
	json_add_text(event->data, "schema", "rtl/1");
	json_add_text(event->data, "version", RELIGHT_VERSION);
	json_add_text(event->data, "mode", event_mode_word(engine->setup.mode));
	cJSON *clock = cJSON_AddObjectToObject(event->data, "clock");
	json_add_bool(clock, "synced", is_synced);
	json_add_int(clock, "error_us", error_us);
	engine_record(engine, event);
}

static void record_runbook(struct engine *engine)
{
	struct event *event = by_relight(EVENT_RUNBOOK_LOADED);
	json_add_text(event->data, "name", engine->runbook->name);
	json_add_text(event->data, "version", engine->runbook->version);
	json_add_text(event->data, "sha256", engine->runbook->sha256);
	json_add_text(event->data, "base", engine->runbook->base);
	cJSON *files = cJSON_AddArrayToObject(event->data, "files");
	engine_add_file(
		files, INCIDENT_FROZEN "/" FROZEN_RUNBOOK, &engine->setup.runbook_text, NULL);
	if (engine->setup.scenario)
		engine_add_file(files, INCIDENT_FROZEN "/" FROZEN_SCENARIO,
			&engine->setup.scenario_text, NULL);
	json_each (file, engine->files)
		cJSON_AddItemToArray(files, cJSON_Duplicate(file, true));
	if (engine->applied_sha256[0])
		json_add_text(cJSON_AddObjectToObject(event->data, "applied"), "sha256",
			engine->applied_sha256);
	engine_record(engine, event);
}

static void record_declaration(struct engine *engine, const char *id)
{
	struct event *event = event_new(EVENT_INCIDENT_DECLARED);
	json_add_text(event->data, "id", id);
	json_add_wall(event->data, "declared_at", engine_now(engine).wall);
	engine_record(engine, event);
}

static void record_input(struct engine *engine, int index)
{
	const struct input *input = &engine->runbook->inputs[index];
	const char *from = engine->setup.input_from[index];
	struct event *event = event_new(EVENT_INPUT_SET);
	json_add_text(event->data, "name", input->id);
	if (!input->secret)
		json_add_text(event->data, "value", engine->setup.inputs[index]);
	json_add_text(event->data, "from", from ? from : "person");
	engine_record(engine, event);
}

static void record_inputs(struct engine *engine)
{
	for (size_t i = 0; i < engine->runbook->input_count; i++)
		if (engine->setup.inputs[i])
			record_input(engine, (int)i);
}

static void record_unfit_steps(struct engine *engine)
{
	for (size_t s = 0; s < engine->runbook->step_count; s++) {
		if (engine->runbook->steps[s].modes & MODE_BIT(engine->setup.mode))
			continue;
		struct event *event = by_relight(EVENT_STEP_SKIPPED);
		event_set_step(event, engine->runbook->steps[s].id);
		struct buf why = {0};
		buf_printf(&why, "not for mode %s", event_mode_word(engine->setup.mode));
		json_add_text(event->data, "why", buf_str(&why));
		buf_fini(&why);
		engine_record(engine, event);
	}
}

// --- what the kubeconfigs say ---

// A path of the runbook as the sensor reads it: `~/` is the home directory, relative ones are
// relative to the runbook's folder. False where a variable in it, or HOME, has no value.
static bool expand_path(const struct engine *engine, const char *template, struct buf *path)
{
	struct buf text = {0};
	const char *home = getenv("HOME");
	bool is_good = substitute(template, &engine->values, &text, NULL);
	bool is_at_home = strncmp(buf_str(&text), "~/", 2) == 0;
	if (is_at_home && home)
		buf_printf(path, "%s%s", home, buf_str(&text) + 1);
	else if (buf_str(&text)[0] == '/')
		buf_text(path, buf_str(&text));
	else
		buf_printf(path, "%s/%s", engine->runbook->base, buf_str(&text));
	buf_fini(&text);
	return is_good && (!is_at_home || home);
}

// Where the runbook leaves the context to the kubeconfig, its current one at opening is what a
// destructive step's target is called. A rehearsal reads nobody's kubeconfig.
static void read_contexts(struct engine *engine)
{
	const struct runbook *runbook = engine->runbook;
	engine->contexts = memory_zeroed(runbook->target_count + 1, sizeof *engine->contexts);
	for (size_t t = 0; !engine->setup.scenario && t < runbook->target_count; t++) {
		const struct target *target = &runbook->targets[t];
		struct buf path = {0};
		if (target->is_ssh || target->context)
			continue;
		if (!target->kubeconfig)
			engine->contexts[t] = kubeconfig_current_context(NULL);
		else if (expand_path(engine, target->kubeconfig, &path))
			engine->contexts[t] = kubeconfig_current_context(buf_str(&path));
		buf_fini(&path);
	}
}

// Below the folder that --mirror names the mirror has the name of the incident. One in the incident
// itself would be none.
static bool begin_mirror(struct engine *engine, const char *id, struct err *err)
{
	struct engine_setup *setup = &engine->setup;
	struct buf path = {0};
	if (!setup->mirror)
		return true;
	buf_text(&path, setup->mirror);
	while (path.length > 1 && path.data[path.length - 1] == '/')
		path.data[--path.length] = '\0';
	if (!setup->is_mirror_itself)
		buf_printf(&path, "/%s", id);
	bool is_begun = strcmp(buf_str(&path), engine->directory) == 0 ||
			timeline_mirror(engine->record.timeline, buf_str(&path),
				setup->is_shared ? setup->group : INCIDENT_PRIVATE, err);
	buf_fini(&path);
	return is_begun;
}

// A disk that is full is not the only one; what is wrong with a place that was named is said
// already.
static bool say_where_else(struct err *err)
{
	struct err what = *err;
	if (strstr(what.message, "--dir") || strstr(what.message, "; name "))
		return false;
	return err_set(err, "%s; make room, or name another place with --dir", what.message);
}

// Whoever opens one there has the lock before there is a timeline.
static bool has_incident(const char *directory)
{
	return incident_has_timeline(directory) || timeline_is_held(directory);
}

// What is frozen belongs to whoever has the timeline. An opening that fails leaves none.
static bool prepare_record(struct engine *engine, struct err *err)
{
	struct timeline *timeline = timeline_create(engine->directory, on_durable, engine, err);
	struct engine_frozen frozen;
	if (!timeline) {
		engine->is_taken = has_incident(engine->directory);
		return engine->is_taken ? false : say_where_else(err);
	}
	engine_freeze(engine, &frozen);
	bool is_frozen = incident_freeze(engine->directory, frozen.items, frozen.count, err);
	engine_frozen_fini(&frozen);
	if (!is_frozen) {
		timeline_discard(timeline);
		return say_where_else(err);
	}
	engine->record.timeline = timeline;
	return true;
}

// Whoever comes second is not kept with what only the first one needs. Of two that see nothing here
// the lock decides.
static bool is_taken(const struct engine *engine)
{
	const char *directory = engine->setup.directory;
	return directory && has_incident(directory);
}

bool engine_prepare(struct engine *engine, struct err *err)
{
	struct engine_setup *setup = &engine->setup;
	if ((engine->is_taken = is_taken(engine)))
		return err_set(err,
			"timeline: %s: an incident is there already; go on with it: relight resume "
			"%s",
			setup->directory, setup->directory);
	record_uuid(engine->log);
	record_session(&engine->record);
	// What cannot be signed leaves nothing behind; without a key the program is only hashed by
	// whoever came first.
	bool is_signed = setup->key != NULL;
	if (is_signed && !engine_meet(engine, EVENT_SESSION_OPEN, CHAIN_START, err))
		return false;
	engine->id = incident_id(clock_wall(), engine->runbook->name);
	engine->directory = incident_create(setup->directory, engine->id,
		setup->is_shared ? setup->group : INCIDENT_PRIVATE, err);
	if (!engine->directory)
		return say_where_else(err);
	if (!prepare_record(engine, err))
		return false;
	read_contexts(engine);
	engine_bind_control(engine);
	return (is_signed || engine_meet(engine, EVENT_SESSION_OPEN, CHAIN_START, err)) &&
	       begin_mirror(engine, engine->id, err);
}

void engine_begin(struct engine *engine)
{
	// An incident without its runbook could not be resumed.
	timeline_hold(engine->record.timeline, true);
	record_log_open(engine);
	engine_record_session(engine);
	record_runbook(engine);
	record_declaration(engine, engine->id);
	record_inputs(engine);
	record_unfit_steps(engine);
	timeline_hold(engine->record.timeline, false);
	engine->clock_lead_us = engine->state->last.wall.us - engine->state->last.mono.us;
	engine->is_open = true;
	engine_listen(engine);
}

// --- taking it up again ---

// Without the list of scripts none of them would be looked at before it is run.
static bool fetch(void *context, const char *sha256, struct buf *bytes)
{
	struct engine *engine = context;
	return timeline_read_blob(engine->directory, sha256, bytes, &engine->lost);
}

static void restore(struct engine *engine, struct event *event)
{
	struct err before = engine->lost;
	if (event_restore(event, fetch, engine) || event->kind != EVENT_RUNBOOK_LOADED)
		engine->lost = before;
}

static void take_first(struct engine *engine, const struct event *event)
{
	const char *log = event->kind == EVENT_LOG_OPEN ? json_text(event->data, "log") : NULL;
	engine->first = event->ts;
	snprintf(engine->log, sizeof engine->log, "%s", log ? log : "");
}

bool engine_fold_line(void *context, const char *line, size_t length, struct err *err)
{
	struct engine *engine = context;
	struct event *event = event_decode(line, length, err);
	if (!event)
		return false;
	restore(engine, event);
	if (engine->state->events == 0)
		take_first(engine, event);
	state_apply(engine->state, event);
	engine_note_host(engine, event);
	if (engine->simulated)
		scenario_facts_apply(engine->simulated, event);
	if (engine->front.on_event)
		engine->front.on_event(engine->front.context, event);
	event_free(event);
	return true;
}

static void record_recovery(struct engine *engine, const struct timeline_tail *tail)
{
	if (tail->torn_bytes > 0 && tail->torn_sha256[0]) {
		struct event *event = by_relight(EVENT_LOG_RECOVERED);
		json_add_int(event->data, "bytes", (int64_t)tail->torn_bytes);
		json_add_text(event->data, "sha256", tail->torn_sha256);
		json_add_text(event->data, "blob", tail->torn_sha256);
		engine_record(engine, event);
	}
	if (tail->returned_bytes > 0) {
		struct event *event = by_relight(EVENT_LOG_RECOVERED);
		json_add_int(event->data, "bytes", (int64_t)tail->returned_bytes);
		json_add_text(event->data, "from", "refuge");
		engine_record(engine, event);
	}
}

// What was typed again with --input is recorded; the rest is known from the timeline, but for
// secrets.
static void recall_inputs(struct engine *engine)
{
	bool is_closed = wall_known(engine->state->closed.wall);
	for (size_t i = 0; i < engine->runbook->input_count; i++) {
		const struct input *input = &engine->runbook->inputs[i];
		bool is_known = engine->state->input_is_set[i] && !input->secret;
		const char *given = engine->setup.inputs[i];
		if (!given && is_known)
			engine_set_value(engine, (int)i, engine->state->inputs[i]);
		else if (given && !is_closed &&
			 !(is_known && strcmp(engine->state->inputs[i], given) == 0))
			record_input(engine, (int)i);
	}
}

// Under the name that it had from its opening; the clocks count from now on, until somebody says
// when the impact was.
static void declare_again(struct engine *engine)
{
	char *id = incident_id(engine->first, engine->runbook->name);
	record_declaration(engine, id);
	free(id);
}

static bool take_up(struct engine *engine, bool *is_held, struct timeline_tail *tail,
	struct damage *damage, struct err *err)
{
	struct past_damage past = {engine, damage};
	const struct timeline_reader reader = {.name = engine->directory,
		.read = engine->setup.goes_past_damage ? engine_read_damaged : NULL,
		.each_line = engine_fold_line,
		.context = engine->setup.goes_past_damage ? (void *)&past : engine};
	engine->record.timeline = timeline_take_up(
		engine->directory, &reader, on_durable, engine, tail, is_held, err);
	return engine->record.timeline != NULL;
}

bool engine_resume(struct engine *engine, const char *directory, bool *is_held, struct err *err)
{
	struct timeline_tail tail = {0};
	struct damage damage = {0};
	bool held = false;
	if (!incident_is_ours(directory, err))
		return false;
	engine->directory = memory_copy_text(directory);
	if (!take_up(engine, is_held ? is_held : &held, &tail, &damage, err))
		return false;
	if (engine->lost.message[0])
		return err_set(err, "%s; the runbook's scripts are listed there: put it back",
			engine->lost.message);
	engine->record.chain = tail.chain;
	record_session(&engine->record);
	if (!engine_meet(engine, EVENT_SESSION_RESUMED, tail.chain.head, err))
		return false;
	if (strcmp(engine->state->boot, engine->record.boot) != 0)
		engine->rebooted_seq = engine->record.chain.next_seq;
	if (engine->setup.is_mirror_itself && engine->setup.mirror &&
		strcmp(engine->setup.mirror, directory) == 0)
		engine->copied_seq = engine->record.chain.next_seq;
	// A clock that was set while nobody recorded shows too; after a reboot nothing can be said.
	engine->clock_lead_us = engine->state->last.wall.us - engine->state->last.mono.us;
	engine_record_damage(engine, &damage, &tail);
	engine_record_session(engine);
	record_recovery(engine, &tail);
	if (!engine->state->is_open) // the line that said so is damaged
		declare_again(engine);
	recall_inputs(engine);
	engine->values.incident = engine->state->incident;
	read_contexts(engine);
	if (!begin_mirror(engine, engine->state->incident, err))
		return false;
	engine->is_open = true;
	engine_bind_control(engine);
	engine_listen(engine);
	engine_look(engine);
	return true;
}
