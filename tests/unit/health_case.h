// SPDX-License-Identifier: Apache-2.0
#ifndef HEALTH_CASE_H
#define HEALTH_CASE_H

#include <string.h>

#include "relight/health.h"
#include "relight/json.h"

// Objects and what is to be said of them, for the tests of health. Included after cmocka.h.

struct example {
	const char *object; // JSON with ' for "
	enum status status;
	const char *says; // part of the message
	const char *rule;
};

static inline void judge(const char *object, const char *now, struct health *out)
{
	char text[4096];
	struct wall at = WALL_NONE;

	assert_true(strlen(object) < sizeof text);
	strcpy(text, object);
	for (char *quote = text; (quote = strchr(quote, '\''));)
		*quote = '"';
	cJSON *value = json_parse(text, strlen(text), NULL);
	if (!value)
		fail_msg("the example is no JSON: %s", text);
	if (now)
		assert_true(wall_parse(now, &at));
	health_judge(value, at, out);
	cJSON_Delete(value);
}

static inline void expect_all(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct health health;

		judge(examples[i].object, "2026-07-03T12:00:00Z", &health);
		if (health.status != examples[i].status ||
			!strstr(health.message, examples[i].says) ||
			strcmp(health.rule, examples[i].rule) != 0)
			fail_msg("%s\n  is %s (%s) by %s", examples[i].object,
				status_word(health.status), health.message, health.rule);
	}
}

#define EXPECT(examples) expect_all(examples, sizeof(examples) / sizeof *(examples))

#endif
