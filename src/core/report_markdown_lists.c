// SPDX-License-Identifier: Apache-2.0
//
// The lists of the report for people: one writer an item, and the table of which list has which.
#include "report_markdown_parts.h"

#include <string.h>

#include "relight/identity.h"
#include "relight/json.h"

// "- #12 03:05:42 ana " and the subject in bold; what relight did by itself has no name.
static void begin_item(struct buf *out, const cJSON *item, const char *subject)
{
	buf_text(out, "- ");
	if (json_get(item, "seq"))
		buf_printf(out, "#%lld ", (long long)json_int(item, "seq", 0));
	if (json_text(item, "at")) {
		markdown_time(out, json_text(item, "at"), false);
		buf_byte(out, ' ');
	}
	const char *by = json_text(item, "by");
	if (by && strcmp(by, "relight") != 0) {
		markdown_text(out, by);
		buf_byte(out, ' ');
	}
	if (subject) {
		buf_text(out, "**");
		markdown_text(out, subject);
		buf_text(out, "**");
	}
}

static const char *subject_of(const cJSON *item)
{
	const char *step = json_text(item, "step");
	return step ? step : json_text(item, "dependency");
}

static void add_over(struct buf *out, const cJSON *item, const char *label, const char *key)
{
	if (!json_text(item, key))
		return;
	buf_text(out, label);
	markdown_time(out, json_text(item, key), false);
}

static void add_age(
	struct buf *out, const char *before, const cJSON *item, const char *key, const char *behind)
{
	if (!json_get(item, key))
		return;
	buf_text(out, before);
	markdown_seconds(out, json_get(item, key));
	buf_text(out, behind);
}

// What the screen showed when it was decided.
static void add_view(struct buf *out, const cJSON *view)
{
	const char *separator = "not healthy: ";
	if (!view)
		return;
	buf_text(out, "  - known then: T+");
	markdown_seconds(out, json_get(view, "elapsed_s"));
	if (json_get(view, "forecast_s")) {
		buf_text(out, ", forecast T+");
		markdown_seconds(out, json_get(view, "forecast_s"));
	}
	buf_text(out, "; ");
	json_each (one, json_get(view, "unhealthy")) {
		buf_text(out, separator);
		markdown_member(out, one, "dependency");
		buf_byte(out, ' ');
		markdown_member(out, one, "status");
		add_age(out, " for ", one, "for_s", "");
		add_age(out, ", asked ", one, "age_s", " before");
		separator = ", ";
	}
	buf_text(out, *separator == ',' ? "\n" : "everything healthy\n");
}

static void add_decision(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	markdown_detail(out, item, ": ", "question");
	markdown_detail(out, item, " chose ", "chosen");
	markdown_detail(out, item, ", because: ", "why");
	buf_byte(out, '\n');
	add_view(out, json_get(item, "view"));
}

static void add_restore_point(struct buf *out, const cJSON *item)
{
	const cJSON *before = json_get(item, "before_impact_seconds");
	buf_text(out, "- **");
	markdown_member(out, item, "id");
	buf_text(out, "**");
	markdown_detail(out, item, ", of ", "of");
	if (!json_text(item, "at")) {
		buf_text(out, ": **not chosen**\n");
		return;
	}
	buf_text(out, ": ");
	markdown_time(out, json_text(item, "at"), true);
	if (json_text(item, "found")) {
		buf_text(out, ", found to be of ");
		markdown_time(out, json_text(item, "found"), true);
	}
	if (cJSON_IsNumber(before)) {
		cJSON *size = cJSON_CreateNumber(
			before->valuedouble < 0 ? -before->valuedouble : before->valuedouble);
		buf_text(out, ", ");
		markdown_seconds(out, size);
		buf_text(out, before->valuedouble < 0 ? " **after** the " : " before the ");
		markdown_member(out, item, "before");
		cJSON_Delete(size);
	}
	if (json_bool(item, "replayable", false))
		buf_text(out, "; can be replayed, does not count for the RPO");
	markdown_rests(out, json_get(item, "rests_on"));
	buf_byte(out, '\n');
}

static void add_not_known(struct buf *out, const cJSON *item)
{
	int64_t most = json_int(item, "most", 0);
	buf_text(out, "- ");
	markdown_time(out, json_text(item, "from"), false);
	buf_text(out, " to ");
	if (json_text(item, "to"))
		markdown_time(out, json_text(item, "to"), false);
	else
		buf_text(out, "the end");
	buf_text(out, ", ");
	markdown_seconds(out, json_get(item, "seconds"));
	buf_printf(out, ": %lld dependenc%s", (long long)most, most == 1 ? "y" : "ies at the most");
	markdown_detail(out, item, ", first ", "first");
	markdown_detail(out, item, ": ", "why");
	markdown_rests(out, json_get(item, "rests_on"));
	buf_byte(out, '\n');
}

static void add_waiver(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	markdown_detail(out, item, ", need ", "edge");
	markdown_detail(out, item, ", ", "as");
	markdown_detail(out, item, ": ", "why");
	add_over(out, item, "; until ", "until");
	if (json_text(item, "ended_at"))
		add_over(out, item, "; ended ", "ended_at");
	else
		buf_text(out, "; **still in force**");
	buf_byte(out, '\n');
}

static void add_failed_check(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	markdown_detail(out, item, " ", "status");
	markdown_detail(out, item, ", expected: ", "expectation");
	markdown_detail(out, item, ", check ", "check");
	markdown_detail(out, item, ": ", "message");
	markdown_detail(out, item, ": ", "why");
	markdown_detail(out, item, ": ", "how");
	add_over(out, item, "; over at ", "over_at");
	buf_byte(out, '\n');
}

static void add_regression(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	json_each (one, json_get(item, "observations")) {
		buf_text(out, "; ");
		markdown_member(out, one, "dependency");
		buf_byte(out, ' ');
		markdown_member(out, one, "status");
		markdown_detail(out, one, ": ", "message");
	}
	add_over(out, item, "; over at ", "over_at");
	buf_byte(out, '\n');
}

// What has the usual members only.
static void add_plain(struct buf *out, const cJSON *item)
{
	static const struct {
		const char *label, *key;
	} details[] = {{" ", "type"}, {": ", "text"}, {", quoting ", "quote"}, {": ", "say"},
		{" ", "what"}, {": ", "why"}, {", ", "how"}, {": ", "error"},
		{"; left: ", "remains"}, {", for ", "owner"}};
	begin_item(out, item, subject_of(item));
	for (size_t i = 0; i < sizeof details / sizeof *details; i++)
		markdown_detail(out, item, details[i].label, details[i].key);
	if (json_get(item, "of"))
		buf_printf(out, " (corrects #%lld)", (long long)json_int(item, "of", 0));
	if (cJSON_IsBool(json_get(item, "done")))
		buf_text(out, json_bool(item, "done", false) ? ", done" : ", **open**");
	buf_byte(out, '\n');
}

// Who sat there, and how that is known.
static void add_person(struct buf *out, const cJSON *item)
{
	enum identity identity = identity_parse(json_text(item, "identity"));
	const cJSON *proved = json_get(item, "proved");
	begin_item(out, item, NULL);
	buf_byte(out, '(');
	markdown_detail(out, item, "", "user");
	markdown_detail(out, item, json_text(item, "user") ? " on " : "on ", "host");
	buf_text(out, "), ");
	if (cJSON_IsTrue(proved)) {
		markdown_detail(out, item, "proved by SSH key ", "key");
	} else if (cJSON_IsFalse(proved)) {
		markdown_detail(out, item, "**NOT PROVED** by the key that it names: ", "why");
	} else if (identity == IDENTITY_KEY) {
		markdown_detail(out, item, "by SSH key ", "key");
		markdown_detail(out, item, ", not checked: ", "why");
	} else {
		buf_text(out, identity < IDENTITY_COUNT ? identity_say(identity) : "not known how");
	}
	buf_byte(out, '\n');
}

static void add_not_executed(struct buf *out, const cJSON *item)
{
	begin_item(out, item, json_text(item, "id"));
	if (!json_bool(item, "rolled_back", false))
		markdown_detail(out, item, " ", "state");
	markdown_detail(out, item, ": ", "why");
	markdown_rests(out, json_get(item, "rests_on"));
	buf_byte(out, '\n');
}

static void add_span(struct buf *out, const cJSON *item)
{
	buf_printf(out, " (#%lld to #%lld)\n", (long long)json_int(item, "from", 0),
		(long long)json_int(item, "to", 0));
}

static void add_wait(struct buf *out, const cJSON *item)
{
	if (!cJSON_IsNumber(json_get(item, "seconds")) ||
		json_get(item, "seconds")->valuedouble < 1)
		return;
	buf_text(out, "- ");
	markdown_seconds(out, json_get(item, "seconds"));
	buf_text(out, " for ");
	markdown_member(out, item, "for");
	add_span(out, item);
}

static void add_unwatched(struct buf *out, const cJSON *item)
{
	buf_text(out, "- ");
	markdown_seconds(out, json_get(item, "seconds"));
	add_span(out, item);
}

static void add_overdue(struct buf *out, const cJSON *item)
{
	buf_text(out, "- ");
	markdown_member(out, item, "say");
	markdown_detail(out, item, ", ", "owner");
	buf_text(out, ", every ");
	markdown_seconds(out, json_get(item, "every_seconds"));
	buf_text(out, ": due ");
	markdown_time(out, json_text(item, "due"), false);
	if (json_text(item, "given")) {
		buf_text(out, ", given ");
		markdown_time(out, json_text(item, "given"), false);
		buf_text(out, ", ");
		markdown_seconds(out, json_get(item, "seconds"));
		buf_text(out, " late");
	} else {
		buf_text(out, ", **never given**, overdue for ");
		markdown_seconds(out, json_get(item, "seconds"));
	}
	markdown_rests(out, json_get(item, "rests_on"));
	buf_byte(out, '\n');
}

static void add_left_open(struct buf *out, const cJSON *item)
{
	buf_text(out, "- ");
	markdown_text(out, cJSON_IsString(item) ? item->valuestring : "");
	buf_byte(out, '\n');
}

static void add_timeline_line(struct buf *out, const cJSON *item)
{
	const char *tone = json_text(item, "tone");
	if (tone && strcmp(tone, "dim") == 0)
		return;
	buf_printf(out, "- #%lld ", (long long)json_int(item, "seq", 0));
	markdown_time(out, json_text(item, "ts"), false);
	buf_byte(out, ' ');
	markdown_member(out, item, "who");
	buf_text(out, ": ");
	markdown_member(out, item, "text");
	buf_byte(out, '\n');
}

// In the order in which a reviewer asks.
static const struct section {
	const char *title, *key, *about; // about: a line below the title, or NULL
	void (*add)(struct buf *out, const cJSON *item);
} sections[] = {
	{"People", "people", "Who sat there, and how that is known.", add_person},
	{"Decisions", "decisions", NULL, add_decision},
	{"Restore points", "restore_points", NULL, add_restore_point},
	{"Not executed", "not_executed", NULL, add_not_executed},
	{"Regressions", "regressions", NULL, add_regression},
	{"Overridden against the evidence", "overrides", NULL, add_plain},
	{"Waivers", "waivers", NULL, add_waiver},
	{"Done by hand", "by_hand", NULL, add_plain},
	{"Failed checks", "failed_checks",
		"What was seen to be degraded or missing, the lost platform included (expected: "
		"awaited).",
		add_failed_check},
	{"Not known", "not_known",
		"When something that had been known was not any more: it could not be asked, or "
		"nobody had the incident open.",
		add_not_known},
	{"Waiting for people", "waiting_on_people",
		"Nothing ran, nothing was being verified, and this step could have been acted on.",
		add_wait},
	{"Nobody at the screen", "unwatched",
		"No mark, which comes every five minutes while there is a screen, and nothing that "
		"a person did.",
		add_unwatched},
	{"Left open at closing", "left_open", NULL, add_left_open},
	{"Follow-ups", "followups", NULL, add_plain},
	{"Updates given", "updates", NULL, add_plain},
	{"Updates overdue", "updates_overdue", "What was due by the runbook's cadence.",
		add_overdue},
	{"Notes", "notes", NULL, add_plain},
	{"Faults of the tool", "faults", NULL, add_plain},
	{"Timeline", "timeline",
		"Without what only matters to the machine; relight timeline show has every line.",
		add_timeline_line},
};

static void add_section(struct buf *out, const cJSON *report, const struct section *section)
{
	const cJSON *list = json_get(report, section->key);
	buf_printf(out, "## %s\n\n", section->title);
	if (!list || !list->child) {
		buf_text(out, "None.\n\n");
		return;
	}
	if (section->about)
		buf_printf(out, "%s\n\n", section->about);
	json_each (item, list)
		section->add(out, item);
	buf_byte(out, '\n');
}

void markdown_lists(struct buf *out, const cJSON *report)
{
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		add_section(out, report, &sections[i]);
}
