// SPDX-License-Identifier: Apache-2.0
#include "relight/kubeapi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/tally.h"

static void names_are_taken_apart_as_kubectl_does(void **state)
{
	(void)state;
	static const struct {
		const char *text, *resource, *version, *group;
	} examples[] = {
		{"pods", "pods", "", ""},
		{"Deployment", "Deployment", "", ""},
		{"deployments.apps", "deployments", "", "apps"},
		{"deployments.v1.apps", "deployments", "v1", "apps"},
		{"deployments.v1beta2.apps", "deployments", "v1beta2", "apps"},
		{"certificates.cert-manager.io", "certificates", "", "cert-manager.io"},
		{"things.v1alpha.example.io", "things", "", "v1alpha.example.io"},
		{"things.vault.example.io", "things", "", "vault.example.io"},
		{"pods.v1", "pods", "v1", ""},
	};

	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct kubeapi_name name;
		struct err err;

		assert_true(kubeapi_name_parse(examples[i].text, &name, &err));
		assert_string_equal(name.resource, examples[i].resource);
		assert_string_equal(name.version, examples[i].version);
		assert_string_equal(name.group, examples[i].group);
	}
}

// A server that does not select as it is asked to must not have another object believed in.
static void an_object_is_what_was_asked_for(void **state)
{
	(void)state;
	static const struct kubeapi_type pods = {"", "v1", "pods", "Pod", true};
	static const struct {
		const char *object;
		bool is_kind, is_of;
	} examples[] = {
		{"{\"metadata\":{\"name\":\"p\",\"namespace\":\"shop\"}}", true, true},
		{"{\"metadata\":{\"name\":\"p\"}}", true, true},
		{"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}}", true, true},
		{"{\"kind\":\"PartialObjectMetadata\",\"metadata\":{\"name\":\"p\"}}", true, true},
		{"{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"p\"}}", false, true},
		{"{\"metadata\":{\"name\":\"q\",\"namespace\":\"shop\"}}", true, false},
		{"{\"metadata\":{\"name\":\"p\",\"namespace\":\"till\"}}", true, false},
		{"{\"metadata\":{\"name\":7}}", true, false},
		{"{}", true, false},
	};

	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct err err = {0};
		cJSON *object = json_parse(examples[i].object, strlen(examples[i].object), NULL);

		assert_int_equal(kubeapi_is_kind(&pods, object, &err), examples[i].is_kind);
		assert_int_equal(kubeapi_is_of(object, "shop", "p"), examples[i].is_of);
		cJSON_Delete(object);
		if (!examples[i].is_kind)
			assert_string_equal(
				err.message, "it holds a ConfigMap where pods were asked for");
	}
}

static void what_is_no_name_is_refused(void **state)
{
	(void)state;
	char long_name[400];
	const char *examples[] = {
		"", ".apps", "pods/log", "a b", "../secrets", "pods?watch=1", long_name};

	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct kubeapi_name name;
		struct err err = {0};

		assert_false(kubeapi_name_parse(examples[i], &name, &err));
		assert_non_null(strstr(err.message, "is no resource"));
	}
}

static const char resources[] =
	"{\"groupVersion\":\"apps/v1\",\"resources\":["
	"{\"name\":\"deployments/status\",\"kind\":\"Deployment\",\"namespaced\":true},"
	"{\"name\":\"deployments\",\"singularName\":\"\",\"kind\":\"Deployment\",\"namespaced\":"
	"true,\"shortNames\":[\"deploy\"]},"
	"{\"name\":\"widgets\",\"singularName\":\"widget\",\"kind\":\"Widget\",\"namespaced\":"
	"false},"
	"{\"name\":7},null]}";

static void types_are_found_by_every_name_they_have(void **state)
{
	(void)state;
	static const char *const names[] = {
		"deployments", "Deployment", "deploy", "DEPLOY", "deployment", NULL};
	cJSON *list = json_parse(resources, sizeof resources - 1, NULL);
	struct kubeapi_name name;
	struct kubeapi_type type;

	for (size_t i = 0; names[i]; i++) {
		memset(&type, 0, sizeof type);
		assert_true(kubeapi_name_parse(names[i], &name, NULL));
		assert_true(kubeapi_type_find(list, &name, &type));
		assert_string_equal(type.plural, "deployments");
		assert_string_equal(type.kind, "Deployment");
		assert_string_equal(type.group, "apps");
		assert_string_equal(type.version, "v1");
		assert_true(type.is_namespaced);
	}
	assert_true(kubeapi_name_parse("widget", &name, NULL));
	assert_true(kubeapi_type_find(list, &name, &type));
	assert_false(type.is_namespaced);
	assert_true(kubeapi_name_parse("deploymen", &name, NULL));
	assert_false(kubeapi_type_find(list, &name, &type));
	assert_true(kubeapi_name_parse("", &name, NULL) == false);
	assert_false(kubeapi_type_find(NULL, &name, &type));
	cJSON_Delete(list);
}

static void a_group_may_be_given_by_its_beginning(void **state)
{
	(void)state;
	struct kubeapi_name name;

	assert_true(kubeapi_name_parse("certificates.cert-manager", &name, NULL));
	assert_true(kubeapi_may_hold(&name, "cert-manager.io", "v1"));
	assert_false(kubeapi_may_hold(&name, "apps", "v1"));
	assert_false(kubeapi_may_hold(&name, "", "v1"));
	assert_true(kubeapi_name_parse("deployments.v1beta1.apps", &name, NULL));
	assert_false(kubeapi_may_hold(&name, "apps", "v1"));
	assert_true(kubeapi_may_hold(&name, "apps", "v1beta1"));
	assert_true(kubeapi_name_parse("pods", &name, NULL));
	assert_true(kubeapi_may_hold(&name, "", "v1"));
	assert_true(kubeapi_may_hold(&name, "metrics.k8s.io", "v1"));
}

static void expect_path(const struct kubeapi_type *type, const char *namespace, const char *object,
	const char *path)
{
	struct buf out = {0};

	kubeapi_path(&out, type, namespace, object);
	assert_string_equal(buf_str(&out), path);
	buf_fini(&out);
}

static void paths(void **state)
{
	(void)state;
	struct kubeapi_type pods = {.version = "v1", .plural = "pods", .is_namespaced = true};
	struct kubeapi_type nodes = {.version = "v1", .plural = "nodes"};
	struct kubeapi_type deployments = {
		.group = "apps", .version = "v1", .plural = "deployments", .is_namespaced = true};

	expect_path(&pods, NULL, NULL, "/api/v1/pods");
	expect_path(&pods, "shop", "a", "/api/v1/namespaces/shop/pods/a");
	expect_path(&nodes, "shop", "n1", "/api/v1/nodes/n1");
	expect_path(&deployments, "shop", NULL, "/apis/apps/v1/namespaces/shop/deployments");
	expect_path(
		&pods, "a/../b", "x?y#z %", "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy%23z%20%25");
}

static void expect_refusal(
	int http_status, const char *body, const char *object, enum status status, const char *says)
{
	struct buf words = {0};
	enum status got = kubeapi_refusal(http_status, body, strlen(body), object, &words);

	if (got != status || strcmp(buf_str(&words), says) != 0)
		fail_msg("%d %s: %s: %s", http_status, body, status_word(got), buf_str(&words));
	buf_fini(&words);
}

#define NOT_FOUND                                                                                  \
	"{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"pods \\\"a\\\" not "           \
	"found\",\"details\":{\"name\":\"a\"}}"

static void only_the_very_object_is_missing(void **state)
{
	(void)state;
	expect_refusal(404, NOT_FOUND, "a", STATUS_MISSING, "pods \"a\" not found");
	expect_refusal(404, NOT_FOUND, "b", STATUS_UNKNOWN,
		"HTTP 404, the server does not have this resource: pods \"a\" not found");
	expect_refusal(404, NOT_FOUND, NULL, STATUS_UNKNOWN,
		"HTTP 404, the server does not have this resource: pods \"a\" not found");
	expect_refusal(404, "404 page not found\n", "a", STATUS_UNKNOWN,
		"HTTP 404, the server does not have this resource: 404 page not found");
	expect_refusal(403, "{\"message\":\"pods is forbidden\"}", "a", STATUS_UNKNOWN,
		"HTTP 403, not allowed: pods is forbidden");
	expect_refusal(401, "", "a", STATUS_UNKNOWN, "HTTP 401, the credentials were refused");
	expect_refusal(502, "<html><h1>Bad", "a", STATUS_UNKNOWN, "HTTP 502");
	expect_refusal(500, "{broken", NULL, STATUS_UNKNOWN, "HTTP 500: {broken");
}

static void expect_readiness(
	int http_status, const char *body, enum status status, const char *says)
{
	struct buf words = {0};

	assert_int_equal(kubeapi_readiness(http_status, body, &words), status);
	assert_string_equal(buf_str(&words), says);
	buf_fini(&words);
}

static void readiness(void **state)
{
	(void)state;
	expect_readiness(200, "ok", STATUS_HEALTHY, "ready");
	expect_readiness(500,
		"[+]ping ok\n[-]etcd failed: reason withheld\n[-]informer-sync failed\nreadyz "
		"check failed\n",
		STATUS_DEGRADED, "not ready: etcd, informer-sync");
	expect_readiness(503, "no backend\n", STATUS_DEGRADED, "not ready: HTTP 503: no backend");
	expect_readiness(401, "Unauthorized", STATUS_UNKNOWN,
		"HTTP 401, the credentials were refused: Unauthorized");
}

static void expect_tally(struct tally *tally, size_t least, enum status status, const char *says)
{
	struct buf words = {0};

	assert_int_equal(tally_judge(tally, least, "pods", &words), status);
	assert_string_equal(buf_str(&words), says);
	buf_fini(&words);
}

static void a_tally_is_as_bad_as_its_worst(void **state)
{
	(void)state;
	struct tally tally = {0};

	expect_tally(&tally, 1, STATUS_MISSING, "no pods found");
	expect_tally(&tally, 0, STATUS_HEALTHY, "0 pods");
	tally.count = tally.healthy = 1;
	expect_tally(&tally, 1, STATUS_HEALTHY, "1 pods");
	expect_tally(&tally, 2, STATUS_DEGRADED, "1 of at least 2 pods found");
	tally.count = 5;
	tally.worst = STATUS_DEGRADED;
	buf_text(&tally.words, "c: crashed");
	expect_tally(&tally, 1, STATUS_DEGRADED, "1 of 5 pods healthy; c: crashed");
	tally.count = 6;
	tally.worst = STATUS_MISSING;
	buf_clear(&tally.words);
	buf_text(&tally.words, "f: gone");
	expect_tally(&tally, 9, STATUS_MISSING, "6 of at least 9 pods found; f: gone");
	tally_fini(&tally);
	expect_tally(&tally, 0, STATUS_HEALTHY, "0 pods");
}

static void what_stands_in_no_namespace(void **unused)
{
	static const char *const wide[] = {"ns", "Namespace", "namespaces", "namespaces.v1.", "pv",
		"CustomResourceDefinition", "crds", "clusterroles.rbac",
		"storageclasses.v1.storage.k8s.io"};
	static const char *const others[] = {"pods", "deploy", "namespaces.example.com",
		"widgets.example.com", "nodes.metrics.k8s.io", "", "a/b"};
	(void)unused;
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		if (!kubeapi_is_cluster_wide(wide[i]))
			fail_msg("%s", wide[i]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (kubeapi_is_cluster_wide(others[i]))
			fail_msg("%s", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_apart_as_kubectl_does),
		cmocka_unit_test(an_object_is_what_was_asked_for),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(types_are_found_by_every_name_they_have),
		cmocka_unit_test(a_group_may_be_given_by_its_beginning),
		cmocka_unit_test(paths),
		cmocka_unit_test(what_stands_in_no_namespace),
		cmocka_unit_test(only_the_very_object_is_missing),
		cmocka_unit_test(readiness),
		cmocka_unit_test(a_tally_is_as_bad_as_its_worst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
