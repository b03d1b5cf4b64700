// SPDX-License-Identifier: Apache-2.0
#include "relight/exec_credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V1           "client.authentication.k8s.io/v1"
#define SAID(STATUS) "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":" STATUS "}"
#define CERT_AND_KEY "\"clientCertificateData\":\"CERT\",\"clientKeyData\":\"KEY\""

static bool take(const char *text, struct credentials *credentials, struct err *err)
{
	*credentials = (struct credentials){.expires = WALL_NONE};
	*err = (struct err){0};
	return exec_credential_read(text, strlen(text), V1, credentials, err);
}

static void what_it_gives_is_taken(void **state)
{
	struct credentials credentials;
	struct err err;
	char expires[WALL_TEXT_BYTES];

	(void)state;
	assert_true(take(SAID("{\"token\":\"T0ken\"}"), &credentials, &err));
	assert_string_equal(credentials.token, "T0ken");
	assert_null(credentials.cert);
	assert_null(credentials.key);
	assert_false(wall_known(credentials.expires));
	credentials_wipe(&credentials);
	assert_null(credentials.token);

	assert_true(take(SAID("{\"token\":\"\"," CERT_AND_KEY
			      ",\"expirationTimestamp\":\"2026-07-03T03:05:42Z\"}"),
		&credentials, &err));
	assert_null(credentials.token);
	assert_string_equal(credentials.cert, "CERT");
	assert_string_equal(credentials.key, "KEY");
	wall_format(credentials.expires, expires);
	assert_string_equal(expires, "2026-07-03T03:05:42.000000Z");
	credentials_wipe(&credentials);
	assert_false(wall_known(credentials.expires));
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} refused[] = {
		{"", "what it printed is no JSON"},
		{"Please sign in: hunter2", "what it printed is no JSON"},
		{"[]", "what it printed is no ExecCredential"},
		{"{\"kind\":\"Secret\"}", "what it printed is no ExecCredential"},
		{"{\"kind\":\"ExecCredential\"}",
			"it speaks no apiVersion, the kubeconfig wants " V1},
		{"{\"kind\":\"ExecCredential\",\"apiVersion\":\"v0\",\"status\":{\"token\":\"t\"}}",
			"it speaks v0, the kubeconfig wants " V1},
		{SAID("null"), "it gave neither a token nor a certificate"},
		{SAID("{\"token\":7}"), "it gave neither a token nor a certificate"},
		{SAID("{\"token\":\"\"}"), "it gave neither a token nor a certificate"},
		{SAID("{\"clientKeyData\":\"KEY\"}"),
			"it gave a certificate or a key without the other"},
		{SAID("{\"token\":\"t\",\"clientCertificateData\":\"CERT\"}"),
			"it gave a certificate or a key without the other"},
		{SAID("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}"),
			"its expirationTimestamp is no time: soon"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct credentials credentials;
		struct err err;

		assert_false(take(refused[i].text, &credentials, &err));
		assert_string_equal(err.message, refused[i].why);
		credentials_wipe(&credentials);
	}
}

// What is refused may be a secret all the same, and must be known to be masked.
static void what_is_refused_is_given_back(void **state)
{
	struct credentials credentials;
	struct err err;

	(void)state;
	assert_false(take(SAID("{\"token\":\"T0ken\",\"expirationTimestamp\":\"T0ken\"}"),
		&credentials, &err));
	assert_string_equal(credentials.token, "T0ken");
	credentials_wipe(&credentials);
}

static void it_is_told_the_cluster_where_it_wants_it(void **state)
{
	struct kubeconfig_exec exec = {.api_version = V1, .wants_cluster = true};
	static const char without[] =
		"KUBERNETES_EXEC_INFO={\"apiVersion\":\"" V1
		"\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}";
	static const char with[] =
		"KUBERNETES_EXEC_INFO={\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\","
		"\"spec\":{\"interactive\":false,\"cluster\":{\"server\":\"https://x\"}}}";

	(void)state;
	char *info = exec_credential_info(&exec, "{\"server\":\"https://x\"}");
	assert_string_equal(info, with);
	free(info);
	info = exec_credential_info(&exec, NULL);
	assert_string_equal(info, without);
	free(info);
	exec.wants_cluster = false;
	info = exec_credential_info(&exec, "{\"server\":\"https://x\"}");
	assert_string_equal(info, without);
	free(info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_gives_is_taken),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(what_is_refused_is_given_back),
		cmocka_unit_test(it_is_told_the_cluster_where_it_wants_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
