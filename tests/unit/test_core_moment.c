// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/moment.h"

static void assert_wall(const char *text, const char *expected)
{
	struct wall at = {42};
	char out[WALL_TEXT_BYTES];

	if (!wall_parse(text, &at))
		fail_msg("refused %s", text);
	wall_format(at, out);
	assert_string_equal(out, expected);
}

static void test_wall_parses_rfc3339(void **state)
{
	struct wall at;

	(void)state;
	assert_wall("2026-07-03T03:05:42.123456Z", "2026-07-03T03:05:42.123456Z");
	assert_wall("2026-07-03T05:05:42.5+02:00", "2026-07-03T03:05:42.500000Z");
	assert_wall("2026-07-03T00:30:00-01:15", "2026-07-03T01:45:00.000000Z");
	assert_wall("2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000Z");
	assert_wall("2026-07-03t03:05:42.1234567899z", "2026-07-03T03:05:42.123456Z");
	assert_wall("2026-07-03 03:05:42Z", "2026-07-03T03:05:42.000000Z");
	assert_wall("2026-07-03", "2026-07-03T00:00:00.000000Z");
	assert_wall("2024-02-29", "2024-02-29T00:00:00.000000Z");
	assert_wall("2000-02-29", "2000-02-29T00:00:00.000000Z");
	assert_wall("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
	assert_wall("0000-01-01", "0000-01-01T00:00:00.000000Z");
	assert_wall("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
	assert_true(wall_parse("2026-07-03T03:05:42Z", &at));
	assert_true(at.us == 1783047942000000);
}

static void test_wall_refuses(void **state)
{
	static const char *const cases[] = {"", "2026", "2026-13-01", "2026-00-01", "2026-02-29",
		"1900-02-29", "2026-07-32", "2026-07-03T", "2026-07-03T03:05Z",
		"2026-07-03T03:05:42", "2026-07-03T24:00:00Z", "2026-07-03T03:60:00Z",
		"2026-07-03T03:05:61Z", "2026-07-03T03:05:42.Z", "2026-07-03T03:05:42+0200",
		"2026-07-03T03:05:42+24:00", "2026-07-03T03:05:42Zx", "2026-7-03", " 2026-07-03",
		"2026-07-03x", "-026-07-03", "0000-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wall at = {42};

		if (wall_parse(cases[i], &at))
			fail_msg("accepted %s", cases[i]);
		assert_true(at.us == 42);
	}
	assert_false(wall_parse(NULL, &(struct wall){0}));
}

static void test_wall_agrees_with_itself_over_centuries(void **state)
{
	(void)state;
	// Every 13 days and a bit, through all leap rules.
	for (int64_t us = -62167219200000000; us < 253402300800000000; us += 1123456789012) {
		char text[WALL_TEXT_BYTES];
		struct wall back;

		wall_format((struct wall){us}, text);
		assert_true(wall_parse(text, &back));
		assert_true(back.us == us);
	}
}

static void test_wall_out_of_range(void **state)
{
	char text[WALL_TEXT_BYTES] = "x", clock[16] = "x";

	(void)state;
	wall_format(WALL_NONE, text);
	assert_string_equal(text, "");
	wall_format((struct wall){INT64_MAX}, text);
	assert_string_equal(text, "");
	wall_format((struct wall){253402300800000000}, text);
	assert_string_equal(text, "");
	wall_clock(WALL_NONE, true, clock);
	assert_string_equal(clock, "");
	wall_clock((struct wall){-1}, true, clock);
	assert_string_equal(clock, "23:59:59");
	wall_clock((struct wall){1783047942000000}, false, clock);
	assert_string_equal(clock, "03:05");
}

static void test_duration_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; // -1: refused
	} cases[] = {
		{"0s", 0},
		{"90s", 90000},
		{"1h30m", 5400000},
		{"15m", 900000},
		{"7d", 604800000},
		{"250ms", 250},
		{"1m250ms", 60250},
		{"1d2h3m4s5ms", 93784005},
		{"36525d", 3155760000000},
		{"", -1},
		{"5", -1},
		{"s", -1},
		{"-5s", -1},
		{"1.5h", -1},
		{"1m1h", -1},
		{"1m1m", -1},
		{"1ms1s", -1},
		{"5 s", -1},
		{"5S", -1},
		{"5w", -1},
		{"5sm", -1},
		{"5ss", -1},
		{"36526d", -1},
		{"36525d1ms", -1},
		{"99999999999999999999s", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = -1;
		bool is_read = duration_parse(cases[i].text, &ms);

		if (is_read != (cases[i].ms >= 0) || ms != cases[i].ms)
			fail_msg("%s: %lld", cases[i].text, (long long)ms);
	}
	assert_false(duration_parse(NULL, &(int64_t){0}));
}

static void test_duration_words(void **state)
{
	static const struct {
		int64_t ms;
		const char *full, *clock, *brief;
	} cases[] = {
		{0, "0s", "0:00", "0s"},
		{1, "1ms", "0:00", "0s"},
		{-400, "-400ms", "0:00", "0s"},
		{7000, "7s", "0:07", "7s"},
		{7500, "7s500ms", "0:07", "8s"},
		{59600, "59s600ms", "0:59", "1m"},
		{90000, "1m30s", "1:30", "2m"},
		{1122000, "18m42s", "18:42", "19m"},
		{5400000, "1h30m", "1:30:00", "2h"},
		{13278000, "3h41m18s", "3:41:18", "4h"},
		{129600000, "1d12h", "36:00:00", "36h"},
		{777600000, "9d", "216:00:00", "9d"},
		{-13278000, "-3h41m18s", "-3:41:18", "-4h"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[DURATION_TEXT_BYTES];
		int64_t back;

		duration_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].full);
		if (cases[i].ms >= 0) {
			assert_true(duration_parse(text, &back));
			assert_true(back == cases[i].ms);
		}
		duration_clock(cases[i].ms, text);
		assert_string_equal(text, cases[i].clock);
		duration_short(cases[i].ms, text);
		assert_string_equal(text, cases[i].brief);
	}
}

static void test_duration_extremes(void **state)
{
	char text[DURATION_TEXT_BYTES];

	(void)state;
	duration_format(INT64_MIN, text);
	assert_string_equal(text, "-106751991167d7h12m55s808ms");
	duration_clock(INT64_MIN, text);
	assert_string_equal(text, "-2562047788015:12:55");
	duration_short(INT64_MAX, text);
	assert_string_equal(text, "106751991167d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wall_parses_rfc3339),
		cmocka_unit_test(test_wall_refuses),
		cmocka_unit_test(test_wall_agrees_with_itself_over_centuries),
		cmocka_unit_test(test_wall_out_of_range),
		cmocka_unit_test(test_duration_parse),
		cmocka_unit_test(test_duration_words),
		cmocka_unit_test(test_duration_extremes),
	};

	return cmocka_run_group_tests_name("core_moment", tests, NULL, NULL);
}
