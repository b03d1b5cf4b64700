// SPDX-License-Identifier: Apache-2.0
//
// What actions on a cluster may say, and what is told of those that may not.
#include "runbook_case.h"

#include "relight/yaml.h"

#define TARGET "targets: {t: {kubernetes: {context: c}}, u: {kubernetes: {context: d}}}\n"
#define RUN(action)                                                                                \
	TARGET "inputs: {n: {ask: n}}\n"                                                           \
	       "steps:\n- id: a\n  run:\n    kubernetes:\n      target: t\n" action

static struct kubernetes_action action_of(const struct runbook *runbook)
{
	assert_int_equal(runbook->steps[0].run.kind, ACTION_KUBERNETES);
	return runbook->steps[0].run.kubernetes;
}

static void test_sources(void **unused)
{
	static const struct {
		const char *text;
		size_t count, paths;
	} cases[] = {
		{RUN("      apply: m.yaml\n"), 1, 1},
		{RUN("      apply: m/\n      namespace: shop\n      force: true\n"), 1, 1},
		{RUN("      apply: {apiVersion: v1, kind: A, metadata: {name: a}}\n"), 1, 0},
		{RUN("      apply: [a.yaml, {apiVersion: v1, kind: A, metadata: {name: a}}, b]\n"),
			3, 2},
		{RUN("      apply: |\n        apiVersion: v1\n        kind: A\n        metadata: "
		     "{name: "
		     "a}\n        ---\n        apiVersion: v1\n        kind: B\n        metadata: "
		     "{name: "
		     "b}\n"),
			2, 0},
		{RUN("      create: '{apiVersion: v1, kind: A, metadata: {generateName: a-}}'\n"),
			1, 0},
		{RUN("      apply: {apiVersion: v1, kind: List, items: []}\n"), 1, 0},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = {0};
		size_t paths = 0;
		buf_printf(&text, HEAD "%s", cases[i].text);
		struct runbook *runbook = good(buf_str(&text));
		struct kubernetes_action action = action_of(runbook);
		assert_int_equal(action.source_count, cases[i].count);
		for (size_t j = 0; j < action.source_count; j++)
			paths += action.sources[j].path != NULL;
		assert_int_equal(paths, cases[i].paths);
		assert_null(step_unbuilt(&runbook->steps[0]));
		assert_int_equal(runbook->steps[0].target, 0);
		runbook_free(runbook);
		buf_fini(&text);
	}
}

static void test_changes(void **unused)
{
	struct runbook *runbook = good(HEAD RUN(
		"      delete: {resource: pods, namespace: shop, selector: app=x, propagation: "
		"foreground, grace_period: 0s}\n"));
	struct kubernetes_action action = action_of(runbook);
	(void)unused;
	assert_string_equal(action.verb, "delete");
	assert_string_equal(action.selector, "app=x");
	assert_string_equal(action.propagation, "foreground");
	assert_int_equal(action.grace_period_ms, 0);
	runbook_free(runbook);
	runbook = good(HEAD RUN("      delete: {resource: pods, name: x, preconditions: {uid: 1b, "
				"resource_version: 12}}\n"));
	action = action_of(runbook);
	assert_string_equal(action.uid, "1b");
	assert_string_equal(action.resource_version, "12");
	assert_int_equal(action.grace_period_ms, ABSENT_MS);
	runbook_free(runbook);
	runbook = good(HEAD RUN("      patch: {resource: pods, name: x, type: json, body: [{op: "
				"remove, path: /a}]}\n"));
	action = action_of(runbook);
	assert_int_equal(action.body->type, YAML_LIST);
	runbook_free(runbook);
}

// Inputs of objects that stand in the runbook hold the step back like any others.
static void test_mentions(void **unused)
{
	struct runbook *runbook = good(HEAD RUN("      apply: {apiVersion: v1, kind: A, metadata: "
						"{name: a}, spec: {list: ['${input.n}']}}\n"));
	(void)unused;
	assert_int_equal(runbook->steps[0].mentions.count, 1);
	runbook_free(runbook);
	runbook = good(HEAD RUN("      apply: |\n        apiVersion: v1\n        kind: A\n        "
				"metadata: {name: a}\n        n: ${input.n}\n"));
	assert_int_equal(runbook->steps[0].mentions.count, 1);
	runbook_free(runbook);
}

static void test_mistakes(void **unused)
{
	static const struct mistake mistakes[] = {
		{RUN("      apply: []\n"), "empty", 10, 14, NULL},
		{RUN("      apply: 3\n"), "wrong-type", 10, 14, NULL},
		{RUN("      apply: ''\n"), "bad-manifest", 10, 14, NULL},
		{RUN("      apply: https://x.example.com/m.yaml\n"), "bad-manifest", 10, 14, NULL},
		{RUN("      apply: {kind: A, metadata: {name: a}}\n"), "bad-manifest", 10, 14,
			NULL},
		{RUN("      apply: {apiVersion: v1, kind: A}\n"), "bad-manifest", 10, 14, NULL},
		{RUN("      apply: {apiVersion: v1, kind: A, metadata: {generateName: a}}\n"),
			"bad-manifest", 10, 14, NULL},
		{RUN("      apply: |\n        kind: [\n"), "bad-manifest", 10, 14, NULL},
		{RUN("      apply: {apiVersion: v1, kind: A, metadata: {name: a}, mode: 0644}\n"),
			"octal", 10, 67, NULL},
		{RUN("      apply: {apiVersion: v1, kind: A, metadata: {name: a}, x: "
		     "'${input.m}'}\n"),
			"unknown-input", 10, 65, NULL},
		{RUN("      apply: {apiVersion: v1, kind: A, metadata: {name: a}, x: '${HOME}'}\n"),
			"unknown-variable", 10, 65, NULL},
		{RUN("      create: m.yaml\n      force: true\n"), "exclusive-keys", 9, 7, NULL},
		{RUN("      patch: {resource: d, name: n, type: merge, body: {a: b}}\n      force: "
		     "true\n"),
			"exclusive-keys", 9, 7, NULL},
		{RUN("      namespace: x\n      scale: {resource: d, name: n, replicas: 1}\n"),
			"exclusive-keys", 9, 7, NULL},
		{RUN("      delete: {resource: pods}\n"), "missing-key", 10, 15, NULL},
		{RUN("      delete: {resource: pods, name: a, selector: b}\n"), "exclusive-keys",
			10, 15, NULL},
		{RUN("      delete: {resource: pods, selector: ''}\n"), "empty", 10, 42, NULL},
		{RUN("      delete: {resource: po ds, name: a}\n"), "bad-value", 10, 26, NULL},
		{RUN("      delete: {resource: pods, name: ../a}\n"), "bad-value", 10, 38, NULL},
		{RUN("      delete: {resource: po, selector: 'a,,b'}\n"), "bad-value", 10, 40,
			NULL},
		{RUN("      delete: {resource: po, selector: 'a in (b'}\n"), "bad-value", 10, 40,
			NULL},
		{RUN("      delete: {resource: po, namespace: a/b, name: a}\n"), "bad-value", 10,
			41, NULL},
		{RUN("      delete: {resource: pods, namespace: '*', name: a}\n"), "bad-value", 10,
			43, NULL},
		{RUN("      delete: {resource: pods, selector: a, preconditions: {uid: b}}\n"),
			"exclusive-keys", 10, 15, NULL},
		{RUN("      delete: {resource: pods, name: a, propagation: forground}\n"),
			"unknown-word", 10, 54, "foreground"},
		{RUN("      patch: {resource: pods, name: a, body: '{'}\n"), "bad-manifest", 10, 46,
			NULL},
		{RUN("      patch: {resource: pods, name: a, body: text}\n"), "bad-manifest", 10,
			46, NULL},
		{RUN("      patch: {resource: pods, name: a, type: json, body: {a: b}}\n"),
			"wrong-type", 10, 58, NULL},
		{RUN("      patch: {resource: pods, name: a, body: [a]}\n"), "wrong-type", 10, 46,
			NULL},
		{RUN("      apply: m.yaml\n  target: u\n"), "target-mismatch", 11, 11, NULL},
	};
	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

#define LOOK(expect)                                                                               \
	TARGET "dependencies:\n- id: d\n  check: {kubernetes: {target: t, resource: Secrets, "     \
	       "name: "                                                                            \
	       "s,\n    expect: " expect "}}\nsteps: [{id: a, manual: m}]\n"

static void test_content_of_secrets(void **unused)
{
	static const struct mistake mistakes[] = {
		{LOOK("{jq: '.data.password != null'}"), "secret-content", 7, 13, NULL},
		{LOOK("{jq: '.metadata.name, (.type)'}"), "secret-content", 7, 13, NULL},
		{LOOK("{jq: 'true', message: '\"\\(.data)\"'}"), "secret-content", 7, 13, NULL},
	};
	(void)unused;
	ASSERT_MISTAKES(mistakes);
	runbook_free(good(HEAD LOOK("{jq: '.metadata.labels.type == 1 and .database'}")));
	runbook_free(good(HEAD LOOK("healthy")));
}

#define ASK(keys)                                                                                  \
	TARGET "dependencies:\n- id: d\n  check: {kubernetes: {target: t, service: s" keys         \
	       "}}\nsteps: [{id: a, manual: m}]\n"

// The namespace is the target's, else that of its kubeconfig.
static void test_a_service_has_a_port(void **unused)
{
	static const struct mistake mistakes[] = {
		{ASK(""), "missing-key", 6, 23, NULL},
		{ASK(", namespace: n"), "missing-key", 6, 23, NULL},
		{ASK(", port: 99999"), "bad-port", 6, 53, NULL},
		{ASK(", port: 0"), "bad-port", 6, 53, NULL},
		{ASK(", port: HTTP!"), "bad-port", 6, 53, NULL},
	};
	(void)unused;
	ASSERT_MISTAKES(mistakes);
	runbook_free(good(HEAD ASK(", port: 80")));
	runbook_free(good(HEAD ASK(", namespace: n, port: http")));
	runbook_free(good(HEAD ASK(", namespace: '*', port: http-2")));
	runbook_free(good(HEAD RUN("      delete: {resource: deployments.v1.apps, namespace: a-1, "
				   "selector: '!x, tier in (a,b),k8s.io/y!=z'}\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_mentions),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_content_of_secrets),
		cmocka_unit_test(test_a_service_has_a_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
