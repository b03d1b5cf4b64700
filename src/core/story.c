// SPDX-License-Identifier: Apache-2.0
//
// Each kind of event has one sentence, written as a pattern:
//   {step} {dependency} {attempt} {subject} {kind}
//                      of the event; subject: the step, else the dependency
//   {word} {word.word} of its data: a text as it is, a number, a list with commas, an object as
//                      "name value name value"
//   {@word} {#word} {~word}   a time as 03:05:42, a digest by its first digits, a duration as 4m
//   {!word}                   the command of an action, as a person would type it
//   [ … ]              left out when something in it is absent
// A kind whose sentence depends on what happened has a function that picks it.
#include "relight/story.h"

#include <assert.h>
#include <string.h>

#include "relight/json.h"
#include "relight/request.h"
#include "relight/status.h"

#define DIGEST_DIGITS 12

struct telling {
	const struct runbook *runbook; // NULL: not known
	const struct event *event;
	struct story *story;
};

// --- patterns ---

static void add_line(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_byte(out, *text == '\n' || *text == '\r' || *text == '\t' ? ' ' : *text);
}

static void add_value(struct buf *out, const cJSON *value)
{
	const char *separator = "";
	if (cJSON_IsString(value)) {
		add_line(out, value->valuestring);
		return;
	}
	if (!cJSON_IsArray(value) && !cJSON_IsObject(value)) {
		json_write(out, value);
		return;
	}
	json_each (part, value) {
		buf_text(out, separator);
		if (cJSON_IsObject(value))
			buf_printf(out, "%s ", part->string);
		add_value(out, part);
		separator = cJSON_IsObject(value) ? " " : ", ";
	}
}

static bool add_time(struct buf *out, const char *text)
{
	struct wall at;
	char clock[16];
	if (!text || !wall_parse(text, &at))
		return false;
	wall_clock(at, true, clock);
	buf_text(out, clock);
	return true;
}

static bool add_digest(struct buf *out, const char *digest)
{
	if (digest)
		buf_add(out, digest, strnlen(digest, DIGEST_DIGITS));
	return digest != NULL;
}

static bool add_duration(struct buf *out, int64_t ms)
{
	char text[DURATION_TEXT_BYTES];
	if (ms < 0)
		return false;
	duration_format(ms < MS_PER_S ? ms : ms / MS_PER_S * MS_PER_S, text);
	buf_text(out, text);
	return true;
}

// The unit is what the key ends in: "duration_ms", "by_s", "seconds".
static bool add_told_duration(struct buf *out, const cJSON *data, const char *key)
{
	const char *unit = strrchr(key, '_');
	int64_t ms_per_unit = unit && strcmp(unit, "_ms") == 0 ? 1 : MS_PER_S;
	int64_t value = json_int(data, key, -1);
	return value >= 0 && value <= DURATION_MOST_MS / ms_per_unit &&
	       add_duration(out, value * ms_per_unit);
}

static bool add_text(struct buf *out, const char *text)
{
	if (text)
		add_line(out, text);
	return text != NULL;
}

// The command of an action, as a person would type it.
static bool add_command(struct buf *out, const cJSON *action)
{
	struct buf shown = {0};
	if (action)
		request_show(action, &shown);
	bool is_there = add_text(out, shown.length ? buf_str(&shown) : NULL);
	buf_fini(&shown);
	return is_there;
}

static bool add_attempt(struct buf *out, int attempt)
{
	if (attempt > 0)
		buf_printf(out, "%d", attempt);
	return attempt > 0;
}

// One {word}; false when it is absent.
static bool add_word(const struct telling *telling, const char *word, struct buf *out)
{
	const struct event *event = telling->event;
	if (strcmp(word, "step") == 0)
		return add_text(out, event->step);
	if (strcmp(word, "dependency") == 0)
		return add_text(out, event->dependency);
	if (strcmp(word, "subject") == 0)
		return add_text(out, event->step ? event->step : event->dependency);
	if (strcmp(word, "kind") == 0)
		return add_text(out, event->kind_word);
	if (strcmp(word, "attempt") == 0)
		return add_attempt(out, event->attempt);
	switch (word[0]) {
	case '@': return add_time(out, json_text(event->data, word + 1));
	case '#': return add_digest(out, json_text(event->data, word + 1));
	case '!': return add_command(out, json_get(event->data, word + 1));
	case '~': return add_told_duration(out, event->data, word + 1);
	default: break;
	}
	const cJSON *value = json_path(event->data, word);
	bool is_there = value && !(cJSON_IsString(value) && value->valuestring[0] == '\0');
	if (is_there)
		add_value(out, value);
	return is_there;
}

// The {word} that `pattern` begins with; returns the place behind it. *is_whole turns false when it
// is absent; where that is NULL a question mark stands for it.
static const char *fill_word(
	const struct telling *telling, const char *pattern, struct buf *out, bool *is_whole)
{
	char word[32];
	const char *end = strchr(pattern, '}');
	size_t length = (size_t)(end - pattern) - 1;
	assert(length < sizeof word);
	memcpy(word, pattern + 1, length);
	word[length] = '\0';
	if (!add_word(telling, word, out)) {
		if (is_whole)
			*is_whole = false;
		else
			buf_byte(out, '?');
	}
	return end + 1;
}

// Fills the pattern in up to its end or a closing bracket; returns the place behind that.
static const char *fill(
	const struct telling *telling, const char *pattern, struct buf *out, bool *is_whole)
{
	while (*pattern && *pattern != ']') {
		if (*pattern == '{') {
			pattern = fill_word(telling, pattern, out, is_whole);
		} else if (*pattern == '[') {
			struct buf part = {0};
			bool part_is_whole = true;
			pattern = fill(telling, pattern + 1, &part, &part_is_whole);
			if (part_is_whole)
				buf_text(out, buf_str(&part));
			buf_fini(&part);
		} else {
			buf_byte(out, *pattern++);
		}
	}
	return *pattern ? pattern + 1 : pattern;
}

// --- sentences that depend on what happened ---

static const char *tell_intent(const struct telling *telling)
{
	if (event_is_rollback(telling->event))
		return "ROLLS BACK {step}, attempt {attempt}[: {why}]";
	if (json_bool(telling->event->data, "amended", false))
		return "STARTED {step}, attempt {attempt}, amended[ to: {!action}][: {why}]";
	return "STARTED {step}, attempt {attempt}[: {why}]";
}

static const char *tell_result(const struct telling *telling)
{
	static const struct {
		const char *outcome, *pattern;
		enum tone tone;
	} outcomes[] = {
		{"success", "ENDED {step}, attempt {attempt}, good[, in {~duration_ms}]",
			TONE_PLAIN},
		{"timeout", "TIMED OUT {step}, attempt {attempt}[, after {~duration_ms}][: {why}]",
			TONE_BAD},
		{"cancelled",
			"CANCELLED {step}, attempt {attempt}[, after {~duration_ms}][: {why}]",
			TONE_WARN},
		{"never-started", "NEVER STARTED {step}, attempt {attempt}[: {why}]", TONE_WARN},
	};
	const char *outcome = json_text(telling->event->data, "outcome");
	for (size_t i = 0; outcome && i < sizeof outcomes / sizeof *outcomes; i++)
		if (strcmp(outcomes[i].outcome, outcome) == 0) {
			telling->story->tone = outcomes[i].tone;
			return outcomes[i].pattern;
		}
	telling->story->tone = TONE_BAD;
	// The reason often says no more than the number.
	const char *why = json_text(telling->event->data, "why");
	if (why && strncmp(why, "exit ", 5) == 0)
		return "FAILED {step}, attempt {attempt}, {why}";
	return "FAILED {step}, attempt {attempt}[, exit {exit}][, signal {signal}]"
	       "[, HTTP {http_status}][: {why}]";
}

static const char *tell_status(const struct telling *telling)
{
	const char *expected = json_text(telling->event->data, "expectation");
	bool was_held =
		expected && strcmp(expected, "awaited") != 0 && strcmp(expected, "due") != 0;
	enum status to;
	if (status_parse(json_text(telling->event->data, "to"), &to)) {
		if (to == STATUS_HEALTHY)
			telling->story->tone = TONE_GOOD;
		else if (was_held)
			telling->story->tone = status_is_bad(to) ? TONE_BAD : TONE_WARN;
	}
	return "{dependency}: [{from} -> ]{to}[ \"{message}\"][, {flaps} changes held back]";
}

static const char *tell_stopping(const struct telling *telling)
{
	const char *cause = json_text(telling->event->data, "cause");
	if (cause && strcmp(cause, "timeout") == 0)
		return "STOPPING {step}, attempt {attempt}: its time is up[, signal {signal}]"
		       "[, KILL in {~grace_ms}][; {~too_late_s} more came TOO LATE]";
	return "STOPPING {step}, attempt {attempt}: cancelled[, signal {signal}]"
	       "[, KILL in {~grace_ms}][; {~too_late_s} more came TOO LATE]";
}

// "pg-primary healthy for 30s; " before what it means for the step.
static const char *tell_verified(const struct telling *telling)
{
	struct buf *out = &telling->story->text;
	const char *separator = "";
	json_each (one, json_get(telling->event->data, "observations")) {
		const char *id = json_text(one, "dependency");
		int dependency =
			id && telling->runbook ? runbook_dependency(telling->runbook, id) : -1;
		const char *status = json_text(one, "status");
		buf_text(out, separator);
		add_line(out, id ? id : "?");
		buf_byte(out, ' ');
		add_line(out, status ? status : "?");
		if (dependency >= 0 && status && strcmp(status, "healthy") == 0) {
			buf_text(out, " for ");
			add_duration(out, telling->runbook->dependencies[dependency].stable_ms);
		}
		separator = ", ";
	}
	if (out->length > 0)
		buf_text(out, "; ");
	return "{step} done";
}

// "LOST case-api-decrypts; " before what it means for the step.
static const char *tell_regressed(const struct telling *telling)
{
	struct buf *out = &telling->story->text;
	json_each (one, json_get(telling->event->data, "observations")) {
		enum status status;
		const char *id = json_text(one, "dependency");
		if (!id || !status_parse(json_text(one, "status"), &status) ||
			!status_is_bad(status))
			continue;
		buf_text(out, out->length ? ", " : "LOST ");
		add_line(out, id);
	}
	if (out->length > 0)
		buf_text(out, "; ");
	return "{step} unticks";
}

// How many there are of what, as far as there are any.
static const char *tell_mark(const struct telling *telling)
{
	static const struct {
		const char *key, *words;
	} counts[] = {{"lost", "lost"}, {"due", "due"}, {"held", "held"}, {"given", "given"},
		{"awaited", "not restored yet"}};
	struct buf *out = &telling->story->text;
	int64_t age_s = json_int(telling->event->data, "oldest_age_s", 0);
	const char *separator = ": ";
	buf_text(out, "still at the screen");
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		int64_t count = json_int(telling->event->data, counts[i].key, 0);
		if (count <= 0)
			continue;
		buf_printf(out, "%s%lld %s", separator, (long long)count, counts[i].words);
		separator = ", ";
	}
	if (age_s > 0)
		buf_printf(out, "; the oldest seen %llds before", (long long)age_s);
	return "";
}

static const char *tell_confirmed(const struct telling *telling)
{
	if (json_bool(telling->event->data, "by_hand", false))
		return "by hand {step}[ \"{say}\"][, {how}]";
	return "ATTESTS {step}[ \"{say}\"]";
}

static const char *tell_segment(const struct telling *telling)
{
	bool is_damaged = json_int(telling->event->data, "bad_lines", 0) > 0;
	telling->story->tone = is_damaged ? TONE_BAD : TONE_DIM;
	return is_damaged ? "DAMAGED RECORD, {bad_lines} bad, from line {first_bad_line} on: goes "
			    "on in {path}"
			  : "record goes on in {path}";
}

static const char *tell_resolved(const struct telling *telling)
{
	const char *to = json_text(telling->event->data, "to");
	telling->story->tone = to && strcmp(to, "done") == 0 ? TONE_GOOD : TONE_BAD;
	return "RESOLVED {step}: {to}[: {how}]";
}

static const char *tell_note(const struct telling *telling)
{
	return json_text(telling->event->data, "type") ? "{type}[ as {as}]: {text}"
						       : "note: {text}";
}

static const char *tell_followup(const struct telling *telling)
{
	if (json_bool(telling->event->data, "done", false))
		return "follow-up done: {text}";
	return "follow-up: {text}[, for {owner}]";
}

// By how much, and from what to what: "by +2h, from 13:51:42 to 15:51:42".
static const char *tell_clock_step(const struct telling *telling)
{
	int64_t delta_us = json_int(telling->event->data, "delta_us", 0);
	int64_t ms = (delta_us < 0 ? delta_us - US_PER_S / 2 : delta_us + US_PER_S / 2) / US_PER_S *
		     MS_PER_S;
	struct wall to = telling->event->ts, from = {to.us - delta_us};
	char by[DURATION_TEXT_BYTES], before[WALL_TEXT_BYTES], after[WALL_TEXT_BYTES];
	struct buf *out = &telling->story->text;
	if (delta_us == 0)
		return "the wall clock stepped";
	if (delta_us > DURATION_MOST_MS * US_PER_MS || delta_us < -DURATION_MOST_MS * US_PER_MS)
		return "the wall clock stepped by more than a hundred years";
	duration_format(ms ? ms : delta_us / US_PER_MS, by);
	wall_format(from, before);
	wall_format(to, after);
	// The days are told where they differ.
	int day = strncmp(before, after, 10) == 0 ? 11 : 0;
	buf_printf(out, "the wall clock stepped by %s%s, from %.*s to %.*s",
		delta_us > 0 ? "+" : "", by, 19 - day, before + day, 19 - day, after + day);
	return "";
}

// --- the table ---

static const struct sentence {
	const char *pattern;
	const char *(*pick)(const struct telling *telling); // instead of a fixed pattern
	const char *who;                                    // instead of who recorded it
	enum tone tone; // plain: a person's own where one did it
} sentences[EVENT_KIND_COUNT] = {
	[EVENT_LOG_OPEN] = {"record opened[, {mode}][, relight {version}]", .tone = TONE_DIM},
	[EVENT_LOG_RECOVERED] = {"record repaired: a torn last line of {bytes} bytes set aside",
		.tone = TONE_WARN},
	[EVENT_LOG_SEGMENT] = {.pick = tell_segment},
	[EVENT_LOG_CLOSED] = {"record closed[: {why}]", .tone = TONE_DIM},
	[EVENT_SESSION_OPEN] =
		{"session opened[ by {user}][ on {host}][, {identity}][ {proof.key}]",
			.tone = TONE_DIM},
	[EVENT_SESSION_RESUMED] =
		{"session RESUMED[ by {user}][ on {host}][, was {was}][, {identity}][ {proof.key}]",
			.tone = TONE_WARN},
	[EVENT_SESSION_ENDED] = {"session ended[: {why}]", .tone = TONE_DIM},
	[EVENT_MARK] = {.pick = tell_mark, .tone = TONE_DIM},
	[EVENT_INCIDENT_DECLARED] =
		{"DECLARED {id}[; impact {@impact_at}][, detected {@detected_at}]"},
	[EVENT_INCIDENT_STATUS] = {"said: {say}"},
	[EVENT_INCIDENT_SERVING] = {"SERVING[ {function}][ since {@since}]", .who = "sensed",
		.tone = TONE_GOOD},
	[EVENT_INCIDENT_INTERRUPTED] = {"NO LONGER SERVING[ {function}][ since {@since}]: "
					"{dependency} {status}[ \"{message}\"]",
		.who = "sensed", .tone = TONE_BAD},
	[EVENT_INCIDENT_RECOVERED] = {"RECOVERED[, evidence {level}][: {why}]", .tone = TONE_GOOD},
	[EVENT_INCIDENT_CLOSED] = {"CLOSED[, {result}][: {why}]"},
	[EVENT_RESTORE_POINT] = {"RESTORE POINT {id} at {@at}[, found {@found}]"},
	[EVENT_RUNBOOK_LOADED] = {"runbook {name}[ version {version}][, sha256 {#sha256}]",
		.tone = TONE_DIM},
	[EVENT_RUNBOOK_CHANGED] = {"RUNBOOK CHANGED[, sha256 {#sha256}][: {why}]",
		.tone = TONE_WARN},
	[EVENT_INPUT_SET] = {"set input {name}[ to {value}][, from {from}]"},
	[EVENT_TARGET_PINNED] = {"PINNED {target}[ at {endpoint}][: {fingerprint}]",
		.who = "sensed"},
	[EVENT_TARGET_CHANGED] = {"TARGET CHANGED {target}[: now {fingerprint}]", .who = "sensed",
		.tone = TONE_BAD},
	[EVENT_TARGET_REPINNED] = {"RE-PINNED {target}[ \"{why}\"][: {fingerprint}]"},
	[EVENT_MODE_ARMED] = {"ARMED[: {why}]"},
	[EVENT_MODE_DISARMED] = {"DISARMED[: {why}]"},
	[EVENT_DEPENDENCY_STATUS] = {.pick = tell_status, .who = "sensed", .tone = TONE_DIM},
	[EVENT_DEPENDENCY_STALE] = {"{dependency} STALE[: {why}][, seen {@observed_at}]",
		.who = "sensed", .tone = TONE_WARN},
	[EVENT_DEPENDENCY_FRESH] = {"{dependency} is {status}[ \"{message}\"]", .who = "sensed",
		.tone = TONE_DIM},
	[EVENT_DEPENDENCY_CONFIRMED] = {"ATTESTS {dependency} {status}[ \"{say}\"]"},
	[EVENT_SENSOR_DOWN] = {"SENSOR DOWN[: {why}]", .tone = TONE_BAD},
	[EVENT_SENSOR_UP] = {"sensor up[: {why}]", .tone = TONE_DIM},
	[EVENT_STEP_INTENT] = {.pick = tell_intent},
	[EVENT_STEP_SPAWNED] = {"{step}, attempt {attempt}, runs as pid {pid}[ on {host}]",
		.tone = TONE_DIM},
	[EVENT_STEP_EXTENDED] = {"MORE TIME {step}: {~by_s}[: {why}]"},
	[EVENT_STEP_CANCEL] = {"CANCELS {step}[, attempt {attempt}][: {why}]", .tone = TONE_WARN},
	[EVENT_STEP_STOPPING] = {.pick = tell_stopping, .tone = TONE_WARN},
	[EVENT_STEP_RESULT] = {.pick = tell_result},
	[EVENT_STEP_VERIFIED] = {.pick = tell_verified, .who = "sensed", .tone = TONE_GOOD},
	[EVENT_STEP_FAILED] = {"FAILED {step}[: {why}]", .tone = TONE_BAD},
	[EVENT_STEP_UNKNOWN] = {"OUTCOME UNKNOWN {step}[, attempt {attempt}][: {why}]",
		.tone = TONE_BAD},
	[EVENT_STEP_RESOLVED] = {.pick = tell_resolved},
	[EVENT_STEP_CONFIRMED] = {.pick = tell_confirmed},
	[EVENT_STEP_SKIPPED] = {"SKIPPED {step}[: {why}]"},
	[EVENT_STEP_REOPENED] = {"REOPENED {step}[: {why}]"},
	[EVENT_STEP_OVERRIDDEN] = {"OVERRIDDEN {step}[ \"{why}\"][, left: {remains}]",
		.tone = TONE_WARN},
	[EVENT_STEP_REGRESSED] = {.pick = tell_regressed, .who = "sensed", .tone = TONE_BAD},
	[EVENT_STEP_ADDED] = {"ADDED {step}"},
	[EVENT_STEP_ASSIGNED] = {"{step} is for {who}"},
	[EVENT_WAIVER] = {"WAIVED {subject}[, {edge}][ until {@until}][ \"{why}\"]",
		.tone = TONE_WARN},
	[EVENT_WAIVER_ENDED] = {"waiver #{of}[ of {subject}] ended[: {why}]"},
	[EVENT_ACKNOWLEDGED] = {"has SEEN {subject}"},
	[EVENT_DECISION] = {"DECIDED [{step}: ]{chosen}[ \"{why}\"]"},
	[EVENT_APPROVAL_REQUESTED] = {"asks APPROVAL of {step}[, {n} needed]"},
	[EVENT_APPROVAL_GIVEN] = {"APPROVED {step}[, {who}][ by {identity}][ \"{say}\"]"},
	[EVENT_APPROVAL_REFUSED] = {"REFUSED {step}[, {who}][ by {identity}][ \"{say}\"]",
		.tone = TONE_WARN},
	[EVENT_ROLE_ASSIGNED] = {"{role} is {who}"},
	[EVENT_NOTE] = {.pick = tell_note},
	[EVENT_CORRECTION] = {"CORRECTS #{of}: {text}"},
	[EVENT_EVIDENCE] = {"evidence[ {title}][, {bytes} bytes], sha256 {#sha256}"},
	[EVENT_FOLLOWUP] = {.pick = tell_followup},
	[EVENT_REMINDER] = {"reminder: {say}[, due {@due}][, {state}]"},
	[EVENT_SOURCE_GONE] = {"SOURCE GONE {targets}[: {why}]"},
	[EVENT_SOURCE_RETURNED] = {"SOURCE RETURNED {targets}[: {why}]", .tone = TONE_WARN},
	[EVENT_ABORT] = {"ABORTED[: {why}]", .tone = TONE_BAD},
	[EVENT_INJECT] = {"inject {#sha256}, not revealed yet", .tone = TONE_DIM},
	[EVENT_INJECT_REVEALED] = {"INJECT {id}[: {title}][: {text}]"},
	[EVENT_HINT] = {"hint {#sha256}", .tone = TONE_DIM},
	[EVENT_PAUSE] = {"PAUSED"},
	[EVENT_CONTINUE] = {"CONTINUED"},
	[EVENT_SKIP_TIME] = {"went {~seconds} ahead"},
	[EVENT_CLOCK_STEP] = {.pick = tell_clock_step, .tone = TONE_WARN},
	[EVENT_FAULT] = {"FAULT[: {what}][: {path}][: {error}]", .tone = TONE_BAD},
	[EVENT_ANCHOR] = {"anchored[ at {where}][, head {#head}]", .tone = TONE_DIM},
	[EVENT_EXPORT] = {"exported {format}[, sha256 {#sha256}]", .tone = TONE_DIM},
};

// What is about another time than it was written at says so.
static void add_other_time(const struct event *event, struct buf *out)
{
	char clock[16];
	if (!wall_known(event->at) || event->at.us / US_PER_S == event->ts.us / US_PER_S)
		return;
	wall_clock(event->at, true, clock);
	buf_printf(out, " (of %s)", clock);
}

void story_tell(const struct runbook *runbook, const struct event *event, struct story *out)
{
	static const struct sentence other = {"{kind}[ {subject}]", .tone = TONE_DIM};
	const struct telling telling = {runbook, event, out};
	const struct sentence *sentence =
		event->kind < EVENT_KIND_COUNT ? &sentences[event->kind] : &other;
	buf_clear(&out->text);
	out->tone = sentence->tone;
	out->who = sentence->who ? sentence->who : event->by ? event->by : "relight";
	if (sentence->tone == TONE_PLAIN && strcmp(out->who, "relight") != 0 &&
		strcmp(out->who, "sensed") != 0)
		out->tone = TONE_PERSON;
	const char *pattern = sentence->pick ? sentence->pick(&telling) : sentence->pattern;
	fill(&telling, pattern, &out->text, NULL);
	add_other_time(event, &out->text);
}

void story_fini(struct story *story)
{
	buf_fini(&story->text);
}
