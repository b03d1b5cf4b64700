// SPDX-License-Identifier: Apache-2.0
//
// What each kind of action is on the record and on the screen before it runs.
#include "incident_case.h"

#include "relight/request.h"

static const char text[] =
	"inputs: {group: {ask: g}, n: {ask: n}}\n"
	"targets:\n"
	"  bastion: {ssh: {host: b.example.com}}\n"
	"  dr: {kubernetes: {context: dr}}\n"
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
	"  - {id: use, needs: [], run: {use: aws/rds, with: {id: '${input.group} x'}}}\n"
	"  - {id: local, needs: [], run: {command: [a, 'b c']}}\n";

static void begin(struct incident_case *of)
{
	case_begin(of, text);
	of->inputs[runbook_input(of->runbook, "group")] = "intake";
	of->inputs[runbook_input(of->runbook, "n")] = "3";
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
		"\"name\":\"web\",\"type\":\"merge\",\"body\":\"{\\\"n\\\": 3}\"}}}",
		"kubernetes patch services web --type merge --patch '{\"n\": 3}' on dr");
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
		cmocka_unit_test(test_use_and_command),
		cmocka_unit_test(test_what_is_not_built_is_shown_and_refused),
		cmocka_unit_test(test_a_variable_without_a_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
