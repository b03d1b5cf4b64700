// SPDX-License-Identifier: Apache-2.0
#include "relight/kubernetes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/kubeconfig_files.h"

// What needs no server: kubeconfigs that come, change and go. The rest is in tests/kubernetes.

static const char certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBhTCCASugAwIBAgIUQlM39nlzYw+x24d/XgUxIfq75ncwCgYIKoZIzj0EAwIw\n"
	"FzEVMBMGA1UEAwwMcmVsaWdodC10ZXN0MCAXDTI2MTEyMjEyMTcxNVoYDzIxMjYx\n"
	"MDI5MTIxNzE1WjAXMRUwEwYDVQQDDAxyZWxpZ2h0LXRlc3QwWTATBgcqhkjOPQIB\n"
	"BggqhkjOPQMBBwNCAAT34vG7Q40mSJlzWEKTGLi5u+UgNKDMPCl1mRVliPd1W8fa\n"
	"zq29L5SPOx8oMSfskUMh0c0ekbLz5I2phXKQ8tmko1MwUTAdBgNVHQ4EFgQUCcnU\n"
	"WxYZix7vSid+RG8fyLopBwswHwYDVR0jBBgwFoAUCcnUWxYZix7vSid+RG8fyLop\n"
	"BwswDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiACB16ExYOBtmA1\n"
	"AO9aOUi/2kBOSNfGFT2ANr42GI44vgIhAOmjrPBAvaF2Ryz4UosaVXUXpf5qFs4M\n"
	"Ujb/AV1t02VY\n"
	"-----END CERTIFICATE-----\n";
#define CERTIFICATE_SHA256 "cddfda84690eb55c9f3369b7148222d0b0e894962472c9a3ed35d81a86b7670f"

struct scene {
	char folder[64], config[96];
	uv_loop_t loop;
	struct kubernetes *kubernetes;
};

static void write_file(const struct scene *scene, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", scene->folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const struct scene *scene, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", scene->folder, name);
	unlink(path);
}

static void write_config(const struct scene *scene, const char *server, const char *user)
{
	char text[1024];

	snprintf(text, sizeof text,
		"current-context: a\n"
		"clusters: [{name: c, cluster: {server: '%s', certificate-authority: ca.crt}}]\n"
		"users: [{name: u, user: %s}]\n"
		"contexts: [{name: a, context: {cluster: c, user: u, namespace: shop}}]\n",
		server, user);
	write_file(scene, "config", text);
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	assert_non_null(scene);
	strcpy(scene->folder, "/tmp/relight-kubernetes-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->config, sizeof scene->config, "%s/config", scene->folder);
	uv_loop_init(&scene->loop);
	scene->kubernetes = kubernetes_new(&scene->loop, NULL);
	write_file(scene, "ca.crt", certificate);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	static const char *const files[] = {"config", "second", "ca.crt", "key", "fifo"};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		remove_file(scene, files[i]);
	rmdir(scene->folder);
	kubernetes_free(scene->kubernetes);
	kubernetes_free(NULL);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	free(scene);
	return 0;
}

static void expect_open(
	struct scene *scene, const char *context, enum status status, const char *says)
{
	struct err err = {0};
	enum status got = kubernetes_open(scene->kubernetes, scene->config, context, &err);

	if (got != status || !strstr(err.message, says))
		fail_msg("%s: %s, wanted %s: %s", status_word(got), err.message,
			status_word(status), says);
}

static void what_is_not_there_yet_is_missing(void **state)
{
	struct scene *scene = *state;

	expect_open(scene, NULL, STATUS_MISSING, "config: is not there");
	write_config(scene, "https://127.0.0.1:6443", "{token: t}");
	expect_open(scene, "b", STATUS_MISSING, "there is no context b");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	assert_string_equal(kubernetes_endpoint(scene->kubernetes), "https://127.0.0.1:6443");
	assert_string_equal(kubernetes_namespace(scene->kubernetes), "shop");
	remove_file(scene, "config");
	expect_open(scene, NULL, STATUS_MISSING, "is not there");
}

static void what_cannot_be_used_is_unknown(void **state)
{
	struct scene *scene = *state;

	write_file(scene, "config", "a: [\n");
	expect_open(scene, NULL, STATUS_UNKNOWN, "config:");
	write_config(scene, "https://x", "{exec: {command: aws}}");
	expect_open(scene, NULL, STATUS_UNKNOWN, "apiVersion is absent");
	write_config(scene, "https://x", "{client-certificate: ca.crt, client-key: key}");
	expect_open(scene, NULL, STATUS_UNKNOWN, "key: No such file");
	write_file(scene, "key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
	expect_open(scene, NULL, STATUS_UNKNOWN, "encrypted");
	write_file(scene, "ca.crt", "no certificate\n");
	write_config(scene, "https://x", "{token: t}");
	expect_open(scene, NULL, STATUS_UNKNOWN, "holds no certificate");
}

static void what_would_block_is_refused(void **state)
{
	struct scene *scene = *state;
	char path[128];

	snprintf(path, sizeof path, "%s/fifo", scene->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rename(path, scene->config), 0);
	expect_open(scene, NULL, STATUS_UNKNOWN, "config");
	assert_int_equal(unlink(scene->config), 0);
	assert_int_equal(mkdir(scene->config, 0700), 0);
	expect_open(scene, NULL, STATUS_UNKNOWN, "config");
	assert_int_equal(rmdir(scene->config), 0);
}

static void on_confided(void *context, const char *name, const char *value)
{
	snprintf(context, 64, "%s=%s", name, value);
}

static void what_a_url_carries_is_a_secret(void **state)
{
	struct scene *scene = *state;
	char told[64] = "";

	kubernetes_confide(scene->kubernetes, on_confided, told);
	write_config(scene, "https://ana:S3cret%40@api.example.com", "{}");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	assert_string_equal(
		kubernetes_endpoint(scene->kubernetes), "https://[masked]@api.example.com");
	assert_string_equal(told, "password=S3cret@");
}

static void a_change_is_seen_the_next_time(void **state)
{
	struct scene *scene = *state;

	write_config(scene, "https://one", "{token: t}");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	assert_string_equal(kubernetes_endpoint(scene->kubernetes), "https://one");
	write_config(scene, "https://another", "{token: t}");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	assert_string_equal(kubernetes_endpoint(scene->kubernetes), "https://another");
	// Of a file that it names, too.
	remove_file(scene, "ca.crt");
	expect_open(scene, NULL, STATUS_UNKNOWN, "ca.crt");
	write_file(scene, "ca.crt", certificate);
	expect_open(scene, NULL, STATUS_HEALTHY, "");
}

static void of_a_list_the_first_counts(void **state)
{
	struct scene *scene = *state;
	char list[256];
	struct err err = {0};

	write_file(scene, "second",
		"current-context: b\nclusters: [{name: d, cluster: {server: 'https://second'}}]\n"
		"contexts: [{name: b, context: {cluster: d, user: u}}]\n");
	write_config(scene, "https://first", "{token: t}");
	snprintf(list, sizeof list, "%s/gone:%s:%s/second", scene->folder, scene->config,
		scene->folder);
	setenv("KUBECONFIG", list, 1);
	assert_int_equal(kubernetes_open(scene->kubernetes, NULL, NULL, &err), STATUS_HEALTHY);
	assert_string_equal(kubernetes_endpoint(scene->kubernetes), "https://first");
	assert_int_equal(kubernetes_open(scene->kubernetes, NULL, "b", &err), STATUS_HEALTHY);
	assert_string_equal(kubernetes_endpoint(scene->kubernetes), "https://second");
	assert_string_equal(kubernetes_namespace(scene->kubernetes), "default");
	unsetenv("KUBECONFIG");
	setenv("HOME", scene->folder, 1);
	assert_int_equal(kubernetes_open(scene->kubernetes, NULL, NULL, &err), STATUS_MISSING);
	assert_non_null(strstr(err.message, "/.kube/config"));
	unsetenv("HOME");
	assert_int_equal(kubernetes_open(scene->kubernetes, NULL, NULL, &err), STATUS_MISSING);
	assert_non_null(strstr(err.message, "neither KUBECONFIG nor HOME"));
}

static void answer_identity(struct scene *scene, int http_status, const char *body, bool is_news)
{
	struct http_answer answer = {.reach = REACH_ANSWERED,
		.status = http_status,
		.body = body,
		.length = strlen(body)};

	kubernetes_identity_begin(scene->kubernetes);
	assert_int_equal(kubernetes_identity_end(scene->kubernetes, &answer), is_news);
}

#define NAMESPACE(uid) "{\"metadata\":{\"uid\":\"" uid "\"}}"

static void expect_current(const char *kubeconfig, const char *wanted)
{
	char *current = kubeconfig_current_context(kubeconfig);

	if (!wanted)
		assert_null(current);
	else
		assert_string_equal(current, wanted);
	free(current);
}

static void the_current_context_is_the_first_one_named(void **state)
{
	struct scene *scene = *state;
	char paths[256];

	expect_current(scene->config, NULL);
	write_file(scene, "config", "contexts: []\n");
	expect_current(scene->config, NULL);
	write_file(scene, "second", "current-context: dr-apse3\n");
	snprintf(paths, sizeof paths, "%s:%s/none:%s/second", scene->config, scene->folder,
		scene->folder);
	setenv("KUBECONFIG", paths, 1);
	expect_current(NULL, "dr-apse3");
	write_config(scene, "https://one", "{token: t}");
	expect_current(NULL, "a");
	expect_current(scene->config, "a");
	unsetenv("KUBECONFIG");
	setenv("HOME", scene->folder, 1);
	expect_current(NULL, NULL);
	write_file(scene, "config", "just text\n");
	expect_current(scene->config, NULL);
}

static void a_fingerprint_is_told_once_and_when_it_changes(void **state)
{
	struct scene *scene = *state;

	write_config(scene, "https://one", "{token: t}");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	assert_true(kubernetes_identity_due(scene->kubernetes, 10000));
	answer_identity(scene, 401, "{}", false);
	answer_identity(scene, 500, "", false);
	assert_true(kubernetes_identity_due(scene->kubernetes, 10000));
	answer_identity(scene, 200, NAMESPACE("u1"), true);
	assert_false(kubernetes_identity_due(scene->kubernetes, 10000));
	answer_identity(scene, 200, NAMESPACE("u1"), false);
	answer_identity(scene, 403, "{}", false);
	assert_string_equal(kubernetes_uid(scene->kubernetes), "u1");
	cJSON *fingerprint = kubernetes_fingerprint(scene->kubernetes);
	assert_string_equal(json_text(fingerprint, "uid"), "u1");
	assert_string_equal(json_text(fingerprint, "ca_sha256"), CERTIFICATE_SHA256);
	cJSON_Delete(fingerprint);
	answer_identity(scene, 200, NAMESPACE("u2"), true);
}

static void an_answer_of_the_context_before_tells_nothing(void **state)
{
	struct scene *scene = *state;
	struct http_answer answer = {.reach = REACH_ANSWERED,
		.status = 200,
		.body = NAMESPACE("old"),
		.length = strlen(NAMESPACE("old"))};

	write_config(scene, "https://one", "{token: t}");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	kubernetes_identity_begin(scene->kubernetes);
	write_config(scene, "https://two", "{token: t}");
	expect_open(scene, NULL, STATUS_HEALTHY, "");
	assert_false(kubernetes_identity_end(scene->kubernetes, &answer));
	assert_null(kubernetes_uid(scene->kubernetes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_there_yet_is_missing, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_used_is_unknown, begin, end),
		cmocka_unit_test_setup_teardown(what_would_block_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(what_a_url_carries_is_a_secret, begin, end),
		cmocka_unit_test_setup_teardown(a_change_is_seen_the_next_time, begin, end),
		cmocka_unit_test_setup_teardown(of_a_list_the_first_counts, begin, end),
		cmocka_unit_test_setup_teardown(
			the_current_context_is_the_first_one_named, begin, end),
		cmocka_unit_test_setup_teardown(
			a_fingerprint_is_told_once_and_when_it_changes, begin, end),
		cmocka_unit_test_setup_teardown(
			an_answer_of_the_context_before_tells_nothing, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
