// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/term_keys.h"

#define MS 1000
#define SAYS(...)                                                                                  \
	{                                                                                          \
		__VA_ARGS__, -1                                                                    \
	}

// What is typed, and the keys that it must become; the end of `keys` is -1.
struct example {
	const char *bytes;
	int keys[16];
};

static const struct example examples[] = {
	{"j", SAYS('j')}, {"ab", SAYS('a', 'b')}, {"\r\n", SAYS(K_ENTER, K_ENTER)},
	{"\t", SAYS(K_TAB)}, {"\x7f\x08", SAYS(K_BACKSPACE, K_BACKSPACE)},
	{"\x01\x03\x04\x05\x0b\x0c\x15\x17\x1a",
		SAYS(K_CTRL_A, K_CTRL_C, K_CTRL_D, K_CTRL_E, K_CTRL_K, K_CTRL_L, K_CTRL_U, K_CTRL_W,
			K_CTRL_Z)},
	{"\x13\x11", {-1}}, // Ctrl-S, Ctrl-Q: no keys here
	// UTF-8
	{"\xc3\xa9", SAYS(0xe9)}, {"\xe6\xbc\xa2", SAYS(0x6f22)},
	{"\xf0\x9f\x98\x80", SAYS(0x1f600)}, {"\xc2\x85", {-1}}, // a C1 control
	{"\xc0\xaf", {-1}},                                      // an overlong slash
	{"\xe0\x80\xaf", {-1}}, {"\xed\xa0\x80", {-1}},          // a surrogate
	{"\xf4\x90\x80\x80", {-1}},                              // beyond Unicode
	{"\xff\xfe"
	 "a",
		SAYS('a')},
	{"\xe6\xbc"
	 "a",
		SAYS('a')}, // cut off by another character
	{"\xe6\x1b[A", SAYS(K_UP)},
	// cursor and editing keys
	{"\x1b[A\x1b[B\x1b[C\x1b[D", SAYS(K_UP, K_DOWN, K_RIGHT, K_LEFT)},
	{"\x1bOA\x1bOB\x1bOC\x1bOD", SAYS(K_UP, K_DOWN, K_RIGHT, K_LEFT)},
	{"\x1b[1;5A\x1b[1;2D", SAYS(K_UP, K_LEFT)}, {"\x1b[a\x1bOd", SAYS(K_UP, K_LEFT)}, // rxvt
	{"\x1b[H\x1b[F\x1bOH\x1bOF", SAYS(K_HOME, K_END, K_HOME, K_END)},
	{"\x1b[1~\x1b[4~\x1b[7~\x1b[8~", SAYS(K_HOME, K_END, K_HOME, K_END)},
	{"\x1b[2~\x1b[3~\x1b[5~\x1b[6~", SAYS(K_INSERT, K_DELETE, K_PAGE_UP, K_PAGE_DOWN)},
	{"\x1b[3;5~\x1b[5^\x1b[6@", SAYS(K_DELETE, K_PAGE_UP, K_PAGE_DOWN)},
	{"\x1b[Z", SAYS(K_BACK_TAB)},
	{"\x1bOP\x1b[11~\x1b[[A\x1b[1;2P", SAYS(K_F1, K_F1, K_F1, K_F1)}, {"\x1bOM", SAYS(K_ENTER)},
	// what is no key is swallowed whole
	{"\x1b[[Bx", SAYS('x')}, {"\x1b[15~\x1bOQ\x1b[24~x", SAYS('x')},
	{"\x1b[27;5;105~x", SAYS('x')}, // modifyOtherKeys
	{"\x1b[105;5ux", SAYS('x')},    // kitty
	{"\x1b[12;40Rx", SAYS('x')},    // a cursor position report
	{"\x1b[?62;1;6cx", SAYS('x')}, {"\x1b[?2004;1$yx", SAYS('x')},
	{"\x1b[Ix\x1b[O", SAYS('x')}, // focus
	{"\x1b[M !!x", SAYS('x')},    // a mouse report of X10
	{"\x1b[<0;3;4Mx\x1b[<0;3;4m", SAYS('x')}, {"\x1b]11;rgb:0000/0000/0000\x07x", SAYS('x')},
	{"\x1b]11;rgb:0000/0000/0000\x1b\\x", SAYS('x')}, {"\x1bP1$r0m\x1b\\x", SAYS('x')},
	{"\x1b_Gi=31;OK\x1b\\x", SAYS('x')},
	{"\x1b[11111111111111111111111111111111111111111111~x", SAYS('x')}, {"\x1b[3x~", SAYS('~')},
	// Alt
	{"\x1bjx", SAYS('x')}, {"\x1b\xc3\xa9x", SAYS('x')}, {"\x1b\x1b[Ax", SAYS('x')},
	{"\x1b\rx", SAYS('x')},
	// ESC begins anew inside a sequence
	{"\x1b[1\x1b[A", SAYS(K_UP)}, {"\x1b]0;x\x1b[A", SAYS(K_UP)}, {"\x1b[\x03", SAYS(K_CTRL_C)},
	{"\x1b\x1bOBx", SAYS('x')},
	// pastes
	{"\x1b[200~rm\r\ny\x1b[201~q", SAYS(K_PASTE_BEGIN, 'r', 'm', '\n', 'y', K_PASTE_END, 'q')},
	{"\x1b[200~\xc3\xa9\t\n\n\x1b[201~",
		SAYS(K_PASTE_BEGIN, 0xe9, '\t', '\n', '\n', K_PASTE_END)},
	{"\x1b[200~\x1b[31m\x03\x07\x1b[201~",
		SAYS(K_PASTE_BEGIN, '[', '3', '1', 'm', K_PASTE_END)},
	{"\x1b[200~\x1b[20\x1b[201~x", SAYS(K_PASTE_BEGIN, '[', '2', '0', K_PASTE_END, 'x')},
	{"\x1b[200~\x1b\x1b[201~x", SAYS(K_PASTE_BEGIN, K_PASTE_END, 'x')},
	{"\x1b[200~\xe6\x1b[201~\x1b[A", SAYS(K_PASTE_BEGIN, K_PASTE_END, K_UP)},
	{"\x1b[201~x", SAYS('x')}, // an end without a beginning
};

static void assert_says(const struct example *example, const int *keys, size_t count)
{
	size_t wanted = 0;

	while (example->keys[wanted] != -1)
		wanted++;
	for (size_t i = 0; i < count && i < wanted; i++)
		if (keys[i] != example->keys[i])
			fail_msg("key %zu of \"%s\" is %#x", i, example->bytes + 1,
				(unsigned)keys[i]);
	if (count != wanted)
		fail_msg("\"%s\" gives %zu keys, not %zu", example->bytes + 1, count, wanted);
}

static void every_sequence_in_every_two_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		size_t length = strlen(examples[i].bytes);

		for (size_t cut = 0; cut <= length; cut++) {
			struct term_keys decoder = {0};
			int keys[TERM_KEYS_ROOM(128)];
			size_t count = term_keys_feed(&decoder, examples[i].bytes, cut, 0, keys);

			assert_true(count <= TERM_KEYS_ROOM(cut));
			count += term_keys_feed(
				&decoder, examples[i].bytes + cut, length - cut, MS, keys + count);
			assert_says(&examples[i], keys, count);
			assert_int_equal(term_keys_deadline_us(&decoder), -1);
		}
	}
}

static void every_sequence_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct term_keys decoder = {0};
		int keys[TERM_KEYS_ROOM(128)];
		size_t count = 0;

		for (const char *at = examples[i].bytes; *at; at++)
			count += term_keys_feed(&decoder, at, 1, 0, keys + count);
		assert_says(&examples[i], keys, count);
	}
}

static void nul_is_no_key(void **state)
{
	struct term_keys decoder = {0};
	int keys[TERM_KEYS_ROOM(4)];

	(void)state;
	assert_int_equal(term_keys_feed(&decoder, "\0\x1b\0x", 4, 0, keys), 1);
	assert_int_equal(keys[0], 'x');
}

static void a_lone_escape_is_a_key_after_its_deadline(void **state)
{
	struct term_keys decoder = {0};
	int keys[TERM_KEYS_ROOM(4)];

	(void)state;
	assert_int_equal(term_keys_feed(&decoder, "\x1b", 1, 100, keys), 0);
	assert_int_equal(term_keys_deadline_us(&decoder), 100 + TERM_KEYS_ESCAPE_US);
	assert_int_equal(term_keys_expire(&decoder, 99 + TERM_KEYS_ESCAPE_US, keys), 0);
	assert_int_equal(term_keys_expire(&decoder, 100 + TERM_KEYS_ESCAPE_US, keys), 1);
	assert_int_equal(keys[0], K_ESCAPE);
	assert_int_equal(term_keys_deadline_us(&decoder), -1);
	assert_int_equal(term_keys_expire(&decoder, 1000 * MS, keys), 0);
	// A held Esc.
	assert_int_equal(term_keys_feed(&decoder, "\x1b\x1b\x1b\x1b", 4, 0, keys), 2);
	assert_int_equal(term_keys_expire(&decoder, 1000 * MS, keys + 2), 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(keys[i], K_ESCAPE);
}

static void a_slow_sequence_is_waited_for_longer(void **state)
{
	struct term_keys decoder = {0};
	int keys[TERM_KEYS_ROOM(4)];

	(void)state;
	term_keys_feed(&decoder, "\x1b[", 2, 0, keys);
	assert_int_equal(term_keys_expire(&decoder, TERM_KEYS_ESCAPE_US + 1, keys), 0);
	assert_int_equal(term_keys_feed(&decoder, "A", 1, 400 * MS, keys), 1);
	assert_int_equal(keys[0], K_UP);
	// One that never goes on is forgotten, and the next key is itself.
	term_keys_feed(&decoder, "\x1b[1;", 4, 0, keys);
	assert_int_equal(term_keys_expire(&decoder, TERM_KEYS_SEQUENCE_US, keys), 0);
	assert_int_equal(term_keys_feed(&decoder, "A", 1, 600 * MS, keys), 1);
	assert_int_equal(keys[0], 'A');
}

static void half_a_character_is_forgotten(void **state)
{
	struct term_keys decoder = {0};
	int keys[TERM_KEYS_ROOM(4)];

	(void)state;
	term_keys_feed(&decoder, "\xe6\xbc", 2, 0, keys);
	assert_int_equal(term_keys_expire(&decoder, TERM_KEYS_SEQUENCE_US, keys), 0);
	assert_int_equal(term_keys_feed(&decoder, "x", 1, 600 * MS, keys), 1);
	assert_int_equal(keys[0], 'x');
}

static void a_paste_does_not_end_by_waiting(void **state)
{
	struct term_keys decoder = {0};
	int keys[TERM_KEYS_ROOM(16)];

	(void)state;
	term_keys_feed(&decoder, "\x1b[200~ab", 8, 0, keys);
	assert_int_equal(term_keys_deadline_us(&decoder), -1);
	term_keys_feed(&decoder, "\x1b[20", 4, 0, keys);
	assert_int_equal(term_keys_deadline_us(&decoder), -1);
	assert_int_equal(term_keys_feed(&decoder, "1~q", 3, 60000 * MS, keys), 2);
	assert_int_equal(keys[0], K_PASTE_END);
	assert_int_equal(keys[1], 'q');
}

static void escape_ends_a_paste_whose_end_was_lost(void **state)
{
	struct term_keys decoder = {0};
	int keys[TERM_KEYS_ROOM(16)];

	(void)state;
	term_keys_feed(&decoder, "\x1b[200~ab\x1b", 9, 0, keys);
	assert_int_equal(term_keys_expire(&decoder, TERM_KEYS_ESCAPE_US, keys), 1);
	assert_int_equal(keys[0], K_PASTE_END);
	assert_int_equal(term_keys_feed(&decoder, "j", 1, 100 * MS, keys), 1);
	assert_int_equal(keys[0], 'j');
}

// Whatever comes: every key is one, there is room for them, and a lone letter is read again in the
// end.
static void garbage_does_no_harm(void **state)
{
	static unsigned char bytes[4096];
	static int keys[TERM_KEYS_ROOM(sizeof bytes)];
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct term_keys decoder = {0};

		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1664525u + 1013904223u;
			bytes[i] = seed >> 28 < 5 ? (unsigned char)"\x1b[]O\xe6"[seed >> 28]
						  : (unsigned char)(seed >> 16);
		}
		size_t count = term_keys_feed(&decoder, bytes, sizeof bytes, 0, keys);

		assert_true(count <= TERM_KEYS_ROOM(sizeof bytes));
		for (size_t i = 0; i < count; i++) {
			assert_true(keys[i] > 0 && keys[i] < KEY_CODE_END);
			assert_true(keys[i] != K_HANGUP && keys[i] != KEY_CODE_BASE);
		}
		term_keys_feed(&decoder, "\x1b[201~", 6, MS, keys);
		term_keys_expire(&decoder, 1000 * MS, keys);
		if (decoder.state == TERM_KEYS_GROUND) {
			assert_int_equal(term_keys_feed(&decoder, "j", 1, 1001 * MS, keys), 1);
			assert_int_equal(keys[0], 'j');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sequence_in_every_two_pieces),
		cmocka_unit_test(every_sequence_byte_by_byte),
		cmocka_unit_test(nul_is_no_key),
		cmocka_unit_test(a_lone_escape_is_a_key_after_its_deadline),
		cmocka_unit_test(a_slow_sequence_is_waited_for_longer),
		cmocka_unit_test(half_a_character_is_forgotten),
		cmocka_unit_test(a_paste_does_not_end_by_waiting),
		cmocka_unit_test(escape_ends_a_paste_whose_end_was_lost),
		cmocka_unit_test(garbage_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
