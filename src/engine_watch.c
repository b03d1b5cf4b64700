// SPDX-License-Identifier: Apache-2.0
//
// Looking on: the same fold over a timeline that another process writes.
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/memory.h"

#define FOLLOW_MS 200

// Takes the whole lines that have come since the last look; a line that is being written waits for
// the next one.
static bool take_more(struct engine *engine, struct err *err)
{
	size_t torn_bytes = 0;
	if (!timeline_scan(engine->followed_fd, "timeline.jsonl", engine_fold_line, engine,
		    &engine->record.chain, &torn_bytes, err))
		return false;
	return lseek(engine->followed_fd, -(off_t)torn_bytes, SEEK_CUR) >= 0 ||
	       err_errno(err, errno, "watch: timeline.jsonl");
}

static void on_follow(uv_timer_t *timer)
{
	struct engine *engine = timer->data;
	int64_t before = engine->state->events;
	bool is_read = take_more(engine, &engine->followed_fault);
	if (!is_read)
		uv_timer_stop(timer);
	if (!is_read || engine->state->events != before)
		engine_wake(engine);
}

bool engine_follow(struct engine *engine, const char *directory, struct err *err)
{
	struct buf path = {0};
	buf_printf(&path, "%s/timeline.jsonl", directory);
	engine->directory = memory_copy_text(directory);
	engine->followed_fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_open =
		engine->followed_fd >= 0 || err_errno(err, errno, "watch: %s", buf_str(&path));
	buf_fini(&path);
	chain_init(&engine->record.chain);
	if (!is_open || !take_more(engine, err))
		return false;
	engine->is_following = true;
	uv_timer_init(&engine->loop, &engine->follow);
	engine->follow.data = engine;
	uv_timer_start(&engine->follow, on_follow, FOLLOW_MS, FOLLOW_MS);
	return true;
}

void engine_unfollow(struct engine *engine)
{
	if (engine->followed_fd >= 0)
		close(engine->followed_fd);
	if (engine->is_following)
		uv_close((uv_handle_t *)&engine->follow, NULL);
}
