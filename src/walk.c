// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/memory.h"

#define CHUNK_BYTES (64u << 10)

bool walked_is_as_written(const struct walked *line)
{
	char hex[65];
	if (!line->event || line->length <= EVENT_TAIL_BYTES)
		return false;
	sha256_hex(line->bytes, line->length - EVENT_TAIL_BYTES, hex);
	return strcmp(hex, line->event->h) == 0;
}

struct walk {
	walk_each *each;
	void *context;
	struct chain chain;
	int64_t number; // lines seen
	int64_t at;     // bytes of the file that are behind `room`
	struct buf room;
	bool is_skipping;  // in the rest of a line that is too long, …
	int64_t long_from; // … which began here
};

// Where the damage is, behind what it is.
static void place(struct walked *line)
{
	struct err what = line->damage;
	if (line->event)
		err_set(&line->damage, "%s (seq %lld, bytes %lld to %lld)", what.message,
			(long long)line->event->seq, (long long)line->from, (long long)line->end);
	else
		err_set(&line->damage, "%s (bytes %lld to %lld)", what.message,
			(long long)line->from, (long long)line->end);
}

static void give(struct walk *walk, struct walked *line)
{
	if (line->damage.message[0])
		place(line);
	walk->each(walk->context, line);
	event_free(line->event);
}

// Behind a bad line the chain goes on from what that line says of itself, as far as it can be read.
static void go_on(struct chain *chain, const struct walked *line)
{
	const char *digest = line->bytes + line->length - EVENT_DIGEST_CHARS - 2;
	chain->next_seq = line->event ? line->event->seq + 1 : chain->next_seq + 1;
	if (line->length > EVENT_TAIL_BYTES)
		memcpy(chain->head, digest, EVENT_DIGEST_CHARS);
}

static void judge(struct walk *walk, struct walked *line)
{
	struct err unreadable = {0};
	struct chain *chain = &walk->chain;
	chain->lines = line->number - 1; // it counts the good ones, and names the next
	line->event = event_decode(line->bytes, line->length, &unreadable);
	bool is_linked = chain_link(chain, line->bytes, line->length, &line->damage);
	if (!is_linked)
		go_on(chain, line);
	if (is_linked && !line->event)
		err_set(&line->damage, "line %lld: no event: %s", (long long)line->number,
			unreadable.message);
}

static void take_whole(struct walk *walk, const char *bytes, size_t length)
{
	struct walked line = {
		.number = ++walk->number,
		.from = walk->at,
		.end = walk->at + (int64_t)length,
		.bytes = bytes,
		.length = length,
	};
	judge(walk, &line);
	give(walk, &line);
}

static void take_long(struct walk *walk, int64_t end, bool is_torn)
{
	struct walked line = {
		.number = ++walk->number, .from = walk->long_from, .end = end, .is_torn = is_torn};
	err_set(&line.damage, "line %lld: longer than the %u bytes that a line may have",
		(long long)line.number, EVENT_MAX_BYTES);
	walk->is_skipping = false;
	give(walk, &line);
}

static void take_torn(struct walk *walk)
{
	struct walked line = {
		.number = walk->number + 1,
		.from = walk->at,
		.end = walk->at + (int64_t)walk->room.length,
		.bytes = buf_str(&walk->room),
		.length = walk->room.length,
		.is_torn = true,
	};
	err_set(&line.damage, "line %lld: torn: %zu bytes without an end of line",
		(long long)line.number, line.length);
	give(walk, &line);
}

// The whole lines in `room`, which are dropped from it.
static void take_lines(struct walk *walk)
{
	size_t used = 0;
	const char *end;
	while (used < walk->room.length &&
		(end = memchr(walk->room.data + used, '\n', walk->room.length - used))) {
		size_t length = (size_t)(end - walk->room.data) - used;
		if (walk->is_skipping)
			take_long(walk, walk->at + (int64_t)length, false);
		else
			take_whole(walk, walk->room.data + used, length);
		used += length + 1;
		walk->at += (int64_t)length + 1;
	}
	buf_drop(&walk->room, used);
	if (walk->room.length <= EVENT_MAX_BYTES && !walk->is_skipping)
		return;
	if (!walk->is_skipping)
		walk->long_from = walk->at;
	walk->is_skipping = true;
	walk->at += (int64_t)walk->room.length;
	buf_clear(&walk->room);
}

bool walk_lines(int fd, const char *name, walk_each *each, void *context, struct err *err)
{
	struct walk walk = {.each = each, .context = context};
	char *chunk = memory_alloc(CHUNK_BYTES);
	ssize_t got;
	chain_init(&walk.chain);
	while ((got = read(fd, chunk, CHUNK_BYTES)) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		buf_add(&walk.room, chunk, (size_t)got);
		take_lines(&walk);
	}
	if (got < 0)
		err_errno(err, errno, "timeline: %s", name);
	else if (walk.is_skipping)
		take_long(&walk, walk.at, true);
	else if (walk.room.length > 0)
		take_torn(&walk);
	buf_fini(&walk.room);
	free(chunk);
	return got == 0;
}
