// SPDX-License-Identifier: Apache-2.0
//
// The record holds changes. What the sensor says between them, and that it looks at all, is left in
// a file beside it, sensed.jsonl, by whoever has the incident and for those who look on: a file
// that is no record, is written anew every two seconds, and goes when the session ends.
#include "engine.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/memory.h"

#define LEFT_MOST_BYTES (64u << 20)
#define LEAVE_US        (2 * US_PER_S)
#define LEAVE_MANY      1000 // dependencies: for so many more, a second more
#define LEAVE_AT_ONCE   200  // in one turn: a key is answered in the same time
#define AWAY_LOOKS      100  // at the end a disk is waited for, but not for ever
#define AWAY_LOOK_MS    10

// --- leaving it ---

// A thread for each file, and one at a time: libuv's own abort the process where they cannot be
// made. One that hangs in its disk is left to the end of the process, with what it holds.
struct engine_leaving {
	uv_thread_t thread;
	bool has_thread;        // to be joined
	atomic_bool is_writing; // the thread has the rest
	char *directory;
	struct buf text;   // empty: none is begun
	size_t next;       // dependency that is not in it yet
	struct mono begun; // on the machine's clock, …
	struct mono now;   // … and on the incident's
};

// What cannot be written gets old, and is seen to.
static void write_left(void *context)
{
	struct engine_leaving *leaving = context;
	int dir_fd = file_open_directory(AT_FDCWD, leaving->directory, false, NULL);
	if (dir_fd >= 0) {
		file_save(dir_fd, SENSED_LEFT_NAME, leaving->text.data, leaving->text.length, false,
			NULL);
		close(dir_fd);
	}
	atomic_store(&leaving->is_writing, false);
}

static void join(struct engine_leaving *leaving)
{
	if (!leaving->has_thread)
		return;
	uv_thread_join(&leaving->thread);
	leaving->has_thread = false;
	buf_clear(&leaving->text);
}

static void begin_writing(struct engine_leaving *leaving)
{
	atomic_store(&leaving->is_writing, true);
	leaving->has_thread = uv_thread_create(&leaving->thread, write_left, leaving) == 0;
	if (leaving->has_thread)
		return;
	atomic_store(&leaving->is_writing, false);
	buf_clear(&leaving->text);
}

static struct engine_leaving *leaving_of(struct engine *engine)
{
	if (!engine->leaving) {
		engine->leaving = memory_zeroed(1, sizeof *engine->leaving);
		engine->leaving->directory = memory_copy_text(engine->directory);
	}
	return engine->leaving;
}

static void begin_leaving(struct engine *engine)
{
	struct engine_leaving *leaving = engine->leaving;
	struct moment real = clock_now();
	struct sensed_left left = {.real = real.mono,
		.wall = real.wall,
		.session = engine->state->session_count,
		.silence_ms = sensor_silence_ms(engine->sensor)};
	memcpy(left.boot, engine->record.boot, sizeof left.boot);
	leaving->begun = real.mono;
	leaving->now = engine_now(engine).mono;
	leaving->next = 0;
	buf_clear(&leaving->text);
	sensed_leave_first(
		engine->sensed, engine->runbook, &left, engine->record.mask, &leaving->text);
}

void engine_leave_sensed(struct engine *engine)
{
	struct engine_leaving *leaving = leaving_of(engine);
	size_t count = engine->sensed->count;
	int64_t every_us = LEAVE_US * (1 + (int64_t)(count / LEAVE_MANY));
	if (!engine->sensor || atomic_load(&leaving->is_writing))
		return;
	join(leaving);
	bool is_begun = leaving->text.length > 0;
	if (!is_begun && clock_mono().us - leaving->begun.us < every_us)
		return;
	if (!is_begun)
		begin_leaving(engine);
	leaving->next = sensed_leave(engine->sensed, engine->runbook, leaving->next, LEAVE_AT_ONCE,
		engine->record.mask, leaving->now, &leaving->text);
	if (leaving->next == count)
		begin_writing(leaving);
}

void engine_take_sensed_away(struct engine *engine)
{
	struct engine_leaving *leaving = engine->leaving;
	struct buf path = {0};
	if (!leaving)
		return;
	for (int i = 0; i < AWAY_LOOKS && atomic_load(&leaving->is_writing); i++)
		uv_sleep(AWAY_LOOK_MS);
	if (atomic_load(&leaving->is_writing))
		return;
	join(leaving);
	buf_printf(&path, "%s/%s", leaving->directory, SENSED_LEFT_NAME);
	unlink(buf_str(&path));
	buf_fini(&path);
	buf_fini(&leaving->text);
	free(leaving->directory);
	free(leaving);
}

// --- looking at it ---

static void forget(struct engine *engine)
{
	int64_t least_stale_us = engine->sensed->least_stale_us;
	if (!mono_known(engine->seen.written))
		return;
	sensed_free(engine->sensed);
	engine->sensed = sensed_new(engine->runbook->dependency_count);
	engine->sensed->least_stale_us = least_stale_us;
	engine->seen.written = MONO_NONE;
	engine->seen.file = (struct stat){0};
}

// When it was left, by this machine's own clock. One of another machine, or of before a reboot, has
// another clock: one that is there already is as old as the wall clocks say, one that comes is new.
static struct mono written_at(const struct engine *engine, const struct sensed_left *left)
{
	struct moment now = clock_now();
	int64_t age_us = 0;
	if (strcmp(left->boot, engine->record.boot) == 0)
		age_us = now.mono.us - left->real.us;
	else if (!mono_known(engine->seen.written))
		age_us = now.wall.us - left->wall.us;
	return (struct mono){age_us > 0 ? now.mono.us - age_us : now.mono.us};
}

static void take(struct engine *engine, const struct buf *text, const struct stat *file)
{
	struct engine_seen *seen = &engine->seen;
	struct sensed_left left;
	if (!sensed_take_first(engine->sensed, text->data, text->length, &left, NULL))
		return;
	// Of a session that has ended, or that the record does not tell of yet.
	if (left.session != engine->state->session_count) {
		forget(engine);
		return;
	}
	seen->file = *file;
	seen->written = written_at(engine, &left);
	seen->silence_ms = left.silence_ms;
	double age_us = (double)(clock_mono().us - seen->written.us) * engine->state->speed;
	struct mono written = {engine_now(engine).mono.us - (int64_t)age_us};
	sensed_take_over(engine->sensed, engine->state, text->data, text->length, written, NULL);
}

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_ino == other->st_ino && one->st_size == other->st_size &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

void engine_look_at_sensed(struct engine *engine)
{
	struct stat file;
	struct buf text = {0};
	int dir_fd = engine->followed.dir_fd;
	if (engine->seen.session != engine->state->session_count)
		forget(engine);
	engine->seen.session = engine->state->session_count;
	if (fstatat(dir_fd, SENSED_LEFT_NAME, &file, AT_SYMLINK_NOFOLLOW) < 0)
		forget(engine);
	else if (!is_same_file(&file, &engine->seen.file) && S_ISREG(file.st_mode) &&
		 file_read(dir_fd, SENSED_LEFT_NAME, LEFT_MOST_BYTES, &text, NULL))
		take(engine, &text, &file);
	buf_fini(&text);
}

int64_t engine_sensor_silence_ms(const struct engine *engine)
{
	const struct engine_seen *seen = &engine->seen;
	if (engine->sensor)
		return sensor_silence_ms(engine->sensor);
	if (!engine->is_following || !mono_known(seen->written) || seen->silence_ms < 0)
		return -1;
	return seen->silence_ms + (clock_mono().us - seen->written.us) / US_PER_MS;
}
