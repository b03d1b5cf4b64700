// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_EVENT_H
#define RELIGHT_EVENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/moment.h"

// One line of timeline.jsonl (FORMATS.md §5), as a value and as bytes.

#define EVENT_MAX_BYTES    (64u << 10) // of a line, without its LF
#define EVENT_DIGEST_CHARS 64
#define EVENT_TAIL_BYTES   72 // ,"h":"<64 hex>"}

// A SHA-256 as the record writes it, in lower case; NULL is none.
bool event_is_digest(const char *text);

// Name and word of every kind, in the order of FORMATS.md.
// clang-format off
#define EVENT_KINDS(X) \
	X(LOG_OPEN, "log.open") X(LOG_RECOVERED, "log.recovered") \
	X(LOG_SEGMENT, "log.segment") X(LOG_CLOSED, "log.closed") \
	X(SESSION_OPEN, "session.open") X(SESSION_RESUMED, "session.resumed") \
	X(SESSION_ENDED, "session.ended") X(MARK, "mark") \
	X(INCIDENT_DECLARED, "incident.declared") X(INCIDENT_STATUS, "incident.status") \
	X(INCIDENT_SERVING, "incident.serving") \
	X(INCIDENT_INTERRUPTED, "incident.interrupted") \
	X(INCIDENT_RECOVERED, "incident.recovered") X(INCIDENT_CLOSED, "incident.closed") \
	X(RESTORE_POINT, "restore_point") X(RUNBOOK_LOADED, "runbook.loaded") \
	X(RUNBOOK_CHANGED, "runbook.changed") X(INPUT_SET, "input.set") \
	X(TARGET_PINNED, "target.pinned") X(TARGET_CHANGED, "target.changed") \
	X(TARGET_REPINNED, "target.repinned") X(MODE_ARMED, "mode.armed") \
	X(MODE_DISARMED, "mode.disarmed") X(DEPENDENCY_STATUS, "dependency.status") \
	X(DEPENDENCY_STALE, "dependency.stale") X(DEPENDENCY_FRESH, "dependency.fresh") \
	X(DEPENDENCY_CONFIRMED, "dependency.confirmed") X(SENSOR_DOWN, "sensor.down") \
	X(SENSOR_UP, "sensor.up") X(STEP_INTENT, "step.intent") \
	X(STEP_SPAWNED, "step.spawned") X(STEP_EXTENDED, "step.extended") \
	X(STEP_CANCEL, "step.cancel") X(STEP_STOPPING, "step.stopping") \
	X(STEP_RESULT, "step.result") \
	X(STEP_VERIFIED, "step.verified") X(STEP_FAILED, "step.failed") \
	X(STEP_UNKNOWN, "step.unknown") X(STEP_RESOLVED, "step.resolved") \
	X(STEP_CONFIRMED, "step.confirmed") X(STEP_SKIPPED, "step.skipped") \
	X(STEP_REOPENED, "step.reopened") X(STEP_OVERRIDDEN, "step.overridden") \
	X(STEP_REGRESSED, "step.regressed") X(STEP_ADDED, "step.added") \
	X(STEP_ASSIGNED, "step.assigned") X(WAIVER, "waiver") \
	X(WAIVER_ENDED, "waiver.ended") X(ACKNOWLEDGED, "acknowledged") \
	X(DECISION, "decision") X(APPROVAL_REQUESTED, "approval.requested") \
	X(APPROVAL_GIVEN, "approval.given") X(APPROVAL_REFUSED, "approval.refused") \
	X(ROLE_ASSIGNED, "role.assigned") X(NOTE, "note") X(CORRECTION, "correction") \
	X(EVIDENCE, "evidence") X(FOLLOWUP, "followup") X(REMINDER, "reminder") \
	X(SOURCE_GONE, "source.gone") X(SOURCE_RETURNED, "source.returned") \
	X(ABORT, "abort") X(INJECT, "inject") X(INJECT_REVEALED, "inject.revealed") \
	X(HINT, "hint") X(PAUSE, "pause") X(CONTINUE, "continue") \
	X(SKIP_TIME, "skip-time") X(CLOCK_STEP, "clock.step") X(FAULT, "fault") \
	X(ANCHOR, "anchor") X(EXPORT, "export")
// clang-format on

enum event_kind {
#define X(name, word) EVENT_##name,
	EVENT_KINDS(X)
#undef X
		EVENT_OTHER, // of a newer version: kept and shown, skipped by the fold
	EVENT_KIND_COUNT = EVENT_OTHER,
};

enum event_mode { EVENT_LIVE, EVENT_DRILL, EVENT_REHEARSAL };

struct event {
	int64_t seq;
	struct wall ts;   // when recorded; simulated in a rehearsal
	struct mono mono; // CLOCK_BOOTTIME, never simulated
	char boot[37];
	struct wall at; // the time it is about; WALL_NONE where it is ts
	char sid[40];
	char *by;
	enum event_mode mode;
	enum event_kind kind;
	char *kind_word; // as written; never NULL
	char *step;      // ids, or NULL
	char *dependency;
	int attempt;   // 0: absent
	int64_t cause; // -1: absent
	cJSON *data;   // an object, never NULL
	char prev[65], h[65];
};

const char *event_kind_word(enum event_kind kind);  // NULL for EVENT_OTHER
enum event_kind event_kind_parse(const char *word); // EVENT_OTHER for no word of this version
const char *event_mode_word(enum event_mode mode);

// An event of this kind with an empty `data`, everything else absent. The caller frees with
// event_free.
struct event *event_new(enum event_kind kind);
void event_free(struct event *event); // NULL is safe
// Each copies the text in the place of what was there; NULL: absent.
void event_set_by(struct event *event, const char *by);
void event_set_step(struct event *event, const char *step);
void event_set_dependency(struct event *event, const char *dependency);

// How fast simulated time passes in the session that this event begins: 1 where it does not say, or
// says what no session can have been given.
double event_speed(const struct event *event);

// What an attempt does, as `role` of its step.intent and of its request says: "run", "rollback".
const char *event_role_word(bool is_rollback);
// Whether the intent is of a step's rollback.
bool event_is_rollback(const struct event *intent);

// Appends the line (without LF) with its chain: `prev` is the digest of the line before, the new
// digest is left in event->h. False, with nothing appended, if it would be over EVENT_MAX_BYTES.
bool event_encode(struct event *event, const char prev[65], struct buf *line, struct err *err);

// The kind of a line of a timeline, without reading the rest of it: for whoever looks for a few
// events among many. EVENT_OTHER where none is found.
enum event_kind event_peek(const char *line, size_t length_bytes);

// Reads one line. Unknown keys and kinds are kept in it as far as they matter. NULL with `err` when
// it is no event. The chain is not checked here (chain.h does).
struct event *event_decode(const char *line, size_t length_bytes, struct err *err);

// The digest of the piece of evidence that stands for a value which was too large for its line:
// {"blob":"<sha256>","bytes":n}. NULL: the value is none such.
const char *event_blob(const cJSON *value);
// Puts those of them back, at the top of `data`, that decide something or are a person's word.
// `fetch` appends the bytes of one; false: it cannot be had, and stays away. False when one did.
typedef bool event_fetch(void *context, const char *sha256, struct buf *bytes);
bool event_restore(struct event *event, event_fetch *fetch, void *context);

#endif
