// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_RECORD_H
#define RELIGHT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/event.h"
#include "relight/mask.h"
#include "relight/timeline.h"

// The one write path: an event is masked, its large values become blobs, it is numbered, chained
// and encoded, queued for the disk, and decoded again from the very bytes that will be written, to
// be folded.

struct record {
	struct timeline *timeline; // NULL: nothing is kept, events are only numbered and chained
	struct mask *mask;
	struct chain chain; // next seq and head
	char sid[40], boot[37];
	char *by;
	enum event_mode mode;
	struct buf line;           // the bytes of the newest event, without LF
	struct moved_value *moved; // what of the newest event went to evidence/
};

// A new session id (random), and this boot's id, into `record`. Blocks on /proc once.
void record_session(struct record *record);

// A random UUID (version 4) in lower case.
void record_uuid(char uuid[37]);

// Takes ownership of `event`, gives it seq, sid, by (where it has none), mode, boot, `now` and its
// links, and queues it. Returns the event as decoded from the written bytes, with what event.h
// restores of its blobs; the caller frees it.
// An event that would be over 64 KiB even with its large values moved out is cut down to a `fault`
// event that says so. Never NULL.
struct event *record_event(struct record *record, struct event *event, struct moment now);

// Frees the mask, the name and the line; the timeline is the caller's to close.
void record_fini(struct record *record);

#endif
