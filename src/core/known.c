// SPDX-License-Identifier: Apache-2.0
#include "relight/known.h"

static int64_t since_ms(const struct facts *facts, struct mono from)
{
	if (!mono_known(from) || facts->now.mono.us <= from.us)
		return 0;
	return (facts->now.mono.us - from.us) / US_PER_MS;
}

static int64_t wall_since_ms(const struct facts *facts, struct wall from)
{
	if (!wall_known(from) || facts->now.wall.us <= from.us)
		return 0;
	return (facts->now.wall.us - from.us) / US_PER_MS;
}

// --- of a dependency ---

enum status known_status(const struct facts *facts, int dependency)
{
	const struct sensed_dependency *sensed = &facts->sensed->dependencies[dependency];
	if (facts->state->dependencies[dependency].is_attested || !sensed->is_seen)
		return facts->state->dependencies[dependency].status;
	return sensed->status;
}

const char *known_message(const struct facts *facts, int dependency)
{
	const struct sensed_dependency *sensed = &facts->sensed->dependencies[dependency];
	const char *known = facts->state->dependencies[dependency].message;
	if (sensed->is_seen && sensed->message &&
		!facts->state->dependencies[dependency].is_attested)
		return sensed->message;
	return known ? known : "";
}

int64_t known_seen_ms(const struct facts *facts, int dependency)
{
	const struct sensed_dependency *sensed = &facts->sensed->dependencies[dependency];
	const struct dependency_known *known = &facts->state->dependencies[dependency];
	if (sensed->is_seen && mono_known(sensed->heard) && !known->is_attested)
		return since_ms(facts, sensed->asked);
	if (wall_known(known->observed_at))
		return wall_since_ms(facts, known->observed_at);
	return -1;
}

// Where no sensor speaks (a replay) the record alone tells.
bool known_is_stale(const struct facts *facts, int dependency)
{
	const struct dependency_known *known = &facts->state->dependencies[dependency];
	if (facts->is_deserted && !known->is_attested)
		return known_seen_ms(facts, dependency) >= 0;
	if (facts->sensed->dependencies[dependency].is_seen && !known->is_attested &&
		sensed_is_stale(facts->sensed, facts->runbook, dependency, facts->now.mono))
		return true;
	return !known->is_fresh && known_seen_ms(facts, dependency) >= 0;
}

int64_t known_unknown_ms(const struct facts *facts, int dependency)
{
	const struct dependency_known *known = &facts->state->dependencies[dependency];
	if (known_is_stale(facts, dependency))
		return known_seen_ms(facts, dependency);
	if (known_status(facts, dependency) != STATUS_UNKNOWN)
		return -1;
	if (mono_known(facts->sensed->dependencies[dependency].known_at))
		return since_ms(facts, facts->sensed->dependencies[dependency].known_at);
	// Not in this session: the record may know more.
	return known->status == STATUS_UNKNOWN && mono_known(known->since.mono)
		       ? since_ms(facts, known->since.mono)
		       : known_seen_ms(facts, dependency);
}

bool known_before(const struct facts *facts, int dependency, enum status *before)
{
	const struct sensed_dependency *sensed = &facts->sensed->dependencies[dependency];
	if (known_unknown_ms(facts, dependency) < 0 || !mono_known(sensed->known_at))
		return false;
	*before = sensed->known;
	return true;
}

// --- of a whole cluster ---

static bool asks_there(const struct check *check, int target)
{
	return (check->kind == CHECK_KUBERNETES && check->kubernetes.target == target) ||
	       (check->kind == CHECK_SSH && check->command.target == target);
}

// Where other things are asked, too, they may be what is wrong.
bool known_is_of_target(const struct facts *facts, int dependency, int target)
{
	const struct dependency *of = &facts->runbook->dependencies[dependency];
	for (size_t i = 0; i < of->check_count; i++)
		if (!asks_there(&of->checks[i], target))
			return false;
	return of->check_count > 0;
}

static bool asks_for_the_whole(const struct dependency *of)
{
	return of->checks[0].kind == CHECK_KUBERNETES &&
	       of->checks[0].kubernetes.question == KUBERNETES_READYZ;
}

bool known_is_not_made_yet(const struct facts *facts, int target)
{
	return facts->runbook->targets[target].created_by >= 0 &&
	       !facts->state->pins[target].is_pinned;
}

int64_t known_target_unknown_ms(const struct facts *facts, int target, int *teller)
{
	const struct dependency *all = facts->runbook->dependencies;
	int64_t unknown_ms = -1;
	int best = -1;
	if (known_is_not_made_yet(facts, target))
		return -1;
	for (int i = 0; i < (int)facts->runbook->dependency_count; i++) {
		if (!known_is_of_target(facts, i, target) || known_seen_ms(facts, i) < 0 ||
			facts->state->dependencies[i].is_attested)
			continue;
		int64_t one_ms = known_unknown_ms(facts, i);
		if (one_ms < 0)
			return -1;
		if (best < 0 || one_ms < unknown_ms)
			unknown_ms = one_ms;
		if (best < 0 || (asks_for_the_whole(&all[i]) && !asks_for_the_whole(&all[best])))
			best = i;
	}
	if (teller)
		*teller = best;
	return unknown_ms;
}

int64_t known_target_expired_ms(const struct facts *facts, int target)
{
	for (int i = 0; i < (int)facts->runbook->dependency_count; i++) {
		const struct sensed_dependency *sensed = &facts->sensed->dependencies[i];
		if (known_is_of_target(facts, i, target) && sensed->is_seen && !sensed->renews &&
			wall_known(sensed->expires) && sensed->expires.us < facts->now.wall.us)
			return wall_since_ms(facts, sensed->expires);
	}
	return -1;
}

bool known_waits_for_its_cluster(const struct facts *facts, int dependency)
{
	const struct dependency *of = &facts->runbook->dependencies[dependency];
	for (size_t i = 0; i < of->check_count; i++)
		if (of->checks[i].kind == CHECK_KUBERNETES &&
			known_is_not_made_yet(facts, of->checks[i].kubernetes.target))
			return true;
	return false;
}
