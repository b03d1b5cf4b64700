// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"

#define TICK_MS       100 // how often time itself is looked at
#define TICK_FAST_MS  10  // in a rehearsal that runs fast
#define TICK_CALM_MS  500 // while nothing is under way: only clocks on the screen go on
#define FAST_SPEED    10
#define LOOK_US       (1 * US_PER_S)
#define CLOCK_STEP_US (500 * US_PER_MS)
#define MARK_US       (300 * US_PER_S)
#define STILL_US      (10 * US_PER_S) // between two turns: however busy the machine is
#define LEAST_STALE_US                                                                             \
	(3 * US_PER_S)  // real time: however fast a rehearsal runs, its sensor needs some
#define DUE_ROUNDS 1000 // one thing leads to another; this is far beyond any real chain in one turn

// --- what is known ---

struct moment engine_now(const struct engine *engine)
{
	struct moment now = clock_now();
	if (!engine->simulated)
		return (struct moment){now.wall, {now.mono.us + engine->state->mono_offset_us}};
	struct wall simulated = scenario_now(engine->simulated, now.mono);
	if (!wall_known(simulated)) // before the opening
		simulated = now.wall;
	return (struct moment){simulated, {simulated.us}};
}

static int64_t awaited_seq(const struct engine *engine)
{
	int64_t next = engine_durable_seq(engine) + 1;
	bool is_awaited = engine->record.timeline && !engine->is_unrecorded &&
			  next < engine->record.chain.next_seq;
	return is_awaited ? next : 0;
}

struct facts engine_facts(const struct engine *engine)
{
	return (struct facts){
		.runbook = engine->runbook,
		.plan = engine->plan,
		.state = engine->state,
		.sensed = engine->sensed,
		.values = &engine->values,
		.scenario = engine->setup.scenario,
		.applied = engine->is_applied_known ? &engine->applied : NULL,
		.contexts = engine->is_open ? (const char *const *)engine->contexts : NULL,
		.now = engine_now(engine),
		.speed = engine->setup.speed,
		.watches = engine->watches,
		.flaps = engine->flaps,
		.next_token = (int64_t *)&engine->next_token,
		.is_recording = engine->is_unrecorded || !engine_fault(engine, NULL),
		.is_unrecorded = engine->is_unrecorded,
		.awaited_seq = awaited_seq(engine),
		.is_deserted = engine->is_deserted,
	};
}

int64_t engine_durable_seq(const struct engine *engine)
{
	return engine->record.timeline ? timeline_durable(engine->record.timeline) : -1;
}

bool engine_fault(const struct engine *engine, struct err *err)
{
	struct err ignored;
	return engine->record.timeline &&
	       timeline_fault(engine->record.timeline, err ? err : &ignored);
}

static const char *environment(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

void engine_set_value(struct engine *engine, int input, const char *value)
{
	memory_wipe(engine->setup.inputs[input]);
	engine->setup.inputs[input] = memory_copy_text(value);
	if (engine->runbook->inputs[input].secret)
		mask_secret(engine->record.mask, engine->runbook->inputs[input].id, value);
}

// --- recording ---

// The one way in: recorded, folded from the recorded bytes, told to the front.
void engine_record(struct engine *engine, struct event *event)
{
	struct moment now = clock_now();
	if (engine->simulated)
		now.wall = engine_now(engine).wall;
	struct event *folded = record_event(&engine->record, event, now);
	if (engine->front.on_durable) {
		if (engine->written.length == 0)
			engine->written_from = folded->seq;
		buf_add(&engine->written, engine->record.line.data, engine->record.line.length);
		buf_byte(&engine->written, '\n');
	}
	state_apply(engine->state, folded);
	engine_note_host(engine, folded);
	engine->values.incident = engine->state->incident;
	if (engine->simulated)
		scenario_facts_apply(engine->simulated, folded);
	if (engine->front.on_event)
		engine->front.on_event(engine->front.context, folded);
	event_free(folded);
	engine->is_dirty = true;
}

void engine_tell_durable(struct engine *engine)
{
	if (!engine->front.on_durable)
		return;
	int64_t durable = engine_durable_seq(engine);
	size_t told = 0;
	while (told < engine->written.length && engine->written_from <= durable) {
		const char *line = engine->written.data + told;
		size_t length =
			(size_t)((char *)memchr(line, '\n', engine->written.length - told) - line);
		engine->front.on_durable(engine->front.context, line, length);
		told += length + 1;
		engine->written_from++;
	}
	buf_drop(&engine->written, told);
}

// A cancel overtakes a launch that still waits for the disk: what finds it there before its request
// does nothing.
static bool overtakes_launch(struct engine *engine, struct effect *cancel)
{
	bool is_waiting = false;
	for (size_t i = 0; cancel->kind == EFFECT_CANCEL && i < engine->pending_count; i++) {
		const struct effect *effect = &engine->pending[i].effect;
		is_waiting |= effect->kind == EFFECT_LAUNCH && effect->step == cancel->step &&
			      effect->attempt == cancel->attempt;
	}
	if (!is_waiting)
		return false;
	engine_carry_out(engine, cancel);
	free(cancel->why);
	return true;
}

// Takes the decision over: its events are recorded now, its effects follow once those are durable.
void engine_commit(struct engine *engine, struct decision *decision)
{
	for (size_t i = 0; i < decision->event_count; i++)
		engine_record(engine, decision->events[i]);
	decision->event_count = 0;
	for (size_t i = 0; i < decision->effect_count; i++) {
		if (overtakes_launch(engine, &decision->effects[i]))
			continue;
		engine_announce(engine, &decision->effects[i]);
		engine->pending = memory_grow(engine->pending, engine->pending_count,
			&engine->pending_capacity, sizeof *engine->pending);
		engine->pending[engine->pending_count++] = (struct engine_pending){
			decision->effects[i], engine->record.chain.next_seq - 1};
	}
	decision->effect_count = 0;
	decision_fini(decision);
	engine->is_dirty = true;
}

static void carry_out_pending(struct engine *engine)
{
	int64_t durable = engine->is_unrecorded ? INT64_MAX : engine_durable_seq(engine);
	size_t kept = 0;
	struct engine_pending *pending = engine->pending;
	size_t count = engine->pending_count;
	// What is carried out may add effects: they go to a list of their own.
	engine->pending = NULL;
	engine->pending_count = engine->pending_capacity = 0;
	for (size_t i = 0; i < count; i++) {
		if (pending[i].after_seq > durable) {
			pending[kept++] = pending[i];
			continue;
		}
		engine_carry_out(engine, &pending[i].effect);
		json_wipe(pending[i].effect.request);
		free(pending[i].effect.why);
	}
	for (size_t i = 0; i < engine->pending_count; i++) {
		pending = memory_grow(pending, kept, &count, sizeof *pending);
		pending[kept++] = engine->pending[i];
	}
	free(engine->pending);
	engine->pending = pending;
	engine->pending_count = kept;
	engine->pending_capacity = count;
}

bool engine_want(struct engine *engine, const struct intent *intent, struct err *err)
{
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	if (engine->is_following)
		return err_set(
			err, "%s: this screen only looks on", intent_table[intent->kind].word);
	if (!engine->is_open)
		return err_set(err, "the incident is being opened; in a moment");
	if (intent->kind == INTENT_CONTINUE_UNRECORDED) {
		if (!intent->typed || strcmp(intent->typed, "continue unrecorded") != 0)
			return err_set(err, "type 'continue unrecorded' in full");
		engine_continue_unrecorded(engine);
		return true;
	}
	if (!decide_intent(&facts, intent, &decision, err))
		return false;
	if (intent->kind == INTENT_INPUT)
		engine_set_value(engine, intent->input, intent->text);
	engine_commit(engine, &decision);
	engine_wake(engine);
	return true;
}

// --- turning ---

static void settle(struct engine *engine)
{
	for (int round = 0; round < DUE_ROUNDS; round++) {
		struct facts facts = engine_facts(engine);
		struct decision decision = {0};
		decide_due(&facts, &decision);
		bool is_quiet = decision.event_count == 0 && decision.effect_count == 0;
		engine_commit(engine, &decision);
		if (is_quiet)
			return;
	}
}

// Somebody is looking, and this is what there is to see. Real time, also in a rehearsal.
static void mark(struct engine *engine)
{
	struct mono now = clock_mono();
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	if (!engine->is_watched || now.us - engine->marked.us < MARK_US)
		return;
	engine->marked = now;
	decide_mark(&facts, &decision);
	engine_commit(engine, &decision);
}

// The wall clock against the one that runs through sleep and is never set. What is small is the
// clock being disciplined. A rehearsal has a time of its own.
static void look_at_clock(struct engine *engine)
{
	struct moment now = engine_now(engine);
	int64_t lead_us = now.wall.us - now.mono.us, delta_us = lead_us - engine->clock_lead_us;
	if (engine->simulated || (delta_us < CLOCK_STEP_US && delta_us > -CLOCK_STEP_US))
		return;
	engine->clock_lead_us = lead_us;
	struct event *event = event_new(EVENT_CLOCK_STEP);
	event_set_by(event, "relight");
	json_add_int(event->data, "delta_us", delta_us);
	engine_record(engine, event);
}

// Real time, which goes on while the machine sleeps and this process is stopped.
static void look_at_stillness(struct engine *engine)
{
	struct mono now = clock_mono();
	int64_t still_us = mono_known(engine->turned) ? now.us - engine->turned.us : 0;
	engine->turned = now;
	if (still_us < STILL_US)
		return;
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	decide_stood_still(
		&facts, (int64_t)((double)still_us * engine->setup.speed) / US_PER_MS, &decision);
	engine_commit(engine, &decision);
}

// Nothing depends on when exactly time passes: nothing runs, is being verified, or is in trouble.
static bool is_calm(const struct engine *engine)
{
	if (engine->pending_count > 0)
		return false;
	for (size_t s = 0; s < engine->runbook->step_count; s++) {
		enum step_state is = engine->state->steps[s].state;

		if ((is != STEP_WAITING && is != STEP_DONE && is != STEP_SKIPPED) ||
			engine->watches[s].token > 0)
			return false;
	}
	return true;
}

static void set_tick(struct engine *engine)
{
	bool is_fast = engine->setup.speed >= FAST_SPEED;
	uint64_t every_ms = is_fast ? TICK_FAST_MS : is_calm(engine) ? TICK_CALM_MS : TICK_MS;
	if (uv_timer_get_repeat(&engine->tick) == every_ms || engine->is_ending)
		return;
	uv_timer_set_repeat(&engine->tick, every_ms);
	uv_timer_again(&engine->tick);
}

static void turn(struct engine *engine)
{
	if (engine->is_open && !engine->is_ending) {
		if (!wall_known(engine->state->closed.wall)) {
			look_at_clock(engine);
			look_at_stillness(engine);
			settle(engine);
			mark(engine);
		}
		engine_look_at_record(engine);
		engine_look_at_control(engine);
		carry_out_pending(engine);
		engine_tell_durable(engine);
		struct mono now = clock_mono();
		engine_leave_sensed(engine);
		if (now.us - engine->looked.us >= LOOK_US) {
			engine->looked = now;
			engine_look(engine);
		}
	}
	engine->is_dirty = false;
	engine->front.on_turn(engine->front.context);
	set_tick(engine);
}

static void on_check(uv_check_t *check)
{
	struct engine *engine = check->data;
	if (engine->is_dirty)
		turn(engine);
}

static void on_tick(uv_timer_t *timer)
{
	turn(timer->data);
}

static void on_durable(uv_async_t *async)
{
	struct engine *engine = async->data;
	engine->is_dirty = true;
}

void engine_wake(struct engine *engine)
{
	engine->is_dirty = true;
	uv_async_send(&engine->durable);
}

static void attach(struct engine *engine)
{
	uv_async_init(&engine->loop, &engine->durable, on_durable);
	uv_check_init(&engine->loop, &engine->check);
	uv_timer_init(&engine->loop, &engine->tick);
	engine->durable.data = engine->check.data = engine->tick.data = engine;
	uv_check_start(&engine->check, on_check);
	uint64_t every_ms = engine->setup.speed >= FAST_SPEED ? TICK_FAST_MS : TICK_MS;
	uv_timer_start(&engine->tick, on_tick, every_ms, every_ms);
	engine_attach_launcher(engine);
}

static void no_turn(void *context)
{
	(void)context;
}

// Nothing is open yet, and without a loop nothing can be.
static void begin_loop(struct engine *engine)
{
	int error = uv_loop_init(&engine->loop);
	if (error == 0)
		return;
	fprintf(stderr, "relight: cannot start: %s\n", uv_strerror(error));
	_exit(EXIT_USAGE);
}

void engine_init(struct engine *engine, struct engine_setup *setup, const struct launcher *launcher)
{
	*engine = (struct engine){.setup = *setup, .runbook = setup->runbook, .turned = MONO_NONE};
	engine->followed.dir_fd = engine->followed.fd = engine->control_fd = -1;
	engine->launcher = launcher ? *launcher : (struct launcher){.fd = -1};
	*setup = (struct engine_setup){0};
	begin_loop(engine);
	engine->plan = plan_new(engine->runbook);
	engine->state = state_new(engine->runbook, engine->plan);
	engine->sensed = sensed_new(engine->runbook->dependency_count);
	engine->watches = memory_zeroed(engine->runbook->step_count + 1, sizeof *engine->watches);
	engine->spawned = memory_zeroed(engine->runbook->step_count + 1, sizeof *engine->spawned);
	engine->hosts = memory_zeroed(engine->runbook->step_count + 1, sizeof *engine->hosts);
	engine->flaps = memory_zeroed(engine->runbook->dependency_count + 1, sizeof *engine->flaps);
	engine->state->mode = engine->setup.mode;
	engine->front.on_turn = no_turn;
	engine->sensed->least_stale_us = (int64_t)(LEAST_STALE_US * engine->setup.speed);
	if (engine->setup.scenario)
		engine->simulated = scenario_facts_new(engine->runbook);
	engine->record.mask = mask_new();
	mask_environment(engine->record.mask, environ);
	engine->record.mode = engine->setup.mode;
	engine->record.by = memory_copy_text(engine->setup.person);
	chain_init(&engine->record.chain);
	engine->values = (struct substitution){
		.runbook = engine->runbook,
		.inputs = (const char *const *)engine->setup.inputs,
		.env = environment,
	};
	for (size_t i = 0; i < engine->runbook->input_count; i++)
		if (engine->setup.inputs[i] && engine->runbook->inputs[i].secret)
			mask_secret(engine->record.mask, engine->runbook->inputs[i].id,
				engine->setup.inputs[i]);
	attach(engine);
}

// Whether there is anything for the sensor to do: targets are to be known before they are acted on.
static bool has_senses(const struct runbook *runbook)
{
	bool has_any = runbook->dependency_count > 0;
	for (size_t t = 0; t < runbook->target_count; t++)
		has_any |= !runbook->targets[t].is_ssh;
	return has_any;
}

bool engine_start(struct engine *engine, struct err *err)
{
	engine->marked = engine->looked = engine->turned = clock_mono();
	// The simulated sensor reads the time from the newest session in the file.
	if (!timeline_drain(engine->record.timeline, err))
		return false;
	engine->is_applied_known = !engine->state->applied_sha256[0];
	if (!engine->is_applied_known)
		engine_read_applied(engine);
	if (has_senses(engine->runbook) && !engine_start_sensor(engine, err))
		return false;
	engine_wake(engine);
	return true;
}
