// SPDX-License-Identifier: Apache-2.0
#include "frame_expiry.h"

#include "frame_words.h"

#define EXPIRY_SOON_MS (10 * 60 * MS_PER_S)
#define EXPIRY_NEAR_MS (24 * 60 * 60 * MS_PER_S)

enum expiry expiry_of(const struct scene *scene, int dependency, int64_t *left_ms)
{
	const struct sensed_dependency *sensed = &scene->sensed->dependencies[dependency];

	*left_ms = 0;
	if (!wall_known(sensed->expires))
		return EXPIRY_NONE;
	*left_ms = (sensed->expires.us - scene->now.wall.us) / US_PER_MS;
	if (*left_ms < 0)
		return EXPIRY_OVER;
	if (sensed->renews || *left_ms >= EXPIRY_NEAR_MS)
		return EXPIRY_FAR;
	return *left_ms < EXPIRY_SOON_MS ? EXPIRY_SOON : EXPIRY_NEAR;
}

void expiry_words(int64_t left_ms, struct buf *out)
{
	buf_text(out, left_ms < 0 ? "EXPIRED " : "expires in ");
	duration_words(left_ms < 0 ? -left_ms : left_ms, out);
	buf_text(out, left_ms < 0 ? " ago" : "");
}

int expiry_first(const struct scene *scene)
{
	int first = -1;
	int64_t least_ms = INT64_MAX;

	for (size_t i = 0; i < scene->sensed->count; i++) {
		int64_t left_ms;
		if (expiry_of(scene, (int)i, &left_ms) < EXPIRY_NEAR || left_ms >= least_ms)
			continue;
		first = (int)i;
		least_ms = left_ms;
	}
	return first;
}

// --- the concerns ---

// Checks that use one credential tell the same time, to the microsecond.
static bool is_told(const struct scene *scene, int dependency)
{
	const struct sensed_dependency *all = scene->sensed->dependencies;

	for (size_t i = 0; i < scene->concern_count; i++) {
		const struct concern *before = &scene->concerns[i];
		if (before->kind == CONCERN_EXPIRES &&
			all[before->dependency].expires.us == all[dependency].expires.us)
			return true;
	}
	return false;
}

void expiry_find(struct scene *scene)
{
	for (int i = 0; i < (int)scene->runbook->dependency_count; i++) {
		int64_t left_ms;
		if (expiry_of(scene, i, &left_ms) >= EXPIRY_SOON && !is_told(scene, i) &&
			!state_waiver(scene->state, -1, i, scene->now.wall))
			concern_add(scene, CONCERN_EXPIRES, -1, i, -1);
	}
}

// The target whose credentials the dependency's checks use, or NULL.
static const struct target *target_of(const struct scene *scene, const struct dependency *of)
{
	for (size_t i = 0; i < of->check_count; i++)
		if (of->checks[i].kind == CHECK_KUBERNETES)
			return &scene->runbook->targets[of->checks[i].kubernetes.target];
	return NULL;
}

static void say_how_to_renew(
	const struct dependency *of, const struct target *target, struct buf *out)
{
	if (of->renew.kind == ACTION_COMMAND) {
		buf_text(out, "renew:");
		for (size_t i = 0; i < of->renew.command.argv.count; i++)
			buf_printf(out, " %s", of->renew.command.argv.items[i]);
	} else if (target) {
		buf_text(out, "Sign in again in another terminal");
		if (target->kubeconfig)
			buf_printf(out, ", into %s", target->kubeconfig);
		buf_text(out, "; it is read anew.");
	} else if (of->owner) {
		buf_printf(out, "owner: %s", of->owner);
	}
}

void expiry_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct dependency *of = &scene->runbook->dependencies[concern->dependency];
	const struct target *target = target_of(scene, of);
	int64_t left_ms;

	if (expiry_of(scene, concern->dependency, &left_ms) == EXPIRY_OVER)
		words->role = ROLE_BAD;
	if (target)
		buf_printf(&words->lines[0], "!! The access to target %s ", target->id);
	else
		buf_printf(&words->lines[0], "!! %s ", of->id);
	expiry_words(left_ms, &words->lines[0]);
	buf_text(&words->lines[0], ". ");
	if (target)
		buf_text(&words->lines[0], "Everything there needs it.");
	else
		concern_say_requirers(scene, concern->dependency, &words->lines[0]);
	say_how_to_renew(of, target, &words->lines[1]);
}
