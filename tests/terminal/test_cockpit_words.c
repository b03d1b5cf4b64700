// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What a person says and does beside starting: each word reaches the screen and the record, and
 * what has to be typed in full or explained is not had for less. */

static const char many[] =
	"relight: 1\n"
	"name: many\n"
	"inputs:\n"
	"  db_token: {ask: Database token, secret: true}\n"
	"dependencies:\n"
	"  - {id: never, title: Never there, check: {command: [test, -e, never]}, every: 1s, "
	"timeout: "
	"5s}\n"
	"  - {id: word, title: A word, check: {manual: Is the mail out?}}\n"
	"steps:\n"
	"  - {id: wobbly, needs: [], run: {shell: 'echo try; test -e good'}, takes: 1s, timeout: "
	"1m,\n"
	"     again: safe, rollback: {command: [touch, undone]}}\n"
	"  - {id: late, needs: [], run: {shell: '" COCKPIT_HOLD "'}, takes: 1s, timeout: 4s}\n"
	"  - {id: hands, needs: [], run: {command: ['true']}, takes: 1s, timeout: 1m}\n"
	"  - {id: blocked, needs: [], requires: [never], run: {command: ['true']}, takes: 1s, "
	"timeout: "
	"1m}\n"
	"  - {id: secretive, needs: [], run: {shell: 'echo \"token is $RELIGHT_INPUT_DB_TOKEN\"; "
	"printf %s \"$RELIGHT_INPUT_DB_TOKEN\" | base64; "
	"printf \"basic \"; printf \"ana:%s\" \"$RELIGHT_INPUT_DB_TOKEN\" | base64; "
	"printf \"hex \"; printf %s \"$RELIGHT_INPUT_DB_TOKEN\" | od -An -v -tx1 | tr -d \" "
	"\\n\"; "
	"echo; echo \"the end\"'}, takes: 1s, timeout: 1m}\n";

/* The secret that is typed there, and what becomes of it in base64, behind "ana:", and in hex. */
static const char *const giveaways[] = {"swordfish", "c3dvcmRmaXNo", "N3b3JkZmlzaC", "73776f7264"};

static void assert_kept(struct cockpit *c)
{
	for (size_t i = 0; i < sizeof giveaways / sizeof *giveaways; i++) {
		assert_false(screen_has(c->screen, giveaways[i]));
		assert_false(cockpit_anywhere(c, giveaways[i]));
	}
}

static struct cockpit *armed(void)
{
	struct cockpit *c = cockpit_new(many);

	cockpit_run_armed(c);
	return c;
}

static void press_on(struct cockpit *c, const char *step, const char *key)
{
	cockpit_go(c, step);
	cockpit_press(c, key);
}

static void reality_beside_the_runbook(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "hands", "b");
	cockpit_answer(c, "what was done, and how", "typed it into the console", "-5m");
	cockpit_records(c, "\"kind\":\"step.confirmed\"", "\"by_hand\":true");
	cockpit_records(c, "\"say\":\"typed it into the console\"", "\"at\":\"");
	cockpit_shows(c, "(x) hands");
	press_on(c, "wobbly", "O");
	cockpit_fill(c, "override wobbly", NULL, NULL);
	cockpit_shows(c, "override wobbly"); /* not without a reason */
	screen_pause(c->screen, 300);
	assert_int_equal(cockpit_recorded(c, "step.overridden", NULL), 0);
	cockpit_answer(c, "override wobbly", "it works, the check is wrong", "fix the check");
	cockpit_records(c, "\"kind\":\"step.overridden\"", "\"remains\":\"fix the check\"");
	cockpit_shows(c, "OVERRIDDEN, left: fix the check");
	press_on(c, "late", "x");
	cockpit_answer(c, "skip late", "not needed today", NULL);
	cockpit_records(c, "\"kind\":\"step.skipped\"", "\"why\":\"not needed today\"");
	cockpit_shows(c, "[-] late");
	cockpit_press(c, "U");
	cockpit_answer(c, "reopen late", "it is needed", NULL);
	cockpit_records(c, "\"kind\":\"step.reopened\"", "\"why\":\"it is needed\"");
	cockpit_shows(c, "[ ] late");
	cockpit_free(c);
}

static void what_is_unmet_is_waived_until(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	cockpit_palette(c, "blocked");
	cockpit_shows(c, "waiting   requires never: degraded");
	cockpit_press(c, "s");
	cockpit_shows(c, "start: blocked: ");
	cockpit_press(c, "w");
	cockpit_fill(c, "waive blocked", "we can do without", "soon");
	cockpit_shows(c, "soon: no time");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"waiver\"", NULL), 0);
	cockpit_press(c, "Backspace Backspace Backspace Backspace");
	cockpit_answer(c, "waive blocked", "1h", NULL);
	cockpit_records(c, "\"kind\":\"waiver\"", "\"as\":\"start-anyway\"");
	cockpit_records(c, "\"why\":\"we can do without\"", "\"until\":\"");
	cockpit_shows(c, "[ ] blocked");
	cockpit_press(c, "s");
	cockpit_answer(c, "start blocked", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"blocked\"");
	cockpit_palette(c, "waive-dependency never");
	cockpit_answer(c, "until (1h", "it is gone for good", NULL);
	cockpit_records(c, "\"kind\":\"waiver\"", "\"as\":\"degraded\"");
	cockpit_press(c, "d");
	cockpit_shows(c, "WAIVED");
	cockpit_free(c);
}

static void notes_from_anywhere(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	cockpit_press(c, "d");
	cockpit_shows(c, "DEPENDENCIES");
	cockpit_press(c, "n");
	cockpit_shows(c, "Tab changes its type");
	cockpit_press(c, "Tab");
	cockpit_answer(c, "Tab changes its type", "the lock is held by the old cluster", NULL);
	cockpit_records(c, "\"type\":\"hypothesis\"", "the lock is held by the old cluster");
	cockpit_shows(c, "DEPENDENCIES");
	cockpit_press(c, "y"); /* the worst one stands first, and it is sensed */
	cockpit_shows(c, "attest: never: it is sensed");
	cockpit_press(c, "j y");
	cockpit_shows(c, "Is the mail out?");
	cockpit_answer(c, "attest word", "sent at noon", NULL);
	cockpit_records(c, "\"kind\":\"dependency.confirmed\"", "\"say\":\"sent at noon\"");
	cockpit_free(c);
}

static void a_secret_stays_one(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	cockpit_palette(c, "secretive");
	cockpit_shows(c, "needs input db_token");
	cockpit_press(c, "i");
	cockpit_shows(c, "Database token");
	screen_type(c->screen, "swordfish-7741");
	cockpit_shows(c, "value **************");
	assert_false(screen_has(c->screen, "swordfish"));
	cockpit_answer(c, "Database token", NULL, NULL);
	cockpit_records(c, "\"kind\":\"input.set\"", "\"name\":\"db_token\"");
	press_on(c, "secretive", "s");
	assert_kept(c);
	cockpit_answer(c, "start secretive", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"outcome\":\"success\"");
	cockpit_press(c, "o");
	cockpit_shows(c, "token is [masked db_token]");
	cockpit_shows(c, "hex [masked db_token]");
	cockpit_shows(c, "the end");
	assert_kept(c);
	assert_true(cockpit_anywhere(c, "token is "));
	cockpit_press(c, "Esc");
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_press(c, "n");
	cockpit_answer(c, "Tab changes its type", "it is swordfish-7741, do not tell", NULL);
	cockpit_records(c, "\"kind\":\"note\"", "it is [masked db_token]");
	cockpit_press(c, "t");
	cockpit_shows(c, "it is [masked db_token]");
	assert_kept(c);
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reality_beside_the_runbook),
		cmocka_unit_test(what_is_unmet_is_waived_until),
		cmocka_unit_test(notes_from_anywhere),
		cmocka_unit_test(a_secret_stays_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
