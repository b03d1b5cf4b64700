// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "relight/health.h"
#include "relight/health_table.h"
#include "relight/health_why.h"
#include "relight/json.h"
#include "relight/kubeapi.h"
#include "relight/tally.h"

// What an API server answers, whatever it is: an object, a list, the resources of a group, a
// refusal or nothing of the kind; or what jq says to a health table. Each gets a status and words
// that can be shown.

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
		enum status status = judge(item, (struct wall){NOW_US});
		tally.count++;
		tally.healthy += status == STATUS_HEALTHY;
		tally.worst = status_worse(tally.worst, status);
	}
	tally_judge(&tally, 1, "things", &words);
	tally_fini(&tally);
	buf_fini(&words);
}

// Beside a workload: its pods and events, whatever they are.
static void explain(const cJSON *value)
{
	struct health health = {.status = STATUS_PROGRESSING, .message = "words"};

	health_why(&health, value, value, (struct wall){NOW_US});
	check_words(health.message);
	if (health.status != STATUS_PROGRESSING)
		abort();
}

// As an object that a table matches, and as the answer of that table's program.
static void use_table(const cJSON *value)
{
	static const char text[] =
		"- match: {group: \"*\", kind: \"*\"}\n"
		"  rules: [{if: .a, then: healthy}, {if: .b, then: conventions}]\n"
		"  else: degraded\n";
	static struct health_tables *tables;
	struct diags diags = {.file = "fuzz"};
	struct health_answer answers[HEALTH_LAYERS] = {{.output = value}};
	struct health_inquiry inquiry;
	struct health health;
	struct buf input = {0};

	if (!tables) {
		tables = health_tables_new();
		health_tables_add(tables, HEALTH_USER, text, sizeof text - 1, &diags);
		diags_fini(&diags);
	}
	health_inquire(tables, value, (struct wall){NOW_US}, &inquiry);
	health_table_input(value, (struct wall){NOW_US}, &input);
	cJSON *again = json_parse(buf_str(&input), input.length, NULL);
	if (!again && input.length < 1000000)
		abort();
	cJSON_Delete(again);
	buf_fini(&input);
	if (inquiry.count == 0) {
		cJSON *object = cJSON_Parse("{\"kind\":\"K\"}");
		health_inquire(tables, object, WALL_NONE, &inquiry);
		cJSON_Delete(object);
	}
	health_conclude(&inquiry, answers, &health);
	check_words(health.message);
	const cJSON *first = cJSON_IsArray(value) ? value->child : NULL;
	if (health.status == STATUS_HEALTHY && !(first && cJSON_IsNumber(first)))
		abort();
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
		explain(value);
		use_table(value);
		if (health_is_list(value))
			judge_items(value);
	}
	cJSON_Delete(value);
	free(text);
	return 0;
}
