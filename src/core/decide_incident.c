// SPDX-License-Identifier: Apache-2.0
#include "decide_wish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

bool decide_open_line(const struct wish *wish)
{
	struct open_line line;
	if (wish->intent->open_line < 0 ||
		(size_t)wish->intent->open_line >= wish->state->open_line_count)
		return wish_refuse(wish, "no such line", NULL);
	open_line_get(wish->state, (size_t)wish->intent->open_line, &line);
	if (!line.is_attested)
		return err_set(wish->why, "%s: this line ticks itself", line.id);
	struct event *event = wish_add(wish, EVENT_STEP_CONFIRMED);
	event_set_step(event, line.id);
	json_add_text(event->data, "say",
		wish_has_text(wish->intent->text) ? wish->intent->text : "seen");
	return true;
}

bool decide_input(const struct wish *wish)
{
	if (wish->intent->input < 0)
		return wish_refuse(wish, "name an input", NULL);
	if (!wish_input_fits(wish, wish->intent->input, wish->intent->text))
		return false;
	wish_add_input(wish, wish->intent->input, wish->intent->text,
		wish->intent->is_automatic ? "answers" : "person");
	return true;
}

bool decide_impact(const struct wish *wish)
{
	if (!wall_known(wish->intent->at) && !wall_known(wish->intent->detected_at))
		return wish_refuse(wish, "say when, for example 02:47 or -10m", NULL);
	// An impact after its own declaration would turn every clock back and hide a missed
	// objective.
	if (wall_known(wish->intent->at) && wish->intent->at.us > wish->state->declared.wall.us)
		return wish_refuse(wish, "that is after the incident was declared",
			"-10m counts from now; give the time of day");
	struct event *event =
		decision_event(wish->decision, wish->facts, EVENT_INCIDENT_DECLARED, -1, -1);
	wish_sign(wish, event);
	json_add_text(event->data, "id", wish->state->incident);
	json_add_wall(event->data, "impact_at", wish->intent->at);
	json_add_wall(event->data, "detected_at", wish->intent->detected_at);
	json_add_wall(event->data, "declared_at", wish->state->declared.wall);
	return true;
}

bool decide_restore_point(const struct wish *wish)
{
	if (wish->intent->restore_point < 0 || !wall_known(wish->intent->at))
		return wish_refuse(wish, "name a restore point and its time", NULL);
	if (wish->intent->at.us > wish->facts->now.wall.us)
		return wish_refuse(
			wish, "that time is yet to come", "say how old the data is: 02:39 or -30m");
	struct event *event =
		decision_event(wish->decision, wish->facts, EVENT_RESTORE_POINT, -1, -1);
	wish_sign(wish, event);
	json_add_text(event->data, "id",
		wish->facts->runbook->restore_points[wish->intent->restore_point].id);
	json_add_wall(event->data, "at", wish->intent->at);
	json_add_wall(event->data, "observed_at", wish->facts->now.wall);
	return true;
}

static bool is_note_type(const struct wish *wish, const char *type)
{
	struct buf all = {0};
	for (size_t i = 0; intent_note_types[i]; i++) {
		if (strcmp(intent_note_types[i], type) == 0) {
			buf_fini(&all);
			return true;
		}
		buf_printf(&all, "%s%s", i ? ", " : "", intent_note_types[i]);
	}
	err_set(wish->why, "note: type %s: it is none of %s", type, buf_str(&all));
	buf_fini(&all);
	return false;
}

bool decide_note(const struct wish *wish)
{
	const char *type = wish->intent->choice ? wish->intent->choice : intent_note_types[0];
	if (!is_note_type(wish, type))
		return false;
	if (!wish_has_text(wish->intent->text))
		return wish_refuse(wish, "an empty note says nothing", NULL);
	struct event *event = wish_add(wish, EVENT_NOTE);
	json_add_text(event->data, "type", type);
	json_add_text(event->data, "text", wish->intent->text);
	return true;
}

bool decide_assign(const struct wish *wish)
{
	if (!wish_has_text(wish->intent->text))
		return wish_refuse(wish, "say to whom", NULL);
	json_add_text(wish_add(wish, EVENT_STEP_ASSIGNED)->data, "who", wish->intent->text);
	return true;
}

bool decide_role(const struct wish *wish)
{
	if (!wish_has_text(wish->intent->choice) || !wish_has_text(wish->intent->text))
		return wish_refuse(wish, "say which role and who", NULL);
	struct event *event = wish_add(wish, EVENT_ROLE_ASSIGNED);
	json_add_text(event->data, "role", wish->intent->choice);
	json_add_text(event->data, "who", wish->intent->text);
	return true;
}

bool decide_status(const struct wish *wish)
{
	if (!wish_has_text(wish->intent->text))
		return wish_refuse(wish, "an empty update says nothing", NULL);
	json_add_text(wish_add(wish, EVENT_INCIDENT_STATUS)->data, "say", wish->intent->text);
	return true;
}

// The pin keeps "name value name value"; the event carries them as members again.
static cJSON *fingerprint_of(const char *pin)
{
	cJSON *fingerprint = json_object();
	char *words = memory_copy_text(pin), *rest = NULL;
	for (char *name = words ? strtok_r(words, " ", &rest) : NULL; name;
		name = strtok_r(NULL, " ", &rest))
		json_add_text(fingerprint, name, strtok_r(NULL, " ", &rest));
	free(words);
	return fingerprint;
}

// A reason is needed, but where the step that creates the target has been carried out again.
bool decide_repin(const struct wish *wish)
{
	int target = wish->intent->target;
	if (target < 0 || !wish->state->pins[target].has_changed)
		return wish_refuse(wish, "that target has not changed", NULL);
	if (state_twin(wish->state, target) >= 0)
		return wish_refuse(wish, "source and recovery would be the same cluster",
			"correct the kubeconfig");
	const struct target *of = &wish->facts->runbook->targets[target];
	const struct pin *pin = &wish->state->pins[target];
	if (wish->intent->of >= 0 && wish->intent->of != pin->changed_seq)
		return wish_refuse(wish, "it has changed again meanwhile", "look at it anew");
	struct buf why = {0};
	if (wish_has_text(wish->intent->text))
		buf_text(&why, wish->intent->text);
	else if (state_repin_is_expected(wish->state, target))
		buf_printf(&why, "%s has created it anew",
			wish->facts->runbook->steps[of->created_by].id);
	else
		return wish_needs_reason(wish);
	struct event *event = wish_add(wish, EVENT_TARGET_REPINNED);
	json_add_text(event->data, "target", of->id);
	json_add_text(event->data, "endpoint", pin->now_endpoint);
	json_add(event->data, "fingerprint", fingerprint_of(pin->now));
	json_add_text(event->data, "why", buf_str(&why));
	buf_fini(&why);
	return true;
}

bool decide_abort(const struct wish *wish)
{
	if (wish->state->was_aborted)
		return wish_refuse(wish, "aborted already", NULL);
	if (!wish_needs_reason(wish))
		return false;
	json_add_text(wish_add(wish, EVENT_ABORT)->data, "why", wish->intent->text);
	return true;
}

#define LEVEL_GOAL 4

bool decide_recovered(const struct wish *wish)
{
	int level = state_evidence_level(wish->state);
	char word[8];
	if (wall_known(wish->state->recovered.wall))
		return wish_refuse(wish, "declared already", NULL);
	if (wish->state->was_aborted)
		return wish_refuse(wish, "the recovery was aborted", NULL);
	if (!state_is_recovered(wish->state) && !wish_has_text(wish->intent->text))
		return wish_refuse(wish,
			"not every step is done or skipped: say why it is recovered all the same",
			NULL);
	if (level < LEVEL_GOAL && !wish_has_text(wish->intent->text))
		return wish_refuse(wish, "the evidence is below L4: say why that is enough", NULL);
	struct event *event = wish_add(wish, EVENT_INCIDENT_RECOVERED);
	snprintf(word, sizeof word, "L%d", level);
	if (level >= 0)
		json_add_text(event->data, "level", word);
	if (wish_has_text(wish->intent->text))
		json_add_text(event->data, "why", wish->intent->text);
	return true;
}

bool decide_close(const struct wish *wish)
{
	const char *result = "abandoned";
	if (wish->state->running_count > 0)
		return wish_refuse(wish, "an attempt is still running", "cancel it or wait for it");
	if (wall_known(wish->state->recovered.wall))
		result = "recovered";
	else if (decision_abort_is_over(wish->facts))
		result = "aborted";
	else if (!wish_has_text(wish->intent->text))
		return wish_refuse(wish,
			"it is neither recovered nor aborted to the end: say why it is abandoned",
			NULL);
	struct event *event = wish_add(wish, EVENT_INCIDENT_CLOSED);
	json_add_text(event->data, "result", result);
	if (wish_has_text(wish->intent->text))
		json_add_text(event->data, "why", wish->intent->text);
	json_add(event->data, "open", decision_open_ends(wish->facts));
	decision_effect(wish->decision, EFFECT_END, -1);
	return true;
}

void decide_mark(const struct facts *facts, struct decision *decision)
{
	int counts[EXPECTATION_WORDS] = {0};
	int64_t oldest_us = 0;
	for (size_t d = 0; d < facts->runbook->dependency_count; d++) {
		const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
		int64_t age_us = seen->is_seen ? facts->now.mono.us - seen->heard.us : 0;
		counts[state_expectation(facts->state, (int)d)]++;
		oldest_us = age_us > oldest_us ? age_us : oldest_us;
	}
	struct event *event = decision_event(decision, facts, EVENT_MARK, -1, -1);
	event_set_by(event, NULL); // whoever sits there
	for (int word = 0; word < EXPECTATION_WORDS; word++)
		json_add_int(
			event->data, expectation_word((enum expectation_word)word), counts[word]);
	json_add_int(event->data, "oldest_age_s", oldest_us / US_PER_S);
}
