// SPDX-License-Identifier: Apache-2.0
#include "relight/health_why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"

#define NOW "2026-07-03T12:00:00Z"

static cJSON *parse(const char *text)
{
	char copy[4096];

	if (!text)
		return NULL;
	assert_true(strlen(text) < sizeof copy);
	strcpy(copy, text);
	for (char *quote = copy; (quote = strchr(quote, '\''));)
		*quote = '"';
	cJSON *value = json_parse(copy, strlen(copy), NULL);
	if (!value)
		fail_msg("the example is no JSON: %s", copy);
	return value;
}

static void expect(enum status status, const char *pods, const char *events, const char *message)
{
	struct health health = {.status = status, .message = "3 of 5 ready"};
	cJSON *pod_list = parse(pods), *event_list = parse(events);
	struct wall now;

	assert_true(wall_parse(NOW, &now));
	health_why(&health, pod_list, event_list, now);
	cJSON_Delete(pod_list);
	cJSON_Delete(event_list);
	assert_string_equal(health.message, message);
	assert_int_equal(health.status, status);
}

#define POD(name, status) "{'metadata':{'name':'" name "'},'status':{" status "}}"
#define READY             POD("good-1", "'phase':'Running','conditions':[{'type':'Ready','status':'True'}]")
#define WAITING                                                                                    \
	POD("slow-2", "'phase':'Pending','conditions':[{'type':'PodScheduled','status':'False','"  \
		      "reason':'Unschedulable','message':'0/3 nodes are available'}]")
#define CRASHING                                                                                   \
	POD("case-api-7d", "'phase':'Running','containerStatuses':[{'name':'web','state':{"        \
			   "'waiting':{'reason':'CrashLoopBackOff','message':'back-off 5m0s "      \
			   "restarting failed container=web pod=case-api-7d(1)'}}}]")
#define EVENT(type, at, reason)                                                                    \
	"{'type':'" type "','lastTimestamp':'" at "','reason':'" reason "','message':'m'}"

static void the_worst_pod_says_why(void **state)
{
	(void)state;
	expect(STATUS_PROGRESSING, "[" READY "," WAITING "," CRASHING "]", NULL,
		"3 of 5 ready: case-api-7d web: CrashLoopBackOff: back-off 5m0s");
	expect(STATUS_PROGRESSING, "[" WAITING "," READY "]", NULL,
		"3 of 5 ready: slow-2 Unschedulable: 0/3 nodes are available");
	// A list of the API server, whose items have no kind.
	expect(STATUS_DEGRADED, "{'kind':'PodList','apiVersion':'v1','items':[" WAITING "]}", NULL,
		"3 of 5 ready: slow-2 Unschedulable: 0/3 nodes are available");
}

static void without_such_a_pod_the_newest_warning_does(void **state)
{
	(void)state;
	const char *events = "[" EVENT("Normal", "2026-07-03T11:59:59Z", "Fine") "," EVENT(
		"Warning", "2026-07-03T11:58:00Z", "FailedCreate") "," EVENT("Warning",
		"2026-07-03T11:57:00Z", "Older") "]";

	expect(STATUS_PROGRESSING, "[" READY "]", events, "3 of 5 ready: FailedCreate: m");
	expect(STATUS_PROGRESSING, NULL, events, "3 of 5 ready: FailedCreate: m");
	expect(STATUS_PROGRESSING, "[" CRASHING "]", events,
		"3 of 5 ready: case-api-7d web: CrashLoopBackOff: back-off 5m0s");
	expect(STATUS_PROGRESSING, NULL,
		"[" EVENT("Warning", "2026-07-03T10:58:00Z", "LongAgo") "]", "3 of 5 ready");
	expect(STATUS_PROGRESSING, NULL,
		"[{'type':'Warning','eventTime':'2026-07-03T11:59:00.000001Z','reason':'R','note':"
		"'of events.k8s.io'}]",
		"3 of 5 ready: R: of events.k8s.io");
}

static void where_nothing_is_wrong_or_known_nothing_is_added(void **state)
{
	(void)state;
	expect(STATUS_HEALTHY, "[" CRASHING "]", NULL, "3 of 5 ready");
	expect(STATUS_PROGRESSING, "[" READY "]", NULL, "3 of 5 ready");
	expect(STATUS_PROGRESSING, NULL, NULL, "3 of 5 ready");
	expect(STATUS_PROGRESSING, "3", "{'items':'x'}", "3 of 5 ready");
	expect(STATUS_PROGRESSING, "[null,7,[]]", "[null,{'type':3},{'type':'Warning'}]",
		"3 of 5 ready");
	// One that is on its way out is replaced by another.
	expect(STATUS_PROGRESSING,
		"[{'metadata':{'name':'x','deletionTimestamp':'" NOW
		"'},'status':{'phase':'Failed'}}]",
		NULL, "3 of 5 ready");
}

static void long_words_are_cut_at_a_whole_character(void **state)
{
	(void)state;
	struct health health = {.status = STATUS_DEGRADED};
	char words[3000] = "";

	for (int i = 0; i < 1400; i++)
		strcat(words, "\xC3\xA9");
	strcpy(health.message, "x");
	health_add_words(&health, words);
	size_t length = strlen(health.message);
	assert_in_range(length, HEALTH_MESSAGE_BYTES - 3, HEALTH_MESSAGE_BYTES - 1);
	assert_int_equal((unsigned char)health.message[length - 1], 0xA9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_pod_says_why),
		cmocka_unit_test(without_such_a_pod_the_newest_warning_does),
		cmocka_unit_test(where_nothing_is_wrong_or_known_nothing_is_added),
		cmocka_unit_test(long_words_are_cut_at_a_whole_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
