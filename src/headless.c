// SPDX-License-Identifier: Apache-2.0
#include "headless.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "outlet.h"
#include "relight/autopilot.h"

struct headless {
	struct engine *engine;
	struct autopilot autopilot;
	int exit_code;
	struct buf why; // why it stopped; empty: it is over
	bool is_over;
	uv_signal_t signals[2];
};

static void stop(struct headless *headless, int exit_code)
{
	headless->is_over = true;
	headless->exit_code = exit_code;
	uv_stop(&headless->engine->loop);
}

static void on_turn(void *context)
{
	struct headless *headless = context;
	struct engine *engine = headless->engine;
	struct intent intent;
	struct err err;
	int exit_code = EXIT_NO;
	if (headless->is_over || !engine->is_open)
		return;
	if (engine_fault(engine, &err)) {
		buf_text(&headless->why, err.message);
		stop(headless, EXIT_NO);
		return;
	}
	struct facts facts = engine_facts(engine);
	switch (autopilot_next(&headless->autopilot, &facts, &intent, &exit_code, &headless->why)) {
	case AUTOPILOT_ACT:
		if (!engine_want(engine, &intent, &err)) {
			autopilot_refused(&headless->autopilot, &intent, &err);
			engine_wake(engine);
		}
		break;
	case AUTOPILOT_WAIT: break;
	case AUTOPILOT_OVER:
	case AUTOPILOT_STOP: stop(headless, exit_code); break;
	}
}

// A reader of stdout that is gone, or stands still, does not stop a recovery. It is there before
// the incident is, whose first lines come before headless_run().
static struct outlet out;

static void on_durable(void *context, const char *line, size_t length)
{
	(void)context;
	outlet_add(&out, line, length + 1); // with its LF
}

static void on_closed(void *context)
{
	struct headless *headless = context;
	struct facts facts = engine_facts(headless->engine);
	struct intent intent;
	int exit_code = EXIT_GOOD;
	if (headless->is_over)
		return;
	autopilot_next(&headless->autopilot, &facts, &intent, &exit_code, &headless->why);
	stop(headless, exit_code);
}

static void on_taken(void *context, const char *words)
{
	struct headless *headless = context;
	buf_printf(&headless->why, "%s; it goes on there, and running attempts do, too", words);
	stop(headless, EXIT_PERSON);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct headless *headless = handle->data;
	buf_printf(&headless->why,
		"interrupted by signal %d; running attempts go on, 'relight resume' takes over",
		number);
	stop(headless, EXIT_INTERRUPTED);
}

static void nothing(void *context)
{
	(void)context;
}

void headless_attach(struct engine *engine)
{
	signal(SIGPIPE, SIG_IGN);
	outlet_init(&out, STDOUT_FILENO);
	engine_start_threads(engine);
	engine->front = (struct engine_front){
		.on_turn = nothing, .on_durable = on_durable, .on_closed = nothing};
}

static void attach_signals(struct headless *headless)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&headless->engine->loop, &headless->signals[i]);
		headless->signals[i].data = headless;
		uv_signal_start(&headless->signals[i], on_signal, numbers[i]);
	}
}

int headless_run(struct engine *engine, const struct answers *answers, int parallel)
{
	struct headless headless = {.engine = engine};
	struct intent arm = intent_of(INTENT_ARM);
	struct err err = {0};
	struct facts facts = engine_facts(engine);
	autopilot_init(&headless.autopilot, &facts, answers, parallel);
	engine->front.context = &headless;
	engine->front.on_turn = on_turn;
	engine->front.on_closed = on_closed;
	engine->front.on_taken = on_taken;
	attach_signals(&headless);
	bool is_closed = wall_known(engine->state->closed.wall);
	if (!is_closed && (!engine_want(engine, &arm, &err) || !engine_start(engine, &err))) {
		buf_text(&headless.why, err.message);
		stop(&headless, EXIT_NO);
	}
	while (!headless.is_over && !is_closed)
		uv_run(&engine->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&headless.signals[i], NULL);
	if (headless.why.length > 0)
		fprintf(stderr, "relight: %s: %s\n", engine->state->incident,
			buf_str(&headless.why));
	engine->front.on_turn = nothing;
	engine_fini(engine, headless.exit_code == EXIT_INTERRUPTED ? "interrupted"
			    : headless.exit_code                   ? "stopped"
								   : "over");
	// Nothing is held any more: from here on only the caller waits for the reader.
	outlet_close(&out);
	autopilot_fini(&headless.autopilot);
	buf_fini(&headless.why);
	return headless.exit_code;
}
