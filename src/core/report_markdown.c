// SPDX-License-Identifier: Apache-2.0
//
// The report for people. Everything that came from outside (texts, names, messages) goes through
// add_text, which leaves no character that Markdown or HTML would obey.
#include "relight/report.h"

#include <string.h>

#include "relight/identity.h"
#include "relight/json.h"

// --- texts ---

// Escapes one character. What only means something at the beginning of a line is escaped there:
// lists, headings underlined, ordered lists.
static void add_escaped(struct buf *out, char c, bool is_first)
{
	if (c == '<')
		buf_text(out, "&lt;");
	else if (c == '>')
		buf_text(out, "&gt;");
	else if (c == '&')
		buf_text(out, "&amp;");
	else if (strchr("\\`*_{}[]#|!~$", c) || (is_first && strchr("+-=", c)))
		buf_printf(out, "\\%c", c);
	else
		buf_byte(out, c);
}

// A text from outside, in one line. Control, format and bidi characters stay as \u escapes, as in
// the timeline.
static void add_text(struct buf *out, const char *text)
{
	struct buf json = {0};
	size_t digits = 0;
	json_write_text(&json, text ? text : "");
	for (const char *at = json.data + 1; at[1]; at++) {
		bool is_first = at == json.data + 1;
		if (at[0] == '\\' && strchr("nrt", at[1])) {
			buf_byte(out, ' ');
			at++;
			continue;
		}
		if (at[0] == '\\' && strchr("\"/\\", at[1]))
			at++;
		digits = at[0] >= '0' && at[0] <= '9' && (is_first || digits) ? digits + 1 : 0;
		add_escaped(out, at[0], is_first);
		// "1." at the beginning would be a list.
		if (digits > 0 && (at[1] == '.' || at[1] == ')')) {
			buf_byte(out, '\\');
			digits = 0;
		}
	}
	buf_fini(&json);
}

static void add_member(struct buf *out, const cJSON *object, const char *key)
{
	const char *text = json_text(object, key);
	add_text(out, text ? text : "–");
}

// " (rests on #3, #161)"
static void add_rests(struct buf *out, const cJSON *list)
{
	const char *separator = " (#";
	json_each (seq, list) {
		buf_printf(out, "%s%lld", separator, (long long)seq->valuedouble);
		separator = ", #";
	}
	if (list && list->child)
		buf_byte(out, ')');
}

static void add_seconds(struct buf *out, const cJSON *seconds)
{
	const double most = (double)DURATION_MOST_MS / MS_PER_S;
	char text[DURATION_TEXT_BYTES];
	// What was recorded with a decision may be any number.
	if (!cJSON_IsNumber(seconds) || seconds->valuedouble > most ||
		seconds->valuedouble < -most) {
		buf_text(out, "not known");
		return;
	}
	duration_format((int64_t)seconds->valuedouble * MS_PER_S, text);
	buf_text(out, text);
}

// "2026-07-03 03:05:42", or only the time of day.
static void add_time(struct buf *out, const char *text, bool with_day)
{
	struct wall at;
	char clock[16];
	if (!text || !wall_parse(text, &at)) {
		buf_text(out, "–");
		return;
	}
	wall_clock(at, true, clock);
	if (with_day)
		buf_printf(out, "%.10s ", text);
	buf_text(out, clock);
}

// The label and the text where the member is there.
static void add_detail(struct buf *out, const cJSON *item, const char *label, const char *key)
{
	const char *text = json_text(item, key);
	if (!text || !*text)
		return;
	buf_printf(out, "%s", label);
	add_text(out, text);
}

// --- summary ---

static void add_goal(struct buf *out, const char *name, const cJSON *goal)
{
	const cJSON *met = json_get(goal, "met");
	const char *verdict = cJSON_IsTrue(met)    ? "**met**"
			      : cJSON_IsFalse(met) ? "**MISSED**"
						   : "not known";
	buf_printf(out, "| %s | ", name);
	add_seconds(out, json_get(goal, "target_seconds"));
	buf_text(out, " | ");
	add_seconds(out, json_get(goal, "actual_seconds"));
	buf_printf(out, " | %s", verdict);
	add_rests(out, json_get(goal, "rests_on"));
	buf_text(out, " |\n");
}

static int count_state(const cJSON *steps, const char *state)
{
	int count = 0;
	json_each (step, steps) {
		const char *is = json_text(step, "state");
		count += is && strcmp(is, state) == 0;
	}
	return count;
}

static void add_integrity(struct buf *out, const cJSON *integrity)
{
	bool is_ok = json_bool(integrity, "ok", false);
	buf_printf(out, "- Record: %s, %lld events, head `%.64s`\n",
		is_ok ? "whole and unchanged" : "**NOT GOOD**",
		(long long)json_int(integrity, "events", 0),
		json_text(integrity, "head") ? json_text(integrity, "head") : "");
	json_each (problem, json_get(integrity, "problems")) {
		buf_text(out, "  - ");
		add_text(out, problem->valuestring);
		buf_byte(out, '\n');
	}
}

static const char *result_words(const cJSON *report)
{
	if (json_text(report, "result"))
		return json_text(report, "result");
	if (json_text(report, "recovered"))
		return "recovered, not closed";
	return json_text(report, "aborted") ? "aborted, not closed" : "open";
}

static void add_summary(struct buf *out, const cJSON *report)
{
	const cJSON *steps = json_get(report, "steps");
	buf_text(out, "## Summary\n\n| Objective | Target | Actual | |\n|---|---|---|---|\n");
	add_goal(out, "RTO", json_get(report, "rto"));
	add_goal(out, "RPO", json_get(report, "rpo"));
	add_goal(out, "MTD", json_get(report, "mtd"));
	buf_text(out, "\n- Result: **");
	add_text(out, result_words(report));
	buf_text(out, "**");
	add_rests(out, json_get(report, "closed_rests_on"));
	buf_text(out, "\n- Evidence level: ");
	add_text(out, json_text(report, "evidence_level") ? json_text(report, "evidence_level")
							  : "nothing proven");
	add_rests(out, json_get(report, "evidence_level_rests_on"));
	buf_printf(out, "\n- Steps: %d of %d done, %d skipped, %d failed, %d regressed\n",
		count_state(steps, "done"), cJSON_GetArraySize(steps),
		count_state(steps, "skipped"), count_state(steps, "failed"),
		count_state(steps, "regressed"));
	buf_text(out, "- Waited for people: ");
	add_seconds(out, json_get(report, "waiting_on_people_seconds"));
	if (cJSON_GetArraySize(json_get(report, "unwatched")) > 0) {
		buf_text(out, "\n- Nobody at the screen: ");
		add_seconds(out, json_get(report, "unwatched_seconds"));
	}
	buf_byte(out, '\n');
	add_integrity(out, json_get(report, "integrity"));
	buf_byte(out, '\n');
}

static void add_title(struct buf *out, const cJSON *report)
{
	static const struct {
		const char *key, *label;
	} times[] = {{"impact_at", "impact"}, {"detected_at", "detected"}, {"opened", "opened"},
		{"aborted", "aborted"}, {"recovered", "recovered"}, {"closed", "closed"}};
	const char *title = json_text(report, "title") ? json_text(report, "title")
						       : json_text(report, "runbook");
	buf_text(out, "# ");
	add_text(out, title ? title : "A recovery whose runbook is not there");
	buf_text(out, "\n\nIncident ");
	add_member(out, report, "incident");
	buf_text(out, ", mode ");
	add_member(out, report, "mode");
	buf_text(out, ", runbook ");
	add_member(out, report, "runbook");
	add_detail(out, report, " version ", "version");
	buf_text(out, ". Times are UTC; #n is the number of the event in the timeline.\n\n");
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		if (!json_text(report, times[i].key))
			continue;
		buf_printf(out, "- %s ", times[i].label);
		add_time(out, json_text(report, times[i].key), true);
		buf_byte(out, '\n');
	}
	buf_byte(out, '\n');
}

// --- the steps ---

static void add_tries(struct buf *out, const cJSON *step)
{
	const char *separator = "";
	json_each (try, json_get(step, "tries")) {
		const char *outcome = json_text(try, "outcome");
		buf_text(out, separator);
		buf_printf(out, "%lld: ", (long long)json_int(try, "attempt", 0));
		add_text(out, outcome ? outcome : "no result");
		if (json_get(try, "exit") && json_int(try, "exit", 0) != 0)
			buf_printf(out, " exit %lld", (long long)json_int(try, "exit", 0));
		if (cJSON_IsNumber(json_get(try, "duration_seconds"))) {
			buf_text(out, " in ");
			add_seconds(out, json_get(try, "duration_seconds"));
		}
		if (json_bool(try, "amended", false))
			buf_text(out, ", amended");
		separator = "; ";
	}
	if (!*separator)
		buf_text(out, "–");
}

static void add_step(struct buf *out, const cJSON *step)
{
	buf_text(out, "| ");
	add_member(out, step, "id");
	buf_text(out, " | ");
	add_member(out, step, "state");
	if (json_text(step, "how")) {
		buf_text(out, ", ");
		add_member(out, step, "how");
	}
	if (json_bool(step, "over_regression", false))
		buf_text(out, ", over a regression");
	int64_t regressed = json_int(step, "regressed", 0);
	if (regressed == 1)
		buf_text(out, ", regressed once");
	else if (regressed > 1)
		buf_printf(out, ", regressed %lld times", (long long)regressed);
	buf_text(out, " | ");
	add_time(out, json_text(step, "started"), false);
	buf_text(out, " | ");
	add_time(out, json_text(step, "ended"), false);
	buf_text(out, " | ");
	if (cJSON_IsNumber(json_get(step, "duration_seconds")))
		add_seconds(out, json_get(step, "duration_seconds"));
	buf_text(out, " | ");
	if (cJSON_IsNumber(json_get(step, "takes_seconds")))
		add_seconds(out, json_get(step, "takes_seconds"));
	buf_text(out, " | ");
	add_tries(out, step);
	buf_text(out, " | ");
	add_member(out, step, "by");
	buf_text(out, " |\n");
}

static void add_steps(struct buf *out, const cJSON *report)
{
	buf_text(out,
		"## Steps\n\n| Step | State | Started | Ended | Took | Expected | Attempts | By "
		"|\n|---|---|---|---|---|---|---|---|\n");
	json_each (step, json_get(report, "steps"))
		add_step(out, step);
	buf_byte(out, '\n');
}

// --- lists of events ---

// "- #12 03:05:42 ana " and the subject in bold; what relight did by itself has no name.
static void begin_item(struct buf *out, const cJSON *item, const char *subject)
{
	buf_text(out, "- ");
	if (json_get(item, "seq"))
		buf_printf(out, "#%lld ", (long long)json_int(item, "seq", 0));
	if (json_text(item, "at")) {
		add_time(out, json_text(item, "at"), false);
		buf_byte(out, ' ');
	}
	const char *by = json_text(item, "by");
	if (by && strcmp(by, "relight") != 0) {
		add_text(out, by);
		buf_byte(out, ' ');
	}
	if (subject) {
		buf_text(out, "**");
		add_text(out, subject);
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
	add_time(out, json_text(item, key), false);
}

static void add_age(
	struct buf *out, const char *before, const cJSON *item, const char *key, const char *behind)
{
	if (!json_get(item, key))
		return;
	buf_text(out, before);
	add_seconds(out, json_get(item, key));
	buf_text(out, behind);
}

// What the screen showed when it was decided.
static void add_view(struct buf *out, const cJSON *view)
{
	const char *separator = "not healthy: ";
	if (!view)
		return;
	buf_text(out, "  - known then: T+");
	add_seconds(out, json_get(view, "elapsed_s"));
	if (json_get(view, "forecast_s")) {
		buf_text(out, ", forecast T+");
		add_seconds(out, json_get(view, "forecast_s"));
	}
	buf_text(out, "; ");
	json_each (one, json_get(view, "unhealthy")) {
		buf_text(out, separator);
		add_member(out, one, "dependency");
		buf_byte(out, ' ');
		add_member(out, one, "status");
		add_age(out, " for ", one, "for_s", "");
		add_age(out, ", asked ", one, "age_s", " before");
		separator = ", ";
	}
	buf_text(out, *separator == ',' ? "\n" : "everything healthy\n");
}

static void add_decision(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	add_detail(out, item, ": ", "question");
	add_detail(out, item, " chose ", "chosen");
	add_detail(out, item, ", because: ", "why");
	buf_byte(out, '\n');
	add_view(out, json_get(item, "view"));
}

static void add_restore_point(struct buf *out, const cJSON *item)
{
	const cJSON *before = json_get(item, "before_impact_seconds");
	buf_text(out, "- **");
	add_member(out, item, "id");
	buf_text(out, "**");
	add_detail(out, item, ", of ", "of");
	if (!json_text(item, "at")) {
		buf_text(out, ": **not chosen**\n");
		return;
	}
	buf_text(out, ": ");
	add_time(out, json_text(item, "at"), true);
	if (json_text(item, "found")) {
		buf_text(out, ", found to be of ");
		add_time(out, json_text(item, "found"), true);
	}
	if (cJSON_IsNumber(before)) {
		cJSON *size = cJSON_CreateNumber(
			before->valuedouble < 0 ? -before->valuedouble : before->valuedouble);
		buf_text(out, ", ");
		add_seconds(out, size);
		buf_text(out,
			before->valuedouble < 0 ? " **after** the impact" : " before the impact");
		cJSON_Delete(size);
	}
	if (json_bool(item, "replayable", false))
		buf_text(out, "; can be replayed, does not count for the RPO");
	add_rests(out, json_get(item, "rests_on"));
	buf_byte(out, '\n');
}

static void add_not_known(struct buf *out, const cJSON *item)
{
	int64_t most = json_int(item, "most", 0);
	buf_text(out, "- ");
	add_time(out, json_text(item, "from"), false);
	buf_text(out, " to ");
	if (json_text(item, "to"))
		add_time(out, json_text(item, "to"), false);
	else
		buf_text(out, "the end");
	buf_text(out, ", ");
	add_seconds(out, json_get(item, "seconds"));
	buf_printf(out, ": %lld dependenc%s", (long long)most, most == 1 ? "y" : "ies at the most");
	add_detail(out, item, ", first ", "first");
	add_detail(out, item, ": ", "why");
	add_rests(out, json_get(item, "rests_on"));
	buf_byte(out, '\n');
}

static void add_waiver(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	add_detail(out, item, ", need ", "edge");
	add_detail(out, item, ", ", "as");
	add_detail(out, item, ": ", "why");
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
	add_detail(out, item, " ", "status");
	add_detail(out, item, ", expected: ", "expectation");
	add_detail(out, item, ", check ", "check");
	add_detail(out, item, ": ", "message");
	add_detail(out, item, ": ", "why");
	add_detail(out, item, ": ", "how");
	add_over(out, item, "; over at ", "over_at");
	buf_byte(out, '\n');
}

static void add_regression(struct buf *out, const cJSON *item)
{
	begin_item(out, item, subject_of(item));
	json_each (one, json_get(item, "observations")) {
		buf_text(out, "; ");
		add_member(out, one, "dependency");
		buf_byte(out, ' ');
		add_member(out, one, "status");
		add_detail(out, one, ": ", "message");
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
		add_detail(out, item, details[i].label, details[i].key);
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
	add_detail(out, item, "", "user");
	add_detail(out, item, json_text(item, "user") ? " on " : "on ", "host");
	buf_text(out, "), ");
	if (cJSON_IsTrue(proved)) {
		add_detail(out, item, "proved by SSH key ", "key");
	} else if (cJSON_IsFalse(proved)) {
		add_detail(out, item, "**NOT PROVED** by the key that it names: ", "why");
	} else if (identity == IDENTITY_KEY) {
		add_detail(out, item, "by SSH key ", "key");
		add_detail(out, item, ", not checked: ", "why");
	} else {
		buf_text(out, identity < IDENTITY_COUNT ? identity_say(identity) : "not known how");
	}
	buf_byte(out, '\n');
}

static void add_not_executed(struct buf *out, const cJSON *item)
{
	begin_item(out, item, json_text(item, "id"));
	add_detail(out, item, " ", "state");
	add_detail(out, item, ": ", "why");
	add_rests(out, json_get(item, "rests_on"));
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
	add_seconds(out, json_get(item, "seconds"));
	buf_text(out, " for ");
	add_member(out, item, "for");
	add_span(out, item);
}

static void add_unwatched(struct buf *out, const cJSON *item)
{
	buf_text(out, "- ");
	add_seconds(out, json_get(item, "seconds"));
	add_span(out, item);
}

static void add_left_open(struct buf *out, const cJSON *item)
{
	buf_text(out, "- ");
	add_text(out, cJSON_IsString(item) ? item->valuestring : "");
	buf_byte(out, '\n');
}

static void add_timeline_line(struct buf *out, const cJSON *item)
{
	const char *tone = json_text(item, "tone");
	if (tone && strcmp(tone, "dim") == 0)
		return;
	buf_printf(out, "- #%lld ", (long long)json_int(item, "seq", 0));
	add_time(out, json_text(item, "ts"), false);
	buf_byte(out, ' ');
	add_member(out, item, "who");
	buf_text(out, ": ");
	add_member(out, item, "text");
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

void report_markdown(const cJSON *report, struct buf *out)
{
	add_title(out, report);
	add_summary(out, report);
	add_steps(out, report);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		add_section(out, report, &sections[i]);
}
