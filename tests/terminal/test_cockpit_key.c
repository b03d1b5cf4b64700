// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

/* Whoever sits at this screen, proved by an SSH key: what the screen says while it is signed, and
 * when it cannot be. */

static const char runbook[] =
	"relight: 1\n"
	"name: keyed\n"
	"steps:\n"
	"  - {id: slow, run: {shell: '" COCKPIT_HOLD "'}, takes: 1s, timeout: 1h}\n";

static const char *const no_agent[] = {"SSH_AUTH_SOCK", NULL};

/* An ed25519 key in the folder. */
static char *make_key(const struct cockpit *c, const char *name, const char *passphrase)
{
	char command[400];
	char *path = malloc(200);

	snprintf(path, 200, "%s/%s", c->folder, name);
	snprintf(command, sizeof command, "ssh-keygen -q -t ed25519 -N '%s' -C ana -f %s",
		passphrase, path);
	assert_int_equal(system(command), 0);
	return path;
}

/* Somebody's agent that takes questions and answers none. */
static int hang(const struct cockpit *c, char variable[300])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%.60s/agent", c->folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 8), 0);
	snprintf(variable, 300, "SSH_AUTH_SOCK=%s", address.sun_path);
	return fd;
}

static void a_key_opens_the_cockpit(void **unused)
{
	struct cockpit *c = cockpit_new(runbook);
	char *key = make_key(c, "key", "");

	(void)unused;
	cockpit_start(c, 24, 80,
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", "--key", key, NULL},
		no_agent);
	cockpit_records(c, "\"kind\":\"session.open\"", "\"identity\":\"key\"");
	cockpit_shows(c, "OBSERVER");
	cockpit_hides(c, "NOT OPEN YET");
	cockpit_press(c, "t");
	cockpit_shows(c, "key ED25519 SHA256:");
	free(key);
	cockpit_free(c);
}

static void a_key_that_waits_is_told_of_and_not_waited_for_long(void **unused)
{
	struct cockpit *c = cockpit_new(runbook);
	char *key = make_key(c, "key", "only an agent could have it"), agent[300];
	int fd = hang(c, agent);

	(void)unused;
	cockpit_start(c, 24, 200, /* its last words are one line */
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", "--key", key, NULL},
		(const char *const[]){agent, NULL});
	cockpit_shows(c, "NOT OPEN YET: your key signs who you are; touch it if it waits");
	/* The screen answers meanwhile. */
	cockpit_press(c, "?");
	cockpit_shows(c, "HELP");
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 2);
	cockpit_shows(c, "without --key it opens as asserted");
	assert_false(cockpit_exists(c, "incident"));
	close(fd);
	free(key);
	cockpit_free(c);
}

/* Whoever has it without a terminal goes on having it, until a key does sign. */
static void a_key_that_cannot_sign_takes_nothing_over(void **unused)
{
	struct cockpit *c = cockpit_new(runbook);
	char *key = make_key(c, "key", ""), *locked = make_key(c, "locked", "a phrase");

	(void)unused;
	cockpit_run_armed(c);
	cockpit_press(c, "s");
	cockpit_answer(c, "start slow", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.spawned\"", NULL);
	struct screen *gone = c->screen;
	screen_hang_up(gone);
	cockpit_finds(c, "incident/detached");
	c->screen = NULL;
	cockpit_start(c, 24, 80, (const char *const[]){"resume", "INCIDENT", "--key", locked, NULL},
		no_agent);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 2);
	cockpit_shows(c, "it has a passphrase");
	screen_pause(gone, 500);
	assert_true(screen_runs(gone));
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"session.ended\"", NULL), 0);
	cockpit_start(c, 24, 80, (const char *const[]){"resume", "INCIDENT", "--key", key, NULL},
		no_agent);
	cockpit_records(c, "\"kind\":\"session.resumed\"", "\"identity\":\"key\"");
	assert_int_equal(screen_wait_exit(gone, COCKPIT_MS), 1);
	screen_free(gone);
	cockpit_remove(c, "hold");
	free(locked);
	free(key);
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_opens_the_cockpit),
		cmocka_unit_test(a_key_that_waits_is_told_of_and_not_waited_for_long),
		cmocka_unit_test(a_key_that_cannot_sign_takes_nothing_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
