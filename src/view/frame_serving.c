// SPDX-License-Identifier: Apache-2.0
#include "frame_serving.h"

#include "frame_words.h"
#include "relight/arena.h"

// What a journey shows now; of one that has not served by the record see not_yet().
static enum serving journey_now(const struct scene *scene, const struct refs *journey)
{
	enum serving worst = SERVING_NOW;
	for (size_t i = 0; i < journey->count; i++) {
		int dependency = journey->items[i];
		if (scene_is_healthy(scene, dependency))
			continue;
		if (scene_is_known(scene, dependency))
			return SERVING_LOST;
		worst = SERVING_UNKNOWN;
	}
	return worst;
}

static enum serving not_yet(enum serving now)
{
	return now == SERVING_LOST ? SERVING_NEVER : SERVING_UNSEEN;
}

enum serving serving_function(const struct scene *scene, size_t function)
{
	enum serving now = journey_now(scene, &scene->runbook->functions[function].journey);
	return wall_known(scene->state->serving[function].wall) ? now : not_yet(now);
}

static enum serving serving_layer(const struct scene *scene)
{
	size_t count = scene->runbook->dependency_count;
	bool *is_journey = arena_array(scene->arena, count + 1, sizeof(*is_journey));
	int *items = arena_array(scene->arena, count + 1, sizeof(*items));
	struct refs journey = {items, 0};
	bool has_journey = plan_journey(scene->runbook, is_journey) > 0;
	for (size_t i = 0; i < count; i++)
		if (is_journey[i] || !has_journey)
			items[journey.count++] = (int)i;
	enum serving now = journey_now(scene, &journey);
	return scene->forecast.is_serving ? now : not_yet(now);
}

enum serving serving_whole(const struct scene *scene)
{
	static const enum serving order[] = {
		SERVING_UNSEEN, SERVING_NEVER, SERVING_UNKNOWN, SERVING_LOST};
	enum serving whole = SERVING_NOW;
	if (scene->runbook->function_count == 0)
		return serving_layer(scene);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (serving_count(scene, order[i]) > 0)
			whole = order[i];
	return whole;
}

bool serving_is_shown(const struct scene *scene)
{
	return scene->runbook->function_count > 0 || scene->plan->has_journey;
}

size_t serving_count(const struct scene *scene, enum serving serving)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->runbook->function_count; i++)
		count += serving_function(scene, i) == serving;
	return count;
}

void declared_words(const struct scene *scene, struct buf *out)
{
	const struct state *state = scene->state;
	buf_printf(out, "recovered by %s at ",
		state->recovered_by ? state->recovered_by : "nobody known");
	elapsed_words(scene, state->recovered, out);
}
