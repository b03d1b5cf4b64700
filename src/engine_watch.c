// SPDX-License-Identifier: Apache-2.0
//
// Looking on: the same fold over a timeline that another process writes.
#include "engine.h"

#include <unistd.h>

#include "relight/clock.h"
#include "relight/memory.h"
#include "relight/timeline.h"

#define FOLLOW_MS 200
#define LOOKED_US US_PER_S // whether somebody has it

static bool take_more(struct engine *engine, struct err *err)
{
	return timeline_follow_on(&engine->followed, engine_fold_line, engine, err);
}

// Whoever was killed has ended no session: the lock tells.
static void look_for_owner(struct engine *engine)
{
	struct mono now = clock_mono();
	if (now.us - engine->looked.us < LOOKED_US)
		return;
	engine->looked = now;
	engine->is_deserted = !timeline_is_held(engine->directory);
}

static void on_follow(uv_timer_t *timer)
{
	struct engine *engine = timer->data;
	int64_t before = engine->state->events;
	bool is_read = take_more(engine, &engine->followed_fault);
	engine_look_at_sensed(engine);
	look_for_owner(engine);
	if (!is_read)
		uv_timer_stop(timer);
	if (!is_read || engine->state->events != before)
		engine_wake(engine);
}

// Of a damaged record, with which somebody went on all the same.
static bool follow_past_damage(struct engine *engine)
{
	struct damage damage = {0};
	struct past_damage past = {engine, &damage};
	struct timeline_tail tail = {0};
	struct err ignored;
	int fd = timeline_open_file(engine->directory, &ignored);
	chain_init(&tail.chain);
	bool is_read = fd >= 0 && engine_read_damaged(&past, fd, &tail, &ignored);
	if (fd >= 0)
		close(fd);
	if (!is_read || damage.is_new)
		return false;
	timeline_unfollow(&engine->followed);
	return timeline_follow_from(&engine->followed, engine->directory, &tail.chain, &ignored);
}

bool engine_follow(struct engine *engine, const char *directory, struct err *err)
{
	engine->directory = memory_copy_text(directory);
	if (!timeline_follow(&engine->followed, directory, err) ||
		(!take_more(engine, err) && !follow_past_damage(engine)))
		return err_prefix(err, "watch");
	engine->is_following = true;
	engine->seen = (struct engine_seen){.written = MONO_NONE};
	record_session(&engine->record);
	engine_look_at_sensed(engine);
	look_for_owner(engine);
	uv_timer_init(&engine->loop, &engine->follow);
	engine->follow.data = engine;
	uv_timer_start(&engine->follow, on_follow, FOLLOW_MS, FOLLOW_MS);
	return true;
}

void engine_unfollow(struct engine *engine)
{
	timeline_unfollow(&engine->followed);
	if (engine->is_following)
		uv_close((uv_handle_t *)&engine->follow, NULL);
}
