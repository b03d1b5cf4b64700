// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "relight/health.h"
#include "relight/json.h"
#include "relight/kubeapi.h"
#include "relight/tally.h"

// What an API server answers, whatever it is: an object, a list, the resources of a group, a
// refusal or nothing of the kind. Each gets a status and words that can be shown.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define NOW_US 1783047600000000LL // 2026-07-03T03:00:00Z

static void check_words(const char *text)
{
	size_t length = strlen(text);
	utf8proc_int32_t point;

	for (size_t at = 0; at < length;) {
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
			(utf8proc_ssize_t)(length - at), &point);
		if (step <= 0)
			abort();
		at += (size_t)step;
	}
}

static enum status judge(const cJSON *object, struct wall now)
{
	struct health health;
	char group[128];

	health_judge(object, now, &health);
	health_group(object, group);
	if (!health.message[0] || !health.rule[0])
		abort();
	check_words(health.message);
	status_word(health.status);
	return health.status;
}

static void judge_items(cJSON *list)
{
	const cJSON *items = json_get(list, "items");
	struct tally tally = {0};
	struct buf words = {0};

	for (cJSON *item = items ? items->child : NULL; item; item = item->next) {
		health_name_item(item, list);
		tally_add(&tally, "x", judge(item, (struct wall){NOW_US}), "words");
	}
	tally_judge(&tally, 1, "things", &words);
	tally_fini(&tally);
	buf_fini(&words);
}

static void find_types(const cJSON *list)
{
	static const char *const names[] = {"pods", "deploy", "Deployment", "certificates.x.io"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct kubeapi_name name;
		struct kubeapi_type type;
		struct buf path = {0};

		if (!kubeapi_name_parse(names[i], &name, NULL))
			abort();
		if (kubeapi_type_find(list, &name, &type)) {
			kubeapi_path(&path, &type, "a b", "../x");
			if (buf_str(&path)[0] != '/' || strstr(buf_str(&path), "../"))
				abort();
		}
		buf_fini(&path);
	}
}

static void check_answers(const char *text, size_t length)
{
	static const int statuses[] = {0, 200, 401, 403, 404, 410, 429, 500, 503};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct buf of_object = {0}, of_list = {0}, ready = {0};

		enum status object = kubeapi_refusal(statuses[i], text, length, "x", &of_object);
		enum status list = kubeapi_refusal(statuses[i], text, length, NULL, &of_list);
		if ((object == STATUS_MISSING && statuses[i] != 404) || list == STATUS_MISSING ||
			of_object.length == 0 || of_list.length == 0)
			abort();
		if (kubeapi_readiness(statuses[i], text, &ready) == STATUS_HEALTHY &&
			statuses[i] != 200)
			abort();
		buf_fini(&of_object);
		buf_fini(&of_list);
		buf_fini(&ready);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = malloc(length + 1);
	struct kubeapi_name name;
	struct err err;

	if (length)
		memcpy(text, bytes, length);
	text[length] = '\0';
	check_answers(text, length);
	kubeapi_name_parse(text, &name, &err);
	cJSON *value = json_parse(text, length, NULL);
	if (value) {
		judge(value, WALL_NONE);
		judge(value, (struct wall){NOW_US});
		find_types(value);
		if (health_is_list(value))
			judge_items(value);
	}
	cJSON_Delete(value);
	free(text);
	return 0;
}
