// SPDX-License-Identifier: Apache-2.0
#include "relight/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct expectation nothing_special = {.within_ms = ABSENT_MS};

static void assert_verdict(enum check_kind kind, struct expectation expect, struct outcome outcome,
	enum status status, const char *message)
{
	struct verdict verdict;
	expect_judge(&expect, kind, &outcome, &verdict);
	assert_string_equal(buf_str(&verdict.message), message);
	assert_int_equal(verdict.status, status);
	verdict_fini(&verdict);
}

#define EXPECT(...)     ((struct expectation){.within_ms = ABSENT_MS, __VA_ARGS__})
#define HTTP(code, ...) ((struct outcome){.http_status = code, .latency_ms = 41, __VA_ARGS__})
#define RAN(code, ...)  ((struct outcome){.exit = code, .latency_ms = 7, __VA_ARGS__})

static void test_http_status(void **state)
{
	(void)state;
	assert_verdict(CHECK_HTTP, nothing_special, HTTP(204), STATUS_HEALTHY, "HTTP 204 in 41 ms");
	assert_verdict(
		CHECK_HTTP, nothing_special, HTTP(503), STATUS_DEGRADED, "HTTP 503 in 41 ms");
	assert_verdict(
		CHECK_HTTP, nothing_special, HTTP(404), STATUS_DEGRADED, "HTTP 404 in 41 ms");
	assert_verdict(CHECK_HTTP, EXPECT(.status = 200), HTTP(204), STATUS_DEGRADED,
		"HTTP 204 in 41 ms, expected 200");
	assert_verdict(
		CHECK_HTTP, EXPECT(.status = 503), HTTP(503), STATUS_HEALTHY, "HTTP 503 in 41 ms");
	assert_verdict(CHECK_HTTP, nothing_special,
		HTTP(301, .http_note = "redirects to https://b/"), STATUS_DEGRADED,
		"HTTP 301 in 41 ms, redirects to https://b/");
}

static void test_http_refused_credentials_are_not_the_services_fault(void **state)
{
	(void)state;
	assert_verdict(
		CHECK_HTTP, nothing_special, HTTP(403), STATUS_DEGRADED, "HTTP 403 in 41 ms");
	assert_verdict(CHECK_HTTP, nothing_special, HTTP(403, .has_credentials = true),
		STATUS_UNKNOWN, "HTTP 403 in 41 ms: the credentials of this check are refused");
	assert_verdict(CHECK_HTTP, EXPECT(.status = 403), HTTP(403, .has_credentials = true),
		STATUS_HEALTHY, "HTTP 403 in 41 ms");
}

static void test_not_asked_is_unknown(void **state)
{
	(void)state;
	struct outcome outcome = {.reach = REACH_SILENT, .why = "connection refused"};
	assert_verdict(CHECK_HTTP, nothing_special, outcome, STATUS_UNKNOWN, "connection refused");
	outcome = (struct outcome){.reach = REACH_PREVENTED, .why = "needs input backup"};
	assert_verdict(
		CHECK_COMMAND, nothing_special, outcome, STATUS_UNKNOWN, "needs input backup");
	outcome = (struct outcome){.reach = REACH_REFUSED, .why = "the certificate has expired"};
	assert_verdict(CHECK_HTTP, nothing_special, outcome, STATUS_UNKNOWN,
		"the certificate has expired");
}

static void test_silence_is_wanted(void **state)
{
	(void)state;
	struct expectation expect = EXPECT(.unreachable = true);
	struct outcome outcome = {.reach = REACH_SILENT, .why = "connection refused"};
	assert_verdict(CHECK_TCP, expect, outcome, STATUS_HEALTHY,
		"connection refused: nothing answers, as it should be");
	outcome = (struct outcome){.reach = REACH_PREVENTED, .why = "cannot resolve db"};
	assert_verdict(CHECK_TCP, expect, outcome, STATUS_UNKNOWN,
		"cannot resolve db: whether anything answers there is not known");
	outcome = (struct outcome){.reach = REACH_REFUSED, .why = "the certificate has expired"};
	assert_verdict(CHECK_HTTP, expect, outcome, STATUS_DEGRADED,
		"the certificate has expired: something answers, though nothing should");
	assert_verdict(CHECK_HTTP, expect, HTTP(200), STATUS_DEGRADED,
		"HTTP 200 in 41 ms: something answers, though nothing should");
	assert_verdict(CHECK_TCP, expect, (struct outcome){.latency_ms = 3}, STATUS_DEGRADED,
		"connected in 3 ms: something answers, though nothing should");
}

static void test_exit(void **state)
{
	(void)state;
	assert_verdict(CHECK_COMMAND, nothing_special, RAN(0), STATUS_HEALTHY, "exit 0");
	assert_verdict(CHECK_SHELL, nothing_special, RAN(3, .last_words = "lag 40k"),
		STATUS_DEGRADED, "exit 3: lag 40k");
	assert_verdict(
		CHECK_COMMAND, EXPECT(.exit = 2), RAN(0), STATUS_DEGRADED, "exit 0, expected 2");
	assert_verdict(CHECK_COMMAND, EXPECT(.exit = 2), RAN(2), STATUS_HEALTHY, "exit 2");
	assert_verdict(CHECK_COMMAND, nothing_special, RAN(127, .last_words = "sh: foo: not found"),
		STATUS_UNKNOWN, "exit 127, it cannot be run: sh: foo: not found");
	assert_verdict(CHECK_COMMAND, EXPECT(.exit = 126), RAN(126), STATUS_UNKNOWN,
		"exit 126, it cannot be run");
	assert_verdict(CHECK_COMMAND, nothing_special, RAN(0, .signal = 11), STATUS_UNKNOWN,
		"ended by signal 11");
}

static void test_contains_and_matches(void **state)
{
	(void)state;
	struct expectation expect = EXPECT(.contains = "OK");
	assert_verdict(CHECK_HTTP, expect, HTTP(200, .text = "all OK"), STATUS_HEALTHY,
		"HTTP 200 in 41 ms");
	assert_verdict(CHECK_HTTP, expect, HTTP(200, .text = "all ok"), STATUS_DEGRADED,
		"HTTP 200 in 41 ms, does not contain: OK");
	assert_verdict(CHECK_HTTP, expect, HTTP(200, .text = "a", .is_cut = true), STATUS_UNKNOWN,
		"HTTP 200 in 41 ms, does not contain: OK (the answer is too long to be read "
		"whole)");
	assert_verdict(CHECK_HTTP, expect, HTTP(200, .text = "OK", .is_cut = true), STATUS_HEALTHY,
		"HTTP 200 in 41 ms");
	expect = EXPECT(.matches = "lag [0-9]+k");
	assert_verdict(
		CHECK_COMMAND, expect, RAN(0, .text = "x\nlag 40k\n"), STATUS_HEALTHY, "exit 0");
	assert_verdict(CHECK_COMMAND, expect, RAN(0, .text = ""), STATUS_DEGRADED,
		"exit 0, does not match: lag [0-9]+k");
	assert_verdict(CHECK_COMMAND, EXPECT(.matches = "("), RAN(0, .text = ""), STATUS_UNKNOWN,
		"exit 0, it cannot be matched: Unmatched ( or \\(");
	assert_verdict(CHECK_TCP, EXPECT(.banner = "SSH-2.0"),
		(struct outcome){.latency_ms = 3, .text = "220 smtp"}, STATUS_DEGRADED,
		"connected in 3 ms, it says: 220 smtp, does not contain: SSH-2.0");
}

static void assert_jq(const char *output, enum status status, const char *message)
{
	assert_verdict(CHECK_COMMAND, EXPECT(.jq = {.text = "."}), RAN(0, .jq = {.output = output}),
		status, message);
}

static void test_jq_decides(void **state)
{
	(void)state;
	assert_jq("true", STATUS_HEALTHY, "exit 0");
	assert_jq("false", STATUS_DEGRADED, "exit 0, jq says false");
	assert_jq("null", STATUS_DEGRADED, "exit 0, jq says null");
	assert_jq("\"progressing\"", STATUS_PROGRESSING, "exit 0, jq says progressing");
	assert_jq("\"missing\"", STATUS_MISSING, "exit 0, jq says missing");
	assert_jq("\"healthy\"", STATUS_HEALTHY, "exit 0");
	assert_jq("\"unknown\"", STATUS_UNKNOWN, "exit 0, jq says unknown");
	assert_jq(
		"42", STATUS_UNKNOWN, "exit 0, jq gave neither true, false, null nor a status: 42");
	assert_jq("\"fine\"", STATUS_UNKNOWN,
		"exit 0, jq gave neither true, false, null nor a status: \"fine\"");
	assert_verdict(CHECK_COMMAND, EXPECT(.jq = {.text = "."}),
		RAN(0, .jq = {.error = "not JSON"}), STATUS_UNKNOWN, "exit 0, jq: not JSON");
	assert_verdict(CHECK_COMMAND, EXPECT(.jq = {.text = "."}),
		RAN(1, .jq = {.output = "true"}, .last_words = "no"), STATUS_DEGRADED,
		"exit 1: no");
}

static void test_jq_message_progress_expires(void **state)
{
	(void)state;
	assert_verdict(CHECK_HTTP, nothing_special, HTTP(503, .message = {.output = "\"db down\""}),
		STATUS_DEGRADED, "HTTP 503 in 41 ms: db down");
	assert_verdict(CHECK_HTTP, nothing_special, HTTP(200, .message = {.output = "[1]"}),
		STATUS_HEALTHY, "HTTP 200 in 41 ms: [1]");
	assert_verdict(CHECK_HTTP, nothing_special, HTTP(200, .message = {.error = "x"}),
		STATUS_HEALTHY, "HTTP 200 in 41 ms");
	struct outcome outcome =
		RAN(0, .progress = {.output = "{\"done\":40,\"total\":100,\"unit\":\"GB\"}"},
			.expires = {.output = "\"2026-07-03T03:05:42Z\""});
	struct verdict verdict;
	expect_judge(&nothing_special, CHECK_COMMAND, &outcome, &verdict);
	assert_true(verdict.progress.done == 40 && verdict.progress.total == 100);
	assert_string_equal(verdict.progress.unit, "GB");
	char text[WALL_TEXT_BYTES];
	wall_format(verdict.expires, text);
	assert_string_equal(text, "2026-07-03T03:05:42.000000Z");
	verdict_fini(&verdict);
	outcome = RAN(
		0, .progress = {.output = "{\"done\":\"x\"}"}, .expires = {.output = "\"soon\""});
	expect_judge(&nothing_special, CHECK_COMMAND, &outcome, &verdict);
	assert_true(verdict.progress.total == 0);
	assert_false(wall_known(verdict.expires));
	verdict_fini(&verdict);
}

static void test_within(void **state)
{
	(void)state;
	struct expectation expect = EXPECT();
	expect.within_ms = 41;
	assert_verdict(CHECK_HTTP, expect, HTTP(200), STATUS_HEALTHY, "HTTP 200 in 41 ms");
	expect.within_ms = 40;
	assert_verdict(CHECK_HTTP, expect, HTTP(200), STATUS_DEGRADED,
		"HTTP 200 in 41 ms, slower than 40ms");
}

static void test_long_words_are_cut_at_a_character(void **state)
{
	(void)state;
	char text[1001];
	for (int i = 0; i < 1000; i += 2)
		memcpy(text + i, "\xC3\xA9", 2);
	text[1000] = '\0';
	struct outcome outcome = RAN(1, .last_words = text + 0);
	struct verdict verdict;
	expect_judge(&nothing_special, CHECK_COMMAND, &outcome, &verdict);
	const char *message = buf_str(&verdict.message);
	assert_int_equal(strlen(message), strlen("exit 1: ") + 400 + 3);
	assert_string_equal(message + strlen(message) - 5, "\xC3\xA9...");
	verdict_fini(&verdict);
}

static void test_when_jq_is_wanted(void **state)
{
	(void)state;
	struct expectation expect = EXPECT(.message = {.text = "."});
	assert_true(expect_wants_jq(&expect, &(struct outcome){.text = "{}"}));
	assert_false(expect_wants_jq(&nothing_special, &(struct outcome){.text = "{}"}));
	assert_false(expect_wants_jq(&expect, &(struct outcome){.text = "{}", .is_cut = true}));
	assert_false(expect_wants_jq(&expect, &(struct outcome){.text = NULL}));
	assert_false(
		expect_wants_jq(&expect, &(struct outcome){.reach = REACH_SILENT, .text = "{}"}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_status),
		cmocka_unit_test(test_http_refused_credentials_are_not_the_services_fault),
		cmocka_unit_test(test_not_asked_is_unknown),
		cmocka_unit_test(test_silence_is_wanted),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_contains_and_matches),
		cmocka_unit_test(test_jq_decides),
		cmocka_unit_test(test_jq_message_progress_expires),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_long_words_are_cut_at_a_character),
		cmocka_unit_test(test_when_jq_is_wanted),
	};
	return cmocka_run_group_tests_name("expect", tests, NULL, NULL);
}
