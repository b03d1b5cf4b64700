// SPDX-License-Identifier: Apache-2.0
#include "relight/trial.h"

#include <stdlib.h>

#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"
#include "subprocess.h"

#define ANSWER_BYTES (4u << 20)

struct trial {
	struct trial_config config;
	struct subprocess *process; // NULL: it has ended
	uv_timer_t guard;
	cJSON *result; // NULL: none has come
	bool is_late;
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

// The trial itself goes with its timer.
static void let_go(struct trial *trial)
{
	cJSON_Delete(trial->result);
	uv_close((uv_handle_t *)&trial->guard, on_closed);
}

static void on_line(void *context, const char *text, size_t length)
{
	struct trial *trial = context;
	if (!trial->result)
		trial->result = json_parse(text, length, NULL);
}

static void on_end(void *context, int status, int number, const char *words)
{
	struct trial *trial = context;
	bool is_told = json_text(trial->result, "outcome") != NULL;
	struct buf why = {0};
	trial->process = NULL;
	if (trial->is_late)
		buf_printf(&why, "no answer in %llds", TRIAL_PATIENCE_MS / MS_PER_S);
	else if (number)
		buf_printf(&why, "the actuator was ended by signal %d", number);
	else
		buf_printf(&why, "the actuator ended with exit %d and no answer", status);
	if (*words && !trial->is_late)
		buf_printf(&why, ": %s", words);
	trial->config.on_end(trial->config.context, is_told ? trial->result : NULL,
		is_told ? NULL : buf_str(&why));
	buf_fini(&why);
	let_go(trial);
}

// With the plugins that it has started, which may be what hangs.
static void on_guard(uv_timer_t *timer)
{
	struct trial *trial = timer->data;
	trial->is_late = true;
	subprocess_kill_group(trial->process);
}

static void send_request(struct trial *trial, const cJSON *request)
{
	cJSON *asked = cJSON_Duplicate(request, true);
	struct buf line = {0};
	if (!asked)
		memory_exhausted();
	cJSON_DeleteItemFromObjectCaseSensitive(asked, "timeout_ms");
	json_add_int(asked, "timeout_ms", TRIAL_ANSWER_MS);
	json_add_bool(asked, "dry_run", true);
	json_write(&line, asked);
	buf_byte(&line, '\n');
	json_wipe(asked);
	subprocess_send(trial->process, line.data, line.length);
	subprocess_end_stdin(trial->process);
	buf_wipe(&line);
}

struct trial *trial_start(uv_loop_t *loop, const struct trial_config *config, struct err *err)
{
	const char *const argv[] = {
		config->executable, "perform", "--dry-run", "--dir", config->directory, NULL};
	struct trial *trial = memory_zeroed(1, sizeof *trial);
	trial->config = *config;
	trial->config.request = NULL;
	trial->process = subprocess_start(loop,
		&(struct subprocess_config){
			.argv = argv,
			.keeps_words = true,
			.max_line_bytes = ANSWER_BYTES,
			.on_line = on_line,
			.on_end = on_end,
			.context = trial,
		},
		err);
	if (!trial->process) {
		free(trial);
		return NULL;
	}
	send_request(trial, config->request);
	uv_timer_init(loop, &trial->guard);
	trial->guard.data = trial;
	uv_timer_start(&trial->guard, on_guard, TRIAL_PATIENCE_MS, 0);
	return trial;
}

void trial_abandon(struct trial *trial)
{
	if (!trial)
		return;
	subprocess_abandon(trial->process);
	let_go(trial);
}
