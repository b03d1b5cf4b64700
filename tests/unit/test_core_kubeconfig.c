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
	"- name: bare\n"
	"  cluster: {server: 'x:8080'}\n"
	"- name: bare-tls\n"
	"  cluster: {server: 'x', insecure-skip-tls-verify: true}\n"
	"- name: proxied\n"
	"  cluster: {server: 'https://x', proxy-url: 'socks5://127.0.0.1:1080', extensions: [\n"
	"    {name: other, extension: 1},\n"
	"    {name: client.authentication.k8s.io/exec, extension: {audience: 7}}]}\n"
	"- name: odd-proxy\n"
	"  cluster: {server: 'https://x', proxy-url: 'ftp://x'}\n"
	"- name: both-ways\n"
	"  cluster: {server: 'https://x', certificate-authority: ca.crt, "
	"insecure-skip-tls-verify: true}\n"
	"- name: file\n"
	"  cluster: {server: 'file:///etc/passwd'}\n"
	"- name: blind\n"
	"  cluster: {server: 'https://x', insecure-skip-tls-verify: Yes}\n"
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
	"  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/aws, "
	"args: [eks, get-token], env: [{name: AWS_PROFILE, value: dr}, {name: EMPTY}],\n"
	"    installHint: install it, provideClusterInfo: true, interactiveMode: Always}}\n"
	"- name: cloud-path\n"
	"  user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws}}\n"
	"- name: cloud-old\n"
	"  user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}}\n"
	"- name: cloud-nothing\n"
	"  user: {exec: {apiVersion: client.authentication.k8s.io/v1}}\n"
	"- name: cloud-token\n"
	"  user: {token: t, exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}}\n"
	"- name: basic\n"
	"  user: {username: ana, password: pw}\n"
	"- name: two-ways\n"
	"  user: {username: ana, password: pw, token: t}\n"
	"- name: provider\n"
	"  user: {auth-provider: {name: gcp}}\n"
	"- name: actor\n"
	"  user: {token: t, as: bob, as-uid: '7', as-groups: [a, b], as-user-extra: {scopes: [x, "
	"y]}}\n"
	"- name: half-actor\n"
	"  user: {token: t, as-groups: [a]}\n"
	"contexts:\n"
	"- name: prod\n"
	"  context: {cluster: prod, user: admin, namespace: shop}\n"
	"- {name: view, context: {cluster: relative, user: viewer}}\n"
	"- {name: half, context: {cluster: prod, user: half}}\n"
	"- {name: garbled, context: {cluster: prod, user: garbled}}\n"
	"- {name: cloud, context: {cluster: prod, user: cloud}}\n"
	"- {name: plain, context: {cluster: plain, user: viewer}}\n"
	"- {name: bare, context: {cluster: blind, cluster: bare}}\n"
	"- {name: bare-cert, context: {cluster: bare, user: admin}}\n"
	"- {name: bare-tls, context: {cluster: bare-tls}}\n"
	"- {name: proxied, context: {cluster: proxied, user: cloud}}\n"
	"- {name: odd-proxy, context: {cluster: odd-proxy}}\n"
	"- {name: both-ways, context: {cluster: both-ways}}\n"
	"- {name: file, context: {cluster: file}}\n"
	"- {name: cloud-path, context: {cluster: prod, user: cloud-path}}\n"
	"- {name: cloud-old, context: {cluster: prod, user: cloud-old}}\n"
	"- {name: cloud-nothing, context: {cluster: prod, user: cloud-nothing}}\n"
	"- {name: cloud-token, context: {cluster: prod, user: cloud-token}}\n"
	"- {name: basic, context: {cluster: prod, user: basic}}\n"
	"- {name: two-ways, context: {cluster: prod, user: two-ways}}\n"
	"- {name: provider, context: {cluster: prod, user: provider}}\n"
	"- {name: actor, context: {cluster: prod, user: actor}}\n"
	"- {name: half-actor, context: {cluster: prod, user: half-actor}}\n"
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
		{"plain", KUBECONFIG_FOUND, ""},
		{"odd-proxy", KUBECONFIG_BROKEN, "proxy-url: ftp://x is no http"},
		{"both-ways", KUBECONFIG_BROKEN, "only one of them"},
		{"file", KUBECONFIG_BROKEN, "file:///etc/passwd is no http or https URL"},
		{"cloud-old", KUBECONFIG_BROKEN, "v1alpha1: only"},
		{"cloud-nothing", KUBECONFIG_BROKEN, "has no command"},
		{"two-ways", KUBECONFIG_BROKEN, "a token and a username"},
		{"provider", KUBECONFIG_BROKEN, "auth-provider"},
		{"half-actor", KUBECONFIG_BROKEN, "need as"},
		{"half", KUBECONFIG_BROKEN, "without the client key"},
		{"garbled", KUBECONFIG_BROKEN, "base64"},
		{"blind", KUBECONFIG_FOUND, ""},
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

static struct kubeconfig_access access_of(void **state, const char *context)
{
	struct kubeconfig_access access;
	struct err err = {0};

	if (kubeconfig_look_up(*state, context, &access, &err) != KUBECONFIG_FOUND)
		fail_msg("%s: %s", context, err.message);
	return access;
}

static void who_answers_is_believed_only_where_it_says_so(void **state)
{
	assert_true(access_of(state, "blind").is_insecure);
	assert_true(access_of(state, "plain").is_insecure);
	assert_false(access_of(state, "seeing").is_insecure);
	assert_false(access_of(state, "prod").is_insecure);
	assert_string_equal(access_of(state, "bare").server, "http://x:8080");
	assert_string_equal(access_of(state, "bare-tls").server, "https://x");
	assert_string_equal(access_of(state, "bare-cert").server, "https://x:8080");
	assert_string_equal(access_of(state, "proxied").proxy, "socks5://127.0.0.1:1080");
	assert_null(access_of(state, "seeing").proxy);
}

static void a_plugin_is_found_beside_its_kubeconfig_or_in_the_path(void **state)
{
	struct kubeconfig_access access = access_of(state, "proxied");

	assert_string_equal(access.exec->command, "/home/a/bin/aws");
	assert_string_equal(access.exec->args[1], "get-token");
	assert_null(access.exec->args[2]);
	assert_int_equal(access.exec->env_count, 2);
	assert_string_equal(access.exec->env[0].value, "dr");
	assert_string_equal(access.exec->env[1].value, "");
	assert_string_equal(access.exec->config, "{\"audience\":7}");
	assert_true(access.exec->wants_cluster && access.exec->is_always_interactive);
	access = access_of(state, "cloud-path");
	assert_string_equal(access.exec->command, "aws");
	assert_false(access.exec->wants_cluster || access.exec->is_always_interactive);
	assert_null(access.exec->config);
	assert_null(access_of(state, "cloud-token").exec);
}

static void users_by_name_and_those_they_act_as(void **state)
{
	static const char *const as[][2] = {{"User", "bob"}, {"Uid", "7"}, {"Group", "a"},
		{"Group", "b"}, {"Extra-scopes", "x"}, {"Extra-scopes", "y"}};
	struct kubeconfig_access access = access_of(state, "actor");

	assert_int_equal(access.as_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(access.as[i].name, as[i][0]);
		assert_string_equal(access.as[i].value, as[i][1]);
	}
	access = access_of(state, "basic");
	assert_string_equal(access.user, "ana");
	assert_string_equal(access.password, "pw");
	assert_int_equal(access.as_count, 0);
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

static void a_file_is_read_as_kubectl_reads_it(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "# nothing\n\n", "---\n---\ncurrent-context: no\n",
		"\xef\xbb\xbf" // as editors on Windows begin a file
		"current-context: a\n"
		"clusters: [{name: c, cluster: {server: 'https://h/base?x=1#y'}}]\n"
		"contexts: [{name: a, context: {cluster: c}}]\n"
		"---\nanother: document\n..]"};
	struct kubeconfig *kubeconfig = kubeconfig_new();
	struct kubeconfig_access access;
	struct err err = {0};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!kubeconfig_add(kubeconfig, texts[i], strlen(texts[i]), "f", ".", &err))
			fail_msg("file %zu: %s: %s", i, err.place, err.message);
	assert_int_equal(kubeconfig_look_up(kubeconfig, NULL, &access, &err), KUBECONFIG_FOUND);
	assert_string_equal(access.context, "a");
	assert_string_equal(access.server, "https://h/base");
	kubeconfig_free(kubeconfig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_current_context_is_the_default, load, unload),
		cmocka_unit_test_setup_teardown(inline_bytes_count_before_a_path, load, unload),
		cmocka_unit_test_setup_teardown(paths_are_relative_to_their_own_file, load, unload),
		cmocka_unit_test_setup_teardown(the_first_of_a_name_counts, load, unload),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_says_why, load, unload),
		cmocka_unit_test_setup_teardown(
			who_answers_is_believed_only_where_it_says_so, load, unload),
		cmocka_unit_test_setup_teardown(
			a_plugin_is_found_beside_its_kubeconfig_or_in_the_path, load, unload),
		cmocka_unit_test_setup_teardown(users_by_name_and_those_they_act_as, load, unload),
		cmocka_unit_test(what_is_no_kubeconfig_is_refused_with_its_place),
		cmocka_unit_test(an_empty_file_has_no_context),
		cmocka_unit_test(a_file_is_read_as_kubectl_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
