// SPDX-License-Identifier: Apache-2.0
#include "relight/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"

static void objects_say_how_far_they_are(void **state)
{
	static const struct {
		const char *object;
		double done, total;
		const char *unit;
	} examples[] = {
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"replicas\":3},"
		 "\"status\":{\"readyReplicas\":1}}",
			1, 3, "pods"},
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{}}", 0, 1, "pods"},
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"spec\":{\"replicas\":2},"
		 "\"status\":{\"readyReplicas\":3}}",
			2, 2, "pods"},
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"status\":{"
		 "\"desiredNumberScheduled\":4,\"numberReady\":2}}",
			2, 4, "pods"},
		{"{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"spec\":{\"completions\":5},"
		 "\"status\":{\"succeeded\":2}}",
			2, 5, "completions"},
		{"{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Restore\",\"status\":{\"progress\":{"
		 "\"totalItems\":120,\"itemsRestored\":40}}}",
			40, 120, "items"},
		{"{\"apiVersion\":\"velero.io/v2alpha1\",\"kind\":\"DataDownload\",\"status\":{"
		 "\"progress\":{\"totalBytes\":5000000000,\"bytesDone\":1}}}",
			1, 5e9, "bytes"},
		// Nothing to count, or nothing that is a count.
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"replicas\":0}}"},
		{"{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"spec\":{}}"},
		{"{\"apiVersion\":\"velero.io/"
		 "v1\",\"kind\":\"Restore\",\"status\":{\"progress\":{}}}"},
		{"{\"apiVersion\":\"example.io/"
		 "v1\",\"kind\":\"Deployment\",\"spec\":{\"replicas\":3}}"},
		{"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}"},
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"status\":{"
		 "\"desiredNumberScheduled\":\"4\"}}"},
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"status\":{"
		 "\"desiredNumberScheduled\":-4}}"},
		{"{\"kind\":7}"},
		{"[]"},
		{"null"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		cJSON *object = json_parse(examples[i].object, strlen(examples[i].object), NULL);
		struct progress progress = {9, 9, "old"};

		assert_non_null(object);
		assert_int_equal(progress_read(object, &progress), examples[i].unit != NULL);
		assert_true(progress.done == examples[i].done);
		assert_true(progress.total == examples[i].total);
		assert_string_equal(progress.unit, examples[i].unit ? examples[i].unit : "");
		cJSON_Delete(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(objects_say_how_far_they_are)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
