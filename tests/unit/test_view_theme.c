// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/grid.h"
#include "relight/theme.h"

static bool load(struct theme *theme, const char *text, struct buf *said)
{
	struct diags diags = {.file = "x.yaml"};
	bool is_loaded = theme_load(theme, text, strlen(text), &diags);
	assert_int_equal(diags.errors == 0, is_loaded);
	diags_print(&diags, said);
	diags_fini(&diags);
	return is_loaded;
}

static void assert_refused(const char *text, const char *reason)
{
	struct theme theme;
	struct buf said = {0};
	theme_plain(&theme);
	assert_false(load(&theme, text, &said));
	if (!strstr(buf_str(&said), reason))
		fail_msg("theme: expected \"%s\" in:\n%s", reason, buf_str(&said));
	assert_string_equal(theme.name, "plain"); // untouched
	buf_fini(&said);
}

static void test_bundled_themes_load(void **state)
{
	static const char *const names[] = {"default", "light", "high-contrast", "mono"};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		char text[16384];
		struct buf said = {0};
		struct theme theme;
		snprintf(path, sizeof(path), "themes/%s.yaml", names[i]);
		FILE *file = fopen(path, "r");
		assert_non_null(file);
		size_t length = fread(text, 1, sizeof(text) - 1, file);
		text[length] = '\0';
		fclose(file);
		if (!load(&theme, text, &said))
			fail_msg("%s", buf_str(&said));
		assert_string_equal(theme.name, names[i]);
		assert_true(theme.title[0] != '\0');
		buf_fini(&said);
	}
}

static double channel(int value)
{
	double c = value / 255.0;
	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

// Relative luminance as WCAG 2 defines it, of a colour of the cube or the greys.
static double luminance(int colour)
{
	static const int cube[] = {0, 95, 135, 175, 215, 255};
	if (colour >= 232)
		return channel(8 + (colour - 232) * 10);
	colour -= 16;
	return 0.2126 * channel(cube[colour / 36]) + 0.7152 * channel(cube[colour / 6 % 6]) +
	       0.0722 * channel(cube[colour % 6]);
}

// Nobody says what background a terminal has: the default theme must be readable on black and on
// white.
static void test_default_theme_reads_on_dark_and_light(void **state)
{
	char text[16384];
	struct buf said = {0};
	struct theme theme;
	(void)state;
	FILE *file = fopen("themes/default.yaml", "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_true(load(&theme, text, &said));
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct look look = theme_look(&theme, (enum role)role, 256);
		if (look.fg == COLOUR_OWN || look.bg != COLOUR_OWN)
			continue;
		assert_true(look.fg >= 16);
		double on_black = (luminance(look.fg) + 0.05) / 0.05;
		double on_white = 1.05 / (luminance(look.fg) + 0.05);
		if (on_black < 3.8 || on_white < 3.8)
			fail_msg("%s: colour %d: contrast %.1f on black, %.1f on white",
				role_word((enum role)role), look.fg, on_black, on_white);
	}
	buf_fini(&said);
}

// Without colours what matters must differ from plain text by its attributes alone.
static void test_without_colours_what_matters_stands_out(void **state)
{
	static const enum role roles[] = {ROLE_BAD, ROLE_WARN, ROLE_READY, ROLE_SELECTED,
		ROLE_MODE_LIVE, ROLE_MODE_DRILL, ROLE_MARK, ROLE_KEY};
	struct theme theme;
	(void)state;
	theme_plain(&theme);
	assert_int_equal(theme_look(&theme, ROLE_NORMAL, 0).attributes, 0);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct look look = theme_look(&theme, roles[i], 0);
		assert_int_not_equal(look.attributes, 0);
		assert_int_equal(look.fg, COLOUR_OWN);
		assert_int_equal(look.bg, COLOUR_OWN);
	}
}

static void test_colours_of_each_palette(void **state)
{
	struct theme theme;
	struct buf said = {0};
	(void)state;
	assert_true(load(&theme,
		"theme: 1\nname: x\nroles:\n"
		"  bad: {fg: 196, bg: bright-blue, attributes: [bold, underline], plain: "
		"[reverse]}\n"
		"  warn: {fg: 208, fg16: bright-yellow, fg8: 3}\n"
		"  good: {fg: 244}\n",
		&said));
	struct look look = theme_look(&theme, ROLE_BAD, 256);
	assert_int_equal(look.fg, 196);
	assert_int_equal(look.bg, 12);
	assert_int_equal(look.attributes, LOOK_BOLD | LOOK_UNDERLINE);
	look = theme_look(&theme, ROLE_BAD, 16); // the nearest ones
	assert_int_equal(look.fg, 9);
	assert_int_equal(look.bg, 12);
	look = theme_look(&theme, ROLE_BAD, 8);
	assert_int_equal(look.fg, 1);
	assert_int_equal(look.bg, 4);
	assert_int_equal(theme_look(&theme, ROLE_BAD, 0).attributes, LOOK_REVERSE);
	assert_int_equal(theme_look(&theme, ROLE_BAD, 0).fg, COLOUR_OWN);
	look = theme_look(&theme, ROLE_WARN, 16);
	assert_int_equal(look.fg, 11);
	assert_int_equal(theme_look(&theme, ROLE_WARN, 8).fg, 3);
	assert_int_equal(theme_look(&theme, ROLE_GOOD, 16).fg, 8); // a grey
	assert_int_equal(theme_look(&theme, ROLE_DIM, 256).fg, COLOUR_OWN);
	buf_fini(&said);
}

static void test_roles_take_after_normal(void **state)
{
	struct theme theme;
	struct buf said = {0};
	(void)state;
	assert_true(load(
		&theme, "theme: 1\nroles: {dim: {fg: red}, normal: {fg: 231, bg: 16}}\n", &said));
	assert_int_equal(theme_look(&theme, ROLE_TITLE, 256).bg, 16);
	assert_int_equal(theme_look(&theme, ROLE_TITLE, 256).fg, 231);
	assert_int_equal(theme_look(&theme, ROLE_DIM, 256).fg, 1);
	assert_int_equal(theme_look(&theme, ROLE_DIM, 256).bg, 16);
	buf_fini(&said);
}

static void test_what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	assert_refused("theme: 2\n", "x.yaml:1:8");
	assert_refused("- a\n", "must be a mapping");
	assert_refused("theme: 1\nrols: {}\n", "did you mean");
	assert_refused("theme: 1\nroles:\n  bat: {fg: red}\n", "x.yaml:3:3");
	assert_refused("theme: 1\nroles:\n  bad: {fg: rad}\n", "did you mean");
	assert_refused("theme: 1\nroles:\n  bad: {fg: 256}\n", "from 0 to 255");
	assert_refused("theme: 1\nroles:\n  bad: {fg8: 9}\n", "from 0 to 7");
	assert_refused("theme: 1\nroles:\n  bad: {fg: [1]}\n", "colour");
	assert_refused("theme: 1\nroles:\n  bad: {attributes: bold}\n", "must be a list");
	assert_refused("theme: 1\nroles:\n  bad: {attributes: [loud]}\n", "may be bold");
	assert_refused("theme: 1\nroles:\n  bad: red\n", "must be a mapping");
	assert_refused("theme: 1\nname: [x]\n", "must be a text");
	assert_refused("{", "x.yaml");
	assert_refused("", "x.yaml");
}

static void test_every_role_has_a_word_and_help(void **state)
{
	(void)state;
	for (int role = 0; role < ROLE_COUNT; role++) {
		assert_non_null(role_word((enum role)role));
		assert_true(strlen(role_help((enum role)role)) > 3);
		for (int other = 0; other < role; other++)
			assert_string_not_equal(
				role_word((enum role)role), role_word((enum role)other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bundled_themes_load),
		cmocka_unit_test(test_default_theme_reads_on_dark_and_light),
		cmocka_unit_test(test_without_colours_what_matters_stands_out),
		cmocka_unit_test(test_colours_of_each_palette),
		cmocka_unit_test(test_roles_take_after_normal),
		cmocka_unit_test(test_what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(test_every_role_has_a_word_and_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
