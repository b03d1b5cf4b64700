// SPDX-License-Identifier: Apache-2.0
//
// The engine's ear on the sensor: observations go to the overlay, targets are pinned before
// anything acts on them.
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "relight/incident_files.h"
#include "relight/json.h"

// Takes ownership of `fingerprint`.
static void record_target(
	struct engine *engine, enum event_kind kind, const cJSON *line, cJSON *fingerprint)
{
	static const char *const copied[] = {"target", "endpoint"};
	struct event *event = event_new(kind);
	event_set_by(event, "relight");
	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
		json_add_text(event->data, copied[i], json_text(line, copied[i]));
	json_add(event->data, "fingerprint", fingerprint);
	int target = runbook_target(engine->runbook, json_text(line, "target"));
	if (kind == EVENT_TARGET_PINNED && engine->contexts && target >= 0)
		json_add_text(event->data, "context", engine->contexts[target]);
	engine_record(engine, event);
	sensed_doubt(engine->sensed, engine->state, engine_now(engine).mono);
}

// The first contact pins; another fingerprint later stops actions on the target until a person
// re-pins it.
static void take_target(struct engine *engine, const cJSON *line)
{
	int target = runbook_target(engine->runbook, json_text(line, "target"));
	const cJSON *fingerprint = json_get(line, "fingerprint");
	sensed_take_target(engine->sensed, engine->runbook, line);
	if (target < 0 || !cJSON_IsObject(fingerprint))
		return;
	switch (state_pin_news(engine->state, target, fingerprint)) {
	case PIN_NO_NEWS: break;
	case PIN_FIRST:
		record_target(
			engine, EVENT_TARGET_PINNED, line, cJSON_Duplicate(fingerprint, true));
		break;
	case PIN_MORE:
		record_target(engine, EVENT_TARGET_PINNED, line,
			pin_merged(engine->state->pins[target].fingerprint, fingerprint));
		break;
	case PIN_OTHER:
		record_target(
			engine, EVENT_TARGET_CHANGED, line, cJSON_Duplicate(fingerprint, true));
		break;
	}
}

static void on_line(void *context, const cJSON *line)
{
	struct engine *engine = context;
	const char *type = json_text(line, "type");
	struct mono now = engine_now(engine).mono;
	engine->sensed->last_heard = now;
	if (type && strcmp(type, "observation") == 0)
		sensed_observe(engine->sensed, engine->state, line, now, NULL);
	else if (type && strcmp(type, "target") == 0)
		take_target(engine, line);
	engine->is_dirty = true;
}

static void on_state(void *context, bool is_up, const char *why)
{
	struct engine *engine = context;
	if (engine->is_ending || engine->sensed->is_up == is_up)
		return;
	sensed_set_up(engine->sensed, is_up, why);
	struct event *event = event_new(is_up ? EVENT_SENSOR_UP : EVENT_SENSOR_DOWN);
	event_set_by(event, "relight");
	json_add_text(event->data, "why", engine->sensed->why_down);
	engine_record(engine, event);
}

// Inputs and environment travel by pipe, never in an argument.
void engine_configure_sensor(struct engine *engine)
{
	if (!engine->sensor)
		return;
	cJSON *configuration = json_object();
	cJSON *inputs = cJSON_AddObjectToObject(configuration, "inputs");
	cJSON *env = cJSON_AddObjectToObject(configuration, "env");
	for (size_t i = 0; i < engine->runbook->input_count; i++)
		json_add_text(inputs, engine->runbook->inputs[i].id, engine->setup.inputs[i]);
	for (size_t i = 0; i < engine->runbook->env.count; i++)
		json_add_text(
			env, engine->runbook->env.items[i], getenv(engine->runbook->env.items[i]));
	json_add_text(configuration, "incident", engine->state->incident);
	cJSON_AddNumberToObject(configuration, "speed", engine->setup.speed);
	sensor_configure(engine->sensor, configuration);
	json_wipe(configuration);
}

static char *below(const struct engine *engine, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", engine->directory, name);
	return buf_take(&path);
}

// What judges is the frozen copy; its paths are relative to the original's folder.
bool engine_start_sensor(struct engine *engine, struct err *err)
{
	char *runbook = below(engine, INCIDENT_FROZEN "/" FROZEN_RUNBOOK),
	     *scenario = below(engine, INCIDENT_FROZEN "/" FROZEN_SCENARIO);
	char *timeline = below(engine, TIMELINE_NAME), *frozen = below(engine, INCIDENT_FROZEN);
	const char *argv[16] = {"probe", "--configured", "--base", engine->runbook->base,
		"--frozen", frozen, runbook};
	if (engine->setup.scenario) {
		argv[7] = "--scenario";
		argv[8] = scenario;
		argv[9] = "--timeline";
		argv[10] = timeline;
	}
	struct sensor_config config = {
		.executable = engine->setup.executable,
		.argv = argv,
		.on_line = on_line,
		.on_state = on_state,
		.context = engine,
	};
	engine->sensed->is_up = true;
	engine->sensor = sensor_start(&engine->loop, &config, err);
	if (engine->sensor)
		engine_configure_sensor(engine);
	free(runbook);
	free(scenario);
	free(timeline);
	free(frozen);
	return engine->sensor != NULL;
}
