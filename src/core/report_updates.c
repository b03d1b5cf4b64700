// SPDX-License-Identifier: Apache-2.0
//
// When somebody outside should have been told something (continuity.cadence) and was not. As on the
// screen, the clock of each cadence begins at the impact and every update begins it anew.
#include "report_parts.h"

#include "relight/json.h"

struct span {
	struct wall from, to; // between two updates, or the beginning or the end
	int64_t seq;          // of the update that ends it, -1: none did
};

static void add_overdue(cJSON *list, const struct cadence *cadence, const struct span *span)
{
	struct wall due = {span->from.us + cadence->every_ms * US_PER_MS};
	if (span->to.us <= due.us)
		return;
	cJSON *one = json_object();
	json_add_text(one, "say", cadence->say);
	report_add_text(one, "owner", cadence->owner);
	report_add_seconds(one, "every_seconds", cadence->every_ms);
	report_add_wall(one, "due", due);
	report_add_wall(one, "given", span->seq >= 0 ? span->to : WALL_NONE);
	report_add_seconds(one, "seconds", (span->to.us - due.us) / US_PER_MS);
	report_add_rests(one, "rests_on", &span->seq, 1);
	cJSON_AddItemToArray(list, one);
}

void report_add_updates(cJSON *report, const struct report_source *source)
{
	const struct state *state = source->state;
	const struct runbook *runbook = source->runbook;
	struct wall begun = state_origin(state);
	struct wall end = wall_known(state->closed.wall) ? state->closed.wall : state->last.wall;
	cJSON *list = cJSON_AddArrayToObject(report, "updates_overdue");
	for (size_t c = 0; wall_known(begun) && c < runbook->cadence_count; c++) {
		struct span span = {begun, end, -1};
		for (size_t i = 0; i < source->event_count; i++) {
			const struct event *event = source->events[i];
			if (event->kind != EVENT_INCIDENT_STATUS || event->ts.us > end.us)
				continue;
			span.to = event->ts;
			span.seq = event->seq;
			add_overdue(list, &runbook->cadences[c], &span);
			span = (struct span){event->ts, end, -1};
		}
		add_overdue(list, &runbook->cadences[c], &span);
	}
}
