// SPDX-License-Identifier: Apache-2.0
#include "relight/kubeconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char first[] =
	"apiVersion: v1\n"
	"kind: Config\n"
	"preferences: {}\n"
	"current-context: prod\n"
	"clusters:\n"
	"- name: prod\n"
	"  cluster:\n"
	"    server: https://10.0.0.1:6443\n"
	"    certificate-authority-data: UEVNIENB\n" // "PEM CA"
	"    certificate-authority: ignored.crt\n"
	"- name: relative\n"
	"  cluster: {server: 'https://x', certificate-authority: pki/ca.crt, tls-server-name: "
	"api}\n"
	"- name: plain\n"
	"  cluster: {server: 'http://x'}\n"
	"- name: blind\n"
	"  cluster: {server: 'https://x', insecure-skip-tls-verify: true}\n"
	"- name: seeing\n"
	"  cluster: {server: 'https://x', insecure-skip-tls-verify: false, proxy-url: ''}\n"
	"users:\n"
	"- name: admin\n"
	"  user: {client-certificate: /abs/a.crt, client-key-data: S0VZ}\n"
	"- name: viewer\n"
	"  user: {token: abc, tokenFile: run/token}\n"
	"- name: half\n"
	"  user: {client-certificate-data: S0VZ}\n"
	"- name: garbled\n"
	"  user: {client-certificate-data: '%%%', client-key-data: S0VZ}\n"
	"- name: cloud\n"
	"  user: {exec: {command: aws}}\n"
	"contexts:\n"
	"- name: prod\n"
	"  context: {cluster: prod, user: admin, namespace: shop}\n"
	"- {name: view, context: {cluster: relative, user: viewer}}\n"
	"- {name: half, context: {cluster: prod, user: half}}\n"
	"- {name: garbled, context: {cluster: prod, user: garbled}}\n"
	"- {name: cloud, context: {cluster: prod, user: cloud}}\n"
	"- {name: plain, context: {cluster: plain, user: viewer}}\n"
	"- {name: blind, context: {cluster: blind, user: viewer}}\n"
	"- {name: seeing, context: {cluster: seeing, user: viewer}}\n"
	"- {name: lost, context: {cluster: gone, user: viewer}}\n"
	"- {name: stranger, context: {cluster: prod, user: gone}}\n"
	"- {name: nobody, context: {cluster: prod}}\n";

static const char second[] =
	"current-context: other\n"
	"clusters:\n"
	"- {name: prod, cluster: {server: 'https://shadowed'}}\n"
	"- {name: second, cluster: {server: 'https://second', certificate-authority: ca.crt}}\n"
	"contexts:\n"
	"- {name: second, context: {cluster: second, user: viewer}}\n";

static int load(void **state)
{
	struct kubeconfig *kubeconfig = kubeconfig_new();
	struct err err;

	assert_true(kubeconfig_add(
		kubeconfig, first, sizeof first - 1, "/home/a/config", "/home/a", &err));
	assert_true(kubeconfig_add(kubeconfig, second, sizeof second - 1, "/etc/b", "/etc", &err));
	*state = kubeconfig;
	return 0;
}

static int unload(void **state)
{
	kubeconfig_free(*state);
	return 0;
}

static void the_current_context_is_the_default(void **state)
{
	struct kubeconfig_access access;
	struct err err;

	assert_int_equal(kubeconfig_look_up(*state, NULL, &access, &err), KUBECONFIG_FOUND);
	assert_string_equal(access.context, "prod");
	assert_string_equal(access.server, "https://10.0.0.1:6443");
	assert_string_equal(access.namespace, "shop");
	assert_string_equal(access.cert.path, "/abs/a.crt");
	assert_null(access.cert.inline_text);
	assert_string_equal(access.key.inline_text, "KEY");
	assert_null(access.token);
}

static void inline_bytes_count_before_a_path(void **state)
{
	struct kubeconfig_access access;
	struct err err;

	assert_int_equal(kubeconfig_look_up(*state, "prod", &access, &err), KUBECONFIG_FOUND);
	assert_string_equal(access.ca.inline_text, "PEM CA");
	assert_null(access.ca.path);
}

static void paths_are_relative_to_their_own_file(void **state)
{
	struct kubeconfig_access access;
	struct err err;

	assert_int_equal(kubeconfig_look_up(*state, "view", &access, &err), KUBECONFIG_FOUND);
	assert_string_equal(access.ca.path, "/home/a/pki/ca.crt");
	assert_string_equal(access.token_file, "/home/a/run/token");
	assert_string_equal(access.token, "abc");
	assert_string_equal(access.tls_server_name, "api");
	assert_null(access.namespace);
	assert_int_equal(kubeconfig_look_up(*state, "second", &access, &err), KUBECONFIG_FOUND);
	assert_string_equal(access.ca.path, "/etc/ca.crt");
	assert_string_equal(access.token_file, "/home/a/run/token");
}

static void the_first_of_a_name_counts(void **state)
{
	struct kubeconfig_access access;
	struct err err;

	assert_string_equal(kubeconfig_current(*state), "prod");
	assert_int_equal(kubeconfig_look_up(*state, "nobody", &access, &err), KUBECONFIG_FOUND);
	assert_string_equal(access.server, "https://10.0.0.1:6443");
}

static void what_cannot_be_used_says_why(void **state)
{
	static const struct {
		const char *context;
		enum kubeconfig_answer answer;
		const char *says;
	} examples[] = {
		{"nowhere", KUBECONFIG_NO_CONTEXT, "no context nowhere"},
		{"lost", KUBECONFIG_BROKEN, "cluster gone"},
		{"stranger", KUBECONFIG_BROKEN, "user gone"},
		{"plain", KUBECONFIG_BROKEN, "https"},
		{"half", KUBECONFIG_BROKEN, "without the client key"},
		{"garbled", KUBECONFIG_BROKEN, "base64"},
		{"cloud", KUBECONFIG_UNBUILT, "not built yet"},
		{"blind", KUBECONFIG_UNBUILT, "insecure-skip-tls-verify"},
		{"seeing", KUBECONFIG_FOUND, ""},
	};

	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct kubeconfig_access access;
		struct err err = {0};
		enum kubeconfig_answer answer =
			kubeconfig_look_up(*state, examples[i].context, &access, &err);

		if (answer != examples[i].answer || !strstr(err.message, examples[i].says))
			fail_msg("%s: %d: %s", examples[i].context, (int)answer, err.message);
	}
}

static void what_is_no_kubeconfig_is_refused_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says, *place;
	} examples[] = {
		{"clusters: {}\n", "clusters must be a list", "f:1:11"},
		{"a: 1\nusers:\n- user: {}\n", "needs a name", "f:3:3"},
		{"just text\n", "no kubeconfig", "f:1:1"},
		{"a: [1\n", "", "f:"},
	};

	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct kubeconfig *kubeconfig = kubeconfig_new();
		struct err err = {0};

		assert_false(kubeconfig_add(
			kubeconfig, examples[i].text, strlen(examples[i].text), "f", ".", &err));
		if (!strstr(err.message, examples[i].says) ||
			strncmp(err.place, examples[i].place, strlen(examples[i].place)) != 0)
			fail_msg("%s: %s: %s", examples[i].text, err.place, err.message);
		kubeconfig_free(kubeconfig);
	}
}

static void an_empty_file_has_no_context(void **state)
{
	(void)state;
	struct kubeconfig *kubeconfig = kubeconfig_new();
	struct kubeconfig_access access;
	struct err err;

	assert_true(kubeconfig_add(kubeconfig, "{}", 2, "f", ".", &err));
	assert_int_equal(
		kubeconfig_look_up(kubeconfig, NULL, &access, &err), KUBECONFIG_NO_CONTEXT);
	assert_non_null(strstr(err.message, "current"));
	kubeconfig_free(kubeconfig);
	kubeconfig_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_current_context_is_the_default, load, unload),
		cmocka_unit_test_setup_teardown(inline_bytes_count_before_a_path, load, unload),
		cmocka_unit_test_setup_teardown(paths_are_relative_to_their_own_file, load, unload),
		cmocka_unit_test_setup_teardown(the_first_of_a_name_counts, load, unload),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_says_why, load, unload),
		cmocka_unit_test(what_is_no_kubeconfig_is_refused_with_its_place),
		cmocka_unit_test(an_empty_file_has_no_context),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
