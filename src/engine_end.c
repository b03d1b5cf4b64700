// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "relight/json.h"
#include "relight/memory.h"

// The end of a session: its last events, what others wait for, and then all that it holds.

static void free_pending(struct engine *engine)
{
	for (size_t i = 0; i < engine->pending_count; i++) {
		json_wipe(engine->pending[i].effect.request);
		free(engine->pending[i].effect.why);
	}
	free(engine->pending);
}

void engine_setup_fini(struct engine_setup *setup)
{
	for (size_t i = 0; setup->inputs && i < setup->runbook->input_count; i++)
		memory_wipe(setup->inputs[i]);
	free(setup->inputs);
	free(setup->input_from);
	free(setup->person);
	free(setup->directory);
	free(setup->mirror);
	buf_fini(&setup->runbook_text);
	buf_fini(&setup->scenario_text);
	scenario_free(setup->scenario);
	runbook_free(setup->runbook);
	*setup = (struct engine_setup){0};
}

#define UNSAID_MS 1000 // a disk that takes longer than this is worth a word

// The screen is gone by now, and the shell's prompt does not come.
static bool wait_for_disk(struct engine *engine)
{
	struct timeline *timeline = engine->record.timeline;
	struct buf words = {0};
	struct err why;
	if (timeline_drain_for(timeline, UNSAID_MS, &why) || why.message[0])
		return !why.message[0];
	buf_printf(&words,
		"relight: record: %s: waiting for the disk to take the last %lld events; if it "
		"does "
		"not within 10 s, they are put elsewhere\n",
		engine->directory,
		(long long)(engine->record.chain.next_seq - 1 - timeline_durable(timeline)));
	command_say(STDERR_FILENO, buf_str(&words));
	buf_fini(&words);
	return timeline_drain(timeline, NULL);
}

static void end_session(struct engine *engine, const char *why)
{
	if (!engine->is_open)
		return;
	struct event *event = event_new(EVENT_SESSION_ENDED);
	json_add_text(event->data, "why", engine->taker.words ? engine->taker.words : why);
	engine_add_taker(engine, event->data);
	engine_record(engine, event);
	engine->taker.seq = engine->state->events - 1;
	if (wall_known(engine->state->closed.wall)) {
		event = event_new(EVENT_LOG_CLOSED);
		json_add_text(event->data, "why", engine->state->closed_result);
		engine_record(engine, event);
	}
	if (!wait_for_disk(engine))
		engine_save_pending(engine);
	engine_tell_durable(engine);
}

void engine_fini(struct engine *engine, const char *why)
{
	end_session(engine, why);
	engine->is_ending = true;
	engine_unfollow(engine);
	// Whoever comes next makes both of these anew: they go before the lock does.
	engine_take_sensed_away(engine);
	engine_end_control(engine);
	timeline_close(engine->record.timeline);
	if (engine->sensor)
		sensor_stop(engine->sensor);
	uv_handle_t *const own[] = {(uv_handle_t *)&engine->durable, (uv_handle_t *)&engine->check,
		(uv_handle_t *)&engine->tick, (uv_handle_t *)&engine->launcher_pipe};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (!uv_is_closing(own[i]))
			uv_close(own[i], NULL);
	// The sensor's handles are its own to close; it needs up to three seconds to be gone.
	uv_run(&engine->loop, UV_RUN_DEFAULT);
	uv_loop_close(&engine->loop);
	free_pending(engine);
	buf_fini(&engine->written);
	buf_fini(&engine->launcher_in);
	sensed_free(engine->sensed);
	state_free(engine->state);
	plan_free(engine->plan);
	scenario_facts_free(engine->simulated);
	for (size_t t = 0; engine->contexts && t < engine->runbook->target_count; t++)
		free(engine->contexts[t]);
	free(engine->contexts);
	free(engine->watches);
	free(engine->flaps);
	for (size_t s = 0; s < engine->runbook->step_count; s++)
		free(engine->hosts[s]);
	free(engine->hosts);
	free(engine->session_host);
	free(engine->spawned);
	record_fini(&engine->record);
	free(engine->directory);
	free(engine->id);
	event_free(engine->session);
	applied_fini(&engine->applied);
	cJSON_Delete(engine->files);
	engine_setup_fini(&engine->setup);
}
