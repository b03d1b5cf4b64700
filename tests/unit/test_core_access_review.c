// SPDX-License-Identifier: Apache-2.0
#include "relight/access_review.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"

static void review_is(const struct access_question *question, const char *wanted)
{
	cJSON *review = access_review_new(question);
	struct buf text = {0};

	json_write(&text, review);
	assert_string_equal(buf_str(&text), wanted);
	buf_fini(&text);
	cJSON_Delete(review);
}

// The question about "resource" as kubectl writes it, where discovery tells of it by `type` or
// (NULL) does not.
static bool asks(struct access_question *question, struct kubeapi_name *name, const char *resource,
	const struct kubeapi_type *type)
{
	struct err err;

	assert_true(access_name_parse(resource, name, &err));
	if (!type)
		return access_question_name(question, name);
	access_question_type(question, type);
	return true;
}

static const struct kubeapi_type pods = {"", "v1", "pods", "Pod", true};
static const struct kubeapi_type nodes = {"", "v1", "nodes", "Node", false};
static const struct kubeapi_type namespaces = {"", "v1", "namespaces", "Namespace", false};
static const struct kubeapi_type deployments = {"apps", "v1", "deployments", "Deployment", true};

static void one_asks_for_oneself(void **state)
{
	struct access_question question = {.verb = "create", .namespace = "shop"};
	struct kubeapi_name name;

	(void)state;
	asks(&question, &name, "po", &pods);
	assert_string_equal(access_review_path(&question),
		"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
	review_is(&question,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
		"\"spec\":{\"resourceAttributes\":{\"verb\":\"create\",\"resource\":\"pods\","
		"\"namespace\":\"shop\"}}}");

	question = (struct access_question){
		.verb = "update", .subresource = "scale", .name = "web", .namespace = "shop"};
	asks(&question, &name, "deploy", &deployments);
	review_is(&question,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
		"\"spec\":{\"resourceAttributes\":{\"verb\":\"update\",\"group\":\"apps\","
		"\"resource\":\"deployments\",\"subresource\":\"scale\",\"name\":\"web\","
		"\"namespace\":\"shop\"}}}");
}

// A Role counts in its namespace only: a namespace that is sent along with what belongs to none
// would be answered by rights that do not apply.
static void what_belongs_to_no_namespace_is_asked_without_one(void **state)
{
	struct access_question question = {.verb = "list", .namespace = "shop"};
	struct kubeapi_name name;

	(void)state;
	asks(&question, &name, "nodes", &nodes);
	assert_null(question.namespace);
	question = (struct access_question){.verb = "list", .namespace = "shop"};
	asks(&question, &name, "ns", &namespaces);
	assert_null(question.namespace);
	// The API server judges a request for one namespace within that namespace.
	question = (struct access_question){.verb = "get", .name = "web", .namespace = "shop"};
	asks(&question, &name, "ns", &namespaces);
	assert_string_equal(question.namespace, "web");
}

static void paths_are_no_resources(void **state)
{
	struct access_question question = {.verb = "get", .path = "/metrics"};

	(void)state;
	review_is(&question,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\","
		"\"spec\":{\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/metrics\"}}}");
}

static void somebody_else_has_the_groups_that_signing_in_gives(void **state)
{
	static const char *const groups[] = {"dev", "ops"};
	struct access_question question = {
		.verb = "get", .namespace = "shop", .as = "system:serviceaccount:shop:web"};
	struct kubeapi_name name;

	(void)state;
	asks(&question, &name, "pods", &pods);
	assert_string_equal(access_review_path(&question),
		"/apis/authorization.k8s.io/v1/subjectaccessreviews");
	review_is(&question,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\","
		"\"spec\":{\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\","
		"\"namespace\":\"shop\"},\"groups\":[\"system:serviceaccounts\","
		"\"system:serviceaccounts:shop\",\"system:authenticated\"],"
		"\"user\":\"system:serviceaccount:shop:web\"}}");

	question.as = "ana";
	question.groups = groups;
	question.group_count = 2;
	review_is(&question,
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\","
		"\"spec\":{\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\","
		"\"namespace\":\"shop\"},\"groups\":[\"dev\",\"ops\"],\"user\":\"ana\"}}");
	question.as = NULL;
	assert_string_equal(access_review_resource(&question), "subjectaccessreviews");
}

static void what_discovery_does_not_know_can_be_asked_with_its_group(void **state)
{
	struct access_question question = {.verb = "create", .namespace = "shop"};
	struct kubeapi_name name;

	(void)state;
	assert_false(asks(&question, &name, "certificates", NULL));
	assert_true(asks(&question, &name, "certificates.cert-manager.io", NULL));
	assert_string_equal(question.group, "cert-manager.io");
	assert_string_equal(question.resource, "certificates");
	assert_true(asks(&question, &name, "*", NULL));
	assert_string_equal(question.group, "*");
	assert_true(asks(&question, &name, "*.apps", NULL));
	assert_string_equal(question.group, "apps");
	assert_string_equal(question.resource, "*");
	// Users are no resource but for one verb.
	assert_false(asks(&question, &name, "users", NULL));
	question.verb = "impersonate";
	assert_true(asks(&question, &name, "users", NULL));
	assert_string_equal(question.group, "");
	assert_null(question.namespace);
	assert_false(asks(&question, &name, "pods", NULL));
}

static void names_that_are_none_are_refused(void **state)
{
	static const char *const wrong[] = {"", "pods/log", "*/log", "a b", "**", NULL};
	struct kubeapi_name name;

	(void)state;
	for (size_t i = 0; wrong[i]; i++) {
		struct err err = {0};
		assert_false(access_name_parse(wrong[i], &name, &err));
		assert_true(err.message[0]);
	}
}

static void judged(const struct access_question *question, const char *answer, enum status wanted,
	const char *wanted_words)
{
	cJSON *review = json_parse(answer, strlen(answer), NULL);
	struct buf words = {0};

	assert_int_equal(access_review_judge(question, review, &words), wanted);
	assert_string_equal(buf_str(&words), wanted_words);
	buf_fini(&words);
	cJSON_Delete(review);
}

static void the_answer_is_told_in_words(void **state)
{
	static const char *const groups[] = {"dev", "ops"};
	struct access_question question = {.verb = "create", .namespace = "shop"};
	struct kubeapi_name name;

	(void)state;
	asks(&question, &name, "pods", &pods);
	judged(&question, "{\"status\":{\"allowed\":true,\"reason\":\"RBAC: allowed\"}}",
		STATUS_HEALTHY, "may create pods in shop");
	judged(&question, "{\"status\":{\"allowed\":false}}", STATUS_DEGRADED,
		"may not create pods in shop");
	judged(&question,
		"{\"status\":{\"allowed\":false,\"reason\":\"no\",\"evaluationError\":\"role x not "
		"found\"}}",
		STATUS_DEGRADED, "may not create pods in shop: no: role x not found");
	question.namespace = NULL;
	question.as = "ana";
	question.subresource = "log";
	judged(&question, "{\"status\":{\"allowed\":true}}", STATUS_HEALTHY,
		"ana may create pods/log");
	question.groups = groups;
	question.group_count = 2;
	question.as = NULL;
	judged(&question, "{\"status\":{\"allowed\":true}}", STATUS_HEALTHY,
		"whoever is of dev, ops may create pods/log");
	question = (struct access_question){.verb = "*"};
	asks(&question, &name, "*", NULL);
	judged(&question, "{\"status\":{\"allowed\":true}}", STATUS_HEALTHY,
		"may do everything with everything");
}

// What does not say yes or no is neither.
static void what_is_no_review_is_unknown(void **state)
{
	static const char *const answers[] = {"{}", "[]", "null", "{\"status\":{}}",
		"{\"status\":{\"allowed\":\"true\"}}", "{\"status\":{\"allowed\":1}}", "<html>",
		NULL};
	struct access_question question = {.verb = "get", .path = "/"};

	(void)state;
	for (size_t i = 0; answers[i]; i++)
		judged(&question, answers[i], STATUS_UNKNOWN,
			"the answer does not say whether it is allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_asks_for_oneself),
		cmocka_unit_test(what_belongs_to_no_namespace_is_asked_without_one),
		cmocka_unit_test(paths_are_no_resources),
		cmocka_unit_test(somebody_else_has_the_groups_that_signing_in_gives),
		cmocka_unit_test(what_discovery_does_not_know_can_be_asked_with_its_group),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(the_answer_is_told_in_words),
		cmocka_unit_test(what_is_no_review_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
