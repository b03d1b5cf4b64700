// SPDX-License-Identifier: Apache-2.0
//
// What each kind of action is on the record and on the screen before it runs.
#include "incident_case.h"

#include "relight/request.h"

static const char text[] =
	"inputs: {group: {ask: g}, n: {ask: n}, token: {ask: t}}\n"
	"targets:\n"
	"  bastion: {ssh: {host: b.example.com}}\n"
	"  dr: {kubernetes: {kubeconfig: 'kube/${input.group}', context: dr, namespace: shop, uid: "
	"0b1c}}\n"
	"steps:\n"
	"  - {id: argv, needs: [], run: {ssh: {target: bastion, command: [offsets, --group, "
	"'${input.group}']}, dir: /srv, env: {N: '${input.n}'}}}\n"
	"  - {id: shell, needs: [], run: {ssh: {target: bastion, shell: \"df | it's\"}}}\n"
	"  - {id: post, needs: [], run: {http: {method: POST, url: "
	"'https://x.example.com/${input.group}', headers: {X-Group: '${input.group} 1'}, body: "
	"'{\"n\": ${input.n}}'}}}\n"
	"  - {id: apply, needs: [], run: {kubernetes: {target: dr, apply: "
	"'m/${input.group}.yaml'}}}\n"
	"  - {id: scale, needs: [], run: {kubernetes: {target: dr, scale: {resource: "
	"deployments.apps, namespace: case, name: '${input.group}', replicas: '${input.n}'}}}}\n"
	"  - {id: patch, needs: [], run: {kubernetes: {target: dr, patch: {resource: services, "
	"name: web, type: merge, body: '{\"n\": ${input.n}}'}}}}\n"
	"  - id: objects\n"
	"    needs: []\n"
	"    run:\n"
	"      kubernetes:\n"
	"        target: dr\n"
	"        namespace: ${input.group}\n"
	"        force: true\n"
	"        apply:\n"
	"        - m/crds.yaml\n"
	"        - apiVersion: v1\n"
	"          kind: ConfigMap\n"
	"          metadata: {name: '${input.group}'}\n"
	"          data: {'${n}': 'n is ${input.n}'}\n"
	"          count: ${input.n}\n"
	"          text: '${input.n}'\n"
	"  - {id: created, needs: [], run: {kubernetes: {target: dr, create: {apiVersion: v1, "
	"kind: "
	"Secret, metadata: {generateName: s-}, stringData: {p: '${input.token}'}}}}}\n"
	"  - {id: delete, needs: [], run: {kubernetes: {target: dr, delete: {resource: pods, "
	"selector: 'app=${input.group}', propagation: orphan, grace_period: 90s}}}}\n"
	"  - {id: operations, needs: [], run: {kubernetes: {target: dr, patch: {resource: secrets, "
	"name: s, type: json, body: [{op: add, path: /data/p, value: '${input.token}'}]}}}}\n"
	"  - {id: use, needs: [], run: {use: aws/rds, with: {id: '${input.group} x'}}}\n"
	"  - {id: local, needs: [], run: {command: [a, 'b c']}}\n";

static void begin(struct incident_case *of)
{
	case_begin(of, text);
	of->inputs[runbook_input(of->runbook, "group")] = "intake";
	of->inputs[runbook_input(of->runbook, "n")] = "3";
	of->inputs[runbook_input(of->runbook, "token")] = "tok-12345";
}

static void assert_action(const char *id, const char *recorded, const char *shown)
{
	struct incident_case of;
	struct err err = {0};
	struct buf out = {0};
	begin(&of);
	struct request_plan plan = {.step = step_of(&of, id), .attempt = 1};
	cJSON *action = request_action(&of.facts, &plan, &err);
	if (!action)
		fail_msg("%s: %s", id, err.message);
	char *json = cJSON_PrintUnformatted(action);
	request_show(action, &out);
	assert_string_equal(json, recorded);
	assert_string_equal(buf_str(&out), shown);
	free(json);
	buf_fini(&out);
	cJSON_Delete(action);
	case_end(&of);
}

static void test_ssh(void **unused)
{
	(void)unused;
	assert_action("argv",
		"{\"ssh\":{\"target\":\"bastion\",\"command\":[\"offsets\",\"--group\",\"intake\"]}"
		","
		"\"dir\":\"/srv\",\"env\":{\"N\":\"3\"}}",
		"ssh bastion -- offsets --group intake");
	assert_action("shell", "{\"ssh\":{\"target\":\"bastion\",\"shell\":\"df | it's\"}}",
		"ssh bastion -- sh -euc 'df | it'\\''s'");
}

static void test_http(void **unused)
{
	(void)unused;
	assert_action("post",
		"{\"http\":{\"method\":\"POST\",\"url\":\"https://x.example.com/intake\","
		"\"headers\":{\"X-Group\":\"intake 1\"},\"body\":\"{\\\"n\\\": 3}\"}}",
		"http POST https://x.example.com/intake --header 'X-Group: intake 1' "
		"--data '{\"n\": 3}'");
}

static void test_kubernetes(void **unused)
{
	(void)unused;
	assert_action("apply", "{\"kubernetes\":{\"target\":\"dr\",\"apply\":\"m/intake.yaml\"}}",
		"kubernetes apply m/intake.yaml on dr");
	assert_action("scale",
		"{\"kubernetes\":{\"target\":\"dr\",\"scale\":{\"resource\":\"deployments.apps\","
		"\"namespace\":\"case\",\"name\":\"intake\",\"replicas\":\"3\"}}}",
		"kubernetes scale deployments.apps intake -n case --replicas 3 on dr");
	assert_action("patch",
		"{\"kubernetes\":{\"target\":\"dr\",\"patch\":{\"resource\":\"services\","
		"\"name\":\"web\",\"type\":\"merge\",\"namespace\":\"shop\",\"body\":\"{\\\"n\\\": "
		"3}\"}}}",
		"kubernetes patch services web -n shop --type merge --patch '{\"n\": 3}' on dr");
}

static void assert_namespace(const struct incident_case *of, const char *id, bool is_rollback,
	const char *expected, const char *expected_from)
{
	struct request_plan plan = {
		.step = step_of(of, id), .attempt = 1, .is_rollback = is_rollback};
	const char *from = NULL;
	struct buf out = {0};
	bool is_known = request_namespace(&of->facts, &plan, &out, &from);
	if (is_known != (expected != NULL))
		fail_msg("%s: %s", id, is_known ? buf_str(&out) : "no namespace");
	if (expected) {
		assert_string_equal(buf_str(&out), expected);
		assert_string_equal(from, expected_from);
	}
	buf_fini(&out);
}

static const char drop_action[] =
	"{\"kubernetes\":{\"target\":\"prod\",\"delete\":{\"resource\":\"deploy\",\"name\":"
	"\"old\",\"namespace\":\"shop\"}}}";

// A namespace that only the kubeconfig names is shown, and is then the one that is acted in.
static void test_namespaces_of_the_kubeconfig(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of,
		"targets: {prod: {kubernetes: {context: prod}}}\n"
		"steps:\n"
		"  - {id: drop, run: {kubernetes: {target: prod, delete: {resource: deploy, name: "
		"old}}}}\n"
		"  - {id: wipe, run: {kubernetes: {target: prod, delete: {resource: "
		"Namespace, name: old}}}, rollback: {kubernetes: {target: prod, apply: ns.yaml}}}\n"
		"  - {id: own, run: {kubernetes: {target: prod, apply: x.yaml, namespace: mine}}}\n"
		"  - {id: local, run: {command: [a]}}\n");
	assert_namespace(&of, "drop", false, NULL, NULL); // nobody has told yet
	cJSON *line = cJSON_Parse("{\"target\":\"prod\",\"namespace\":\"shop\"}");
	sensed_take_target(of.sensed, of.runbook, line);
	cJSON_Delete(line);
	assert_namespace(&of, "drop", false, "shop", "the kubeconfig's");
	assert_namespace(&of, "wipe", false, NULL, NULL);
	assert_namespace(&of, "wipe", true, "shop", "the kubeconfig's");
	assert_namespace(&of, "own", false, "mine", "the step's");
	assert_namespace(&of, "local", false, NULL, NULL);
	struct request_plan plan = {.step = step_of(&of, "drop"), .attempt = 1};
	cJSON *action = request_action(&of.facts, &plan, NULL);
	char *json = cJSON_PrintUnformatted(action);
	assert_string_equal(json, drop_action);
	free(json);
	cJSON_Delete(action);
	plan.step = step_of(&of, "wipe");
	action = request_action(&of.facts, &plan, NULL);
	assert_null(json_path(action, "kubernetes.delete.namespace"));
	cJSON_Delete(action);
	// Objects may name their own: theirs is no argument, but where the others go.
	plan.is_rollback = true;
	action = request_action(&of.facts, &plan, NULL);
	assert_null(json_path(action, "kubernetes.namespace"));
	cJSON_Delete(action);
	cJSON *cluster = request_cluster(&of.facts, 0, of.facts.values, NULL);
	assert_string_equal(json_text(cluster, "namespace"), "shop");
	cJSON_Delete(cluster);
	case_end(&of);
}

// Objects that stand in the runbook, with the variables in their texts filled in; keys stay.
static void test_objects(void **unused)
{
	(void)unused;
	assert_action("objects",
		"{\"kubernetes\":{\"target\":\"dr\",\"apply\":[\"m/"
		"crds.yaml\",{\"apiVersion\":\"v1\","
		"\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"intake\"},\"data\":{\"${n}\":\"n "
		"is 3\"},"
		"\"count\":3,\"text\":\"3\"}],\"force\":true,\"namespace\":\"intake\"}}",
		"kubernetes apply m/crds.yaml ConfigMap/intake -n intake --force on dr");
	assert_action("created",
		"{\"kubernetes\":{\"target\":\"dr\",\"create\":{\"apiVersion\":\"v1\",\"kind\":"
		"\"Secret\","
		"\"metadata\":{\"generateName\":\"s-\"},\"stringData\":{\"p\":\"tok-12345\"}}}}",
		"kubernetes create Secret/s- on dr");
	assert_action("delete",
		"{\"kubernetes\":{\"target\":\"dr\",\"delete\":{\"resource\":\"pods\",\"selector\":"
		"\"app=intake\","
		"\"propagation\":\"orphan\",\"namespace\":\"shop\",\"grace_period_s\":90}}}",
		"kubernetes delete pods -l app=intake -n shop --cascade orphan --grace-period 90 "
		"on dr");
	assert_action("operations",
		"{\"kubernetes\":{\"target\":\"dr\",\"patch\":{\"resource\":\"secrets\",\"name\":"
		"\"s\",\"type\":"
		"\"json\",\"namespace\":\"shop\",\"body\":[{\"op\":\"add\",\"path\":\"/data/"
		"p\",\"value\":\"tok-12345\"}]}}}",
		"kubernetes patch secrets s -n shop --type json on dr");
}

// What goes into the record and onto the screen does not hold what a Secret does.
static void test_secrets_are_left_out(void **unused)
{
	static const char *const ids[] = {"created", "operations"};
	(void)unused;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct incident_case of;
		struct err err = {0};
		struct buf out = {0};
		struct mask *mask = mask_new();
		begin(&of);
		struct request_plan plan = {.step = step_of(&of, ids[i]), .attempt = 1};
		assert_true(request_describe(&of.facts, &plan, &out, &err));
		assert_non_null(strstr(buf_str(&out), "[masked]"));
		assert_null(strstr(buf_str(&out), "tok-12345"));
		cJSON *action = request_action(&of.facts, &plan, &err);
		request_declare_secrets(action, mask);
		buf_clear(&out);
		mask_text(mask, "tok-12345", strlen("tok-12345"), &out);
		assert_null(strstr(buf_str(&out), "tok-12345"));
		request_redact(action);
		char *json = cJSON_PrintUnformatted(action);
		assert_null(strstr(json, "tok-12345"));
		free(json);
		cJSON_Delete(action);
		mask_free(mask);
		buf_fini(&out);
		case_end(&of);
	}
}

static cJSON *request_of(struct incident_case *of, const char *id)
{
	struct err err = {0};
	struct request_plan plan = {.step = step_of(of, id), .attempt = 2};
	cJSON *request = request_new(&of->facts, &plan, &err);
	if (!request)
		fail_msg("%s", err.message);
	return request;
}

static void assert_part(const cJSON *request, const char *part, const char *expected)
{
	char *json = cJSON_PrintUnformatted(json_get(request, part));
	assert_string_equal(json ? json : "", expected);
	free(json);
}

// Where the actuator finds the cluster, who that must be, and which files it applies.
static void test_cluster_and_files(void **unused)
{
	struct incident_case of;
	(void)unused;
	begin(&of);
	cJSON *request = request_of(&of, "objects");
	assert_part(request, "cluster",
		"{\"kubeconfig\":\"/base/kube/"
		"intake\",\"context\":\"dr\",\"namespace\":\"shop\",\"pin\":\"uid "
		"0b1c\"}");
	assert_part(
		request, "files", "[{\"named\":\"m/crds.yaml\",\"path\":\"/base/m/crds.yaml\"}]");
	assert_null(json_get(request, "applied_sha256"));
	cJSON_Delete(request);
	tell(&of, "relight", EVENT_RUNBOOK_LOADED, NULL,
		"{'name':'x','files':[],'applied':{'sha256':'aa'}}");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'dr','endpoint':'https://"
		"x','fingerprint':{'uid':'12f3','ca_sha256':'9f'}}");
	request = request_of(&of, "objects");
	assert_string_equal(json_path_text(request, "cluster.pin"), "uid 12f3 ca_sha256 9f");
	assert_string_equal(json_text(request, "applied_sha256"), "aa");
	cJSON_Delete(request);
	case_end(&of);
}

static void test_use_and_command(void **unused)
{
	(void)unused;
	assert_action("use", "{\"use\":\"aws/rds\",\"with\":{\"id\":\"intake x\"}}",
		"use aws/rds id='intake x'");
	assert_action("local", "{\"command\":[\"a\",\"b c\"],\"dir\":\"/base\"}", "a 'b c'");
}

static void test_what_is_not_built_is_shown_and_refused(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct err err = {0};
	begin(&of);
	struct request_plan plan = {.step = step_of(&of, "use"), .attempt = 1};
	assert_null(request_new(&of.facts, &plan, &err));
	assert_string_equal(err.message, "use: action use: not built yet; do it by hand (b)");
	plan.step = step_of(&of, "local");
	cJSON *request = request_new(&of.facts, &plan, &err);
	assert_non_null(request);
	cJSON_Delete(request);
	case_end(&of);
}

static void test_a_variable_without_a_value(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct err err = {0};
	begin(&of);
	of.inputs[runbook_input(of.runbook, "group")] = NULL;
	struct request_plan plan = {.step = step_of(&of, "scale"), .attempt = 1};
	assert_null(request_action(&of.facts, &plan, &err));
	assert_string_equal(err.message, "scale: needs input group");
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ssh),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_namespaces_of_the_kubeconfig),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_secrets_are_left_out),
		cmocka_unit_test(test_cluster_and_files),
		cmocka_unit_test(test_use_and_command),
		cmocka_unit_test(test_what_is_not_built_is_shown_and_refused),
		cmocka_unit_test(test_a_variable_without_a_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
