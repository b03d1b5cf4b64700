// SPDX-License-Identifier: Apache-2.0
#include "relight/record.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"

#define BLOB_OVER_BYTES 8192 // FORMATS.md §5: larger values go to evidence/

void record_session(struct record *record)
{
	unsigned char random[8] = {0};
	struct buf boot = {0};

	// Only uniqueness is asked of it; early in a boot the process id and what the kernel has
	// must do.
	if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random)
		snprintf((char *)random, sizeof random, "%d", (int)getpid());
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(record->sid + 2 * i, 3, "%02x", random[i]);
	if (!file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot, NULL) ||
		boot.length < 36) {
		buf_clear(&boot);
		buf_text(&boot, "00000000-0000-0000-0000-000000000000");
	}
	memcpy(record->boot, boot.data, 36);
	record->boot[36] = '\0';
	buf_fini(&boot);
}

void record_uuid(char uuid[37])
{
	unsigned char random[16] = {0};

	if (getrandom(random, sizeof random, GRND_NONBLOCK) != sizeof random)
		snprintf((char *)random, sizeof random, "%d", (int)getpid());
	random[6] = (unsigned char)((random[6] & 0x0f) | 0x40); // RFC 4122 §4.4
	random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 0; i < sizeof random; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			uuid[at++] = '-';
		snprintf(uuid + at, 3, "%02x", random[i]);
		at += 2;
	}
}

// --- large values ----------------------------------------------------------------------------------------------------

struct moved_value {
	struct moved_value *next;
	char sha256[65];
	struct buf bytes;
};

static void forget_moved(struct record *record)
{
	for (struct moved_value *moved = record->moved, *next; moved; moved = next) {
		next = moved->next;
		buf_fini(&moved->bytes);
		free(moved);
	}
	record->moved = NULL;
}

static bool fetch_moved(void *context, const char *sha256, struct buf *bytes)
{
	const struct record *record = context;

	for (const struct moved_value *moved = record->moved; moved; moved = moved->next) {
		if (!strcmp(moved->sha256, sha256)) {
			buf_add(bytes, moved->bytes.data, moved->bytes.length);
			return true;
		}
	}
	return false;
}

// What stands in the event for a value that went to evidence/.
static cJSON *put_blob(struct record *record, const char *bytes, size_t length)
{
	struct moved_value *moved = memory_zeroed(1, sizeof *moved);
	cJSON *reference = json_object();
	char sha256[65];

	sha256_hex(bytes, length, sha256);
	memcpy(moved->sha256, sha256, sizeof sha256);
	buf_add(&moved->bytes, bytes, length);
	moved->next = record->moved;
	record->moved = moved;
	if (record->timeline)
		timeline_blob(record->timeline, sha256, bytes, length);
	json_add_text(reference, "blob", sha256);
	json_add_int(reference, "bytes", (int64_t)length);
	return reference;
}

// The reference that replaces `value`, or NULL when it is small enough. A text goes out as its
// bytes, anything else as JSON.
static cJSON *replace_large(struct record *record, const cJSON *value)
{
	struct buf encoded = {0};
	cJSON *reference = NULL;

	json_write(&encoded, value);
	if (encoded.length > BLOB_OVER_BYTES) {
		if (cJSON_IsString(value))
			reference =
				put_blob(record, value->valuestring, strlen(value->valuestring));
		else
			reference = put_blob(record, encoded.data, encoded.length);
	}
	buf_fini(&encoded);
	return reference;
}

// Moves what is large below `parent` out, innermost first, so that a list with one long text keeps
// the rest in sight.
static void move_large(struct record *record, cJSON *parent)
{
	for (cJSON *item = parent->child, *next; item; item = next) {
		next = item->next;
		move_large(record, item);

		cJSON *reference = replace_large(record, item);

		if (!reference)
			continue;
		if (cJSON_IsObject(parent))
			reference->string = memory_copy_text(item->string);
		if (!cJSON_ReplaceItemViaPointer(parent, item, reference))
			memory_exhausted();
	}
}

static void move_large_data(struct record *record, cJSON *data)
{
	struct buf encoded = {0};

	json_write(&encoded, data);
	if (encoded.length > BLOB_OVER_BYTES)
		move_large(record, data);
	buf_fini(&encoded);
}

// --- the write path --------------------------------------------------------------------------------------------------

static void mask_owned(const struct mask *mask, char **text)
{
	struct buf out = {0};

	if (!*text)
		return;
	mask_text(mask, *text, strlen(*text), &out);
	free(*text);
	*text = buf_take(&out);
}

static void complete(struct record *record, struct event *event, struct moment now)
{
	char text[WALL_TEXT_BYTES];

	// A time outside the years 0 to 9999 is none; the event must be recorded all the same.
	wall_format(now.wall, text);
	event->ts = text[0] ? now.wall : (struct wall){0};
	wall_format(event->at, text);
	event->at = text[0] ? event->at : WALL_NONE;
	event->mono.us = now.mono.us > 0 ? now.mono.us : 0;
	event->seq = record->chain.next_seq;
	event->mode = record->mode;
	memcpy(event->sid, record->sid, sizeof event->sid);
	memcpy(event->boot, record->boot, sizeof event->boot);
	if (!event->by)
		event->by = memory_copy_text(record->by ? record->by : "relight");
	mask_owned(record->mask, &event->by);
	mask_owned(record->mask, &event->step);
	mask_owned(record->mask, &event->dependency);
	mask_json(record->mask, event->data);
	move_large_data(record, event->data);
}

// What is recorded in the place of an event that cannot be. Its texts are short, so that it always
// can.
static struct event *fault_of(const struct event *event, const struct err *why)
{
	struct event *fault = event_new(EVENT_FAULT);
	struct buf what = {0};

	buf_printf(&what, "an event of kind %.40s could not be recorded", event->kind_word);
	fault->at = event->at;
	if (event->step && strlen(event->step) < 256)
		event_set_step(fault, event->step);
	fault->attempt = event->attempt;
	json_add_text(fault->data, "what", buf_str(&what));
	json_add_text(fault->data, "error", why->message);
	buf_fini(&what);
	return fault;
}

// The bytes of the event, and what they read back as. NULL when they are no line of a timeline.
static struct event *encode(
	struct record *record, struct event *event, struct buf *line, struct err *err)
{
	buf_clear(line);
	if (!event_encode(event, record->chain.head, line, err))
		return NULL;
	return event_decode(line->data, line->length, err);
}

struct event *record_event(struct record *record, struct event *event, struct moment now)
{
	struct buf *line = &record->line;
	struct err err = {0};

	forget_moved(record);
	complete(record, event, now);

	struct event *back = encode(record, event, line, &err);

	if (!back) {
		struct event *fault = fault_of(event, &err);

		complete(record, fault, now);
		back = encode(record, fault, line, &err);
		event_free(fault);
	}
	assert(back);
	event_free(event);
	if (record->timeline)
		timeline_append(record->timeline, back->seq, line->data, line->length);
	memcpy(record->chain.head, back->h, sizeof record->chain.head);
	record->chain.next_seq++;
	record->chain.lines++;
	event_restore(back, fetch_moved, record);
	return back;
}

void record_fini(struct record *record)
{
	forget_moved(record);
	buf_fini(&record->line);
	mask_free(record->mask);
	free(record->by);
	record->mask = NULL;
	record->by = NULL;
}
