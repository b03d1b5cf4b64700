// SPDX-License-Identifier: Apache-2.0
#include "cockpit_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/incident_files.h"
#include "relight/memory.h"

#define LOOK_MS         200
#define READ_BYTES      (256u << 10)
#define KEPT_BYTES      (2u << 20)
#define KEPT_LINES      20000
#define LINE_MOST_BYTES 8192
#define AGES_MOST       64 // running attempts whose age is looked at, at a time

// What the worker does in one go; it touches nothing else.
struct peek {
	uv_work_t work;
	struct cockpit_output *output;
	char *directory;
	char *path; // of the followed output; NULL: none
	int64_t offset;
	char *bytes; // READ_BYTES
	ssize_t length;
	int fault;          // errno of why it cannot be read; 0: it can, or is not there yet
	int64_t changed_us; // wall time of the newest byte, 0: none
	int step, attempt;
	struct {
		char *path;
		int step;
		int64_t changed_us;
	} ages[AGES_MOST];
	size_t age_count;
};

struct cockpit_output {
	struct engine *engine;
	uv_timer_t timer;
	struct peek peek;
	bool is_peeking, is_closing, is_closed;
	int step, attempt;
	int64_t offset; // bytes taken so far
	char **lines;   // kept, oldest first
	size_t line_count, line_capacity;
	size_t kept_bytes;
	int64_t first;      // number of lines[0]
	struct buf partial; // the line that has no end yet
	bool shows_partial; // it stands at the end of `lines`
	bool has_returned;  // its last byte was a carriage return
	int64_t changed_us;
	int fault;
	int64_t *age_changed_us, *ages_ms; // by step index
};

// --- on the worker ---

static int64_t changed_us(const struct stat *is)
{
	return is->st_mtim.tv_sec * US_PER_S + is->st_mtim.tv_nsec / 1000;
}

static void read_followed(struct peek *peek)
{
	struct stat is;
	int fd = open(peek->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	peek->length = 0;
	peek->fault = fd < 0 && errno != ENOENT ? errno : 0;
	if (fd < 0)
		return;
	if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode)) {
		peek->changed_us = is.st_size > 0 ? changed_us(&is) : 0;
		peek->length = pread(fd, peek->bytes, READ_BYTES, peek->offset);
		peek->fault = peek->length < 0 ? errno : 0;
	}
	close(fd);
}

static void work(uv_work_t *request)
{
	struct peek *peek = request->data;
	struct stat is;
	if (peek->path)
		read_followed(peek);
	for (size_t i = 0; i < peek->age_count; i++)
		if (stat(peek->ages[i].path, &is) == 0 && is.st_size > 0)
			peek->ages[i].changed_us = changed_us(&is);
}

// --- on the loop ---

static void forget_oldest(struct cockpit_output *output)
{
	size_t gone = output->line_count / 4 + 1;
	for (size_t i = 0; i < gone; i++) {
		output->kept_bytes -= strlen(output->lines[i]);
		free(output->lines[i]);
	}
	output->line_count -= gone;
	output->first += (int64_t)gone;
	memmove(output->lines, output->lines + gone, output->line_count * sizeof *output->lines);
}

static void add_line(struct cockpit_output *output)
{
	if (output->line_count >= KEPT_LINES || output->kept_bytes >= KEPT_BYTES)
		forget_oldest(output);
	output->lines = memory_grow(
		output->lines, output->line_count, &output->line_capacity, sizeof *output->lines);
	output->kept_bytes += output->partial.length;
	output->lines[output->line_count++] =
		memory_copy_bytes(buf_str(&output->partial), output->partial.length);
	buf_clear(&output->partial);
}

static void hide_partial(struct cockpit_output *output)
{
	if (!output->shows_partial)
		return;
	output->line_count--;
	output->kept_bytes -= strlen(output->lines[output->line_count]);
	free(output->lines[output->line_count]);
	output->shows_partial = false;
}

static void show_partial(struct cockpit_output *output)
{
	struct buf kept = output->partial;
	if (kept.length == 0)
		return;
	output->partial = (struct buf){0};
	buf_add(&output->partial, kept.data, kept.length);
	add_line(output);
	buf_fini(&output->partial);
	output->partial = kept;
	output->shows_partial = true;
}

// What follows a carriage return begins the line anew, as it does on a terminal; NUL bytes are
// shown as such elsewhere, here they would cut.
static void take_byte(struct cockpit_output *output, char byte)
{
	bool is_return = byte == '\r', is_end = byte == '\n';
	if (output->has_returned && !is_return && !is_end)
		buf_clear(&output->partial);
	output->has_returned = is_return;
	if (is_end || output->partial.length >= LINE_MOST_BYTES)
		add_line(output);
	if (!is_end && !is_return)
		buf_byte(&output->partial, byte ? byte : '?');
}

static void take_bytes(struct cockpit_output *output, const char *bytes, size_t length)
{
	hide_partial(output);
	for (size_t i = 0; i < length; i++)
		take_byte(output, bytes[i]);
	show_partial(output);
	output->offset += (int64_t)length;
}

static void free_peek(struct peek *peek)
{
	free(peek->path);
	peek->path = NULL;
	for (size_t i = 0; i < peek->age_count; i++)
		free(peek->ages[i].path);
	peek->age_count = 0;
}

static void really_free(struct cockpit_output *output)
{
	for (size_t i = 0; i < output->line_count; i++)
		free(output->lines[i]);
	free(output->lines);
	buf_fini(&output->partial);
	free(output->peek.bytes);
	free(output->age_changed_us);
	free(output->ages_ms);
	free(output);
}

static void start_peek(struct cockpit_output *output);

static void on_peeked(uv_work_t *request, int status)
{
	struct peek *peek = request->data;
	struct cockpit_output *output = peek->output;
	(void)status;
	output->is_peeking = false;
	if (output->is_closing) {
		free_peek(peek);
		if (output->is_closed)
			really_free(output);
		return;
	}
	for (size_t i = 0; i < peek->age_count; i++)
		output->age_changed_us[peek->ages[i].step] = peek->ages[i].changed_us;
	bool is_same = peek->step == output->step && peek->attempt == output->attempt &&
		       peek->offset == output->offset;
	bool has_more = is_same && peek->path && peek->length == READ_BYTES;
	if (is_same && peek->path) {
		output->changed_us = peek->changed_us;
		output->fault = peek->fault;
		if (peek->length > 0) {
			take_bytes(output, peek->bytes, (size_t)peek->length);
			engine_wake(output->engine);
		}
	}
	free_peek(peek);
	if (has_more)
		start_peek(output);
}

static char *output_path(const struct cockpit_output *output, int step, int attempt)
{
	struct buf path = {0};
	buf_printf(&path, "%s/" INCIDENT_ATTEMPTS "/%s/%d/" ATTEMPT_OUTPUT_NAME,
		output->engine->directory, output->engine->runbook->steps[step].id, attempt);
	return buf_take(&path);
}

// While it is being opened another thread makes the incident's directory.
static bool has_directory(const struct engine *engine)
{
	return engine->is_open || engine->is_following;
}

static void start_peek(struct cockpit_output *output)
{
	struct peek *peek = &output->peek;
	const struct state *state = output->engine->state;
	if (output->is_peeking || !has_directory(output->engine))
		return;
	peek->step = output->step;
	peek->attempt = output->attempt;
	peek->offset = output->offset;
	peek->length = 0;
	peek->changed_us = 0;
	if (output->step >= 0 && output->attempt > 0)
		peek->path = output_path(output, output->step, output->attempt);
	for (size_t s = 0; state->running_count > 0 && s < output->engine->runbook->step_count &&
			   peek->age_count < AGES_MOST;
		s++) {
		if (state->steps[s].state != STEP_RUNNING)
			continue;
		peek->ages[peek->age_count].path =
			output_path(output, (int)s, state->steps[s].attempt);
		peek->ages[peek->age_count].step = (int)s;
		peek->ages[peek->age_count++].changed_us = 0;
	}
	if (!peek->path && peek->age_count == 0)
		return;
	output->is_peeking =
		uv_queue_work(&output->engine->loop, &peek->work, work, on_peeked) == 0;
	if (!output->is_peeking)
		free_peek(peek);
}

static void on_timer(uv_timer_t *timer)
{
	start_peek(timer->data);
}

struct cockpit_output *cockpit_output_new(struct engine *engine)
{
	struct cockpit_output *output = memory_zeroed(1, sizeof *output);
	size_t steps = engine->runbook->step_count + 1;
	output->engine = engine;
	output->step = -1;
	output->peek.output = output;
	output->peek.work.data = &output->peek;
	output->peek.bytes = memory_alloc(READ_BYTES);
	output->age_changed_us = memory_zeroed(steps, sizeof *output->age_changed_us);
	output->ages_ms = memory_zeroed(steps, sizeof *output->ages_ms);
	uv_timer_init(&engine->loop, &output->timer);
	output->timer.data = output;
	uv_timer_start(&output->timer, on_timer, LOOK_MS, LOOK_MS);
	return output;
}

static void on_closed(uv_handle_t *handle)
{
	struct cockpit_output *output = handle->data;
	output->is_closed = true;
	if (!output->is_peeking)
		really_free(output);
}

void cockpit_output_free(struct cockpit_output *output)
{
	output->is_closing = true;
	uv_close((uv_handle_t *)&output->timer, on_closed);
}

void cockpit_output_follow(struct cockpit_output *output, int step, int attempt)
{
	if (output->step == step && output->attempt == attempt)
		return;
	for (size_t i = 0; i < output->line_count; i++)
		free(output->lines[i]);
	output->line_count = output->kept_bytes = 0;
	output->first = output->offset = output->changed_us = 0;
	output->fault = 0;
	output->shows_partial = output->has_returned = false;
	buf_clear(&output->partial);
	output->step = step;
	output->attempt = attempt;
	start_peek(output);
}

static int64_t age_ms(const struct cockpit_output *output, int64_t changed)
{
	int64_t age = changed > 0 ? (clock_wall().us - changed) / US_PER_MS : -1;
	if (age < 0 && changed > 0)
		age = 0;
	return age < 0 ? -1 : (int64_t)((double)age * output->engine->setup.speed);
}

struct frame_output cockpit_output_window(struct cockpit_output *output)
{
	return (struct frame_output){
		.step = output->attempt > 0 ? output->step : -1,
		.attempt = output->attempt,
		.lines = (const char *const *)output->lines,
		.count = output->line_count,
		.first = output->first,
		.total = output->first + (int64_t)output->line_count,
		.age_ms = age_ms(output, output->changed_us),
		.fault = output->fault ? strerror(output->fault) : NULL,
	};
}

const int64_t *cockpit_output_ages(const struct cockpit_output *output)
{
	for (size_t s = 0; s < output->engine->runbook->step_count; s++)
		output->ages_ms[s] = age_ms(output, output->age_changed_us[s]);
	return output->ages_ms;
}

int64_t cockpit_output_find(
	const struct cockpit_output *output, const char *text, int64_t from, int direction)
{
	int64_t count = (int64_t)output->line_count;
	int64_t at = from < output->first ? (direction > 0 ? -1 : count) : from - output->first;
	if (count == 0 || !text[0])
		return -1;
	for (int64_t looked = 0; looked < count; looked++) {
		at = (at + direction + count) % count;
		if (strcasestr(output->lines[at], text))
			return output->first + at;
	}
	return -1;
}
