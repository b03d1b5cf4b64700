// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

enum {
	LOOK_MS = 20,      /* how often files are looked at */
	READABLE_MS = 200, /* a dialog takes no answer before somebody could have read it */
	ANEW_MS = 1100,    /* nor the key that opened it before it was let go of for so long */
	MOST_ARGUMENTS = 16,
};

/* --- files ------------------------------------------------------------------------------------ */

static const char *path_of(const struct cockpit *c, const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : c->folder,
		name[0] == '/' ? "" : "/", name);
	return path;
}

void cockpit_write(const struct cockpit *c, const char *name, const char *text)
{
	char half[520], whole[512];
	FILE *file;

	/* Nobody must read half of it. */
	snprintf(whole, sizeof whole, "%s", path_of(c, name));
	snprintf(half, sizeof half, "%s.half", whole);
	file = fopen(half, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(half, whole), 0);
}

void cockpit_touch(const struct cockpit *c, const char *name)
{
	cockpit_write(c, name, "");
}

void cockpit_remove(const struct cockpit *c, const char *name)
{
	assert_int_equal(unlink(path_of(c, name)), 0);
}

bool cockpit_exists(const struct cockpit *c, const char *name)
{
	return access(path_of(c, name), F_OK) == 0;
}

char *cockpit_read(const struct cockpit *c, const char *name)
{
	FILE *file = fopen(path_of(c, name), "r");
	size_t size = 4096, length = 0, got;
	char *text;

	if (!file)
		return NULL;
	text = malloc(size);
	while (text && (got = fread(text + length, 1, size - length - 1, file)) > 0) {
		length += got;
		if (size - length < 2) {
			char *larger = realloc(text, size *= 2);

			if (!larger)
				abort();
			text = larger;
		}
	}
	fclose(file);
	assert_non_null(text);
	text[length] = '\0';
	return text;
}

char *cockpit_record(const struct cockpit *c)
{
	char path[160];

	snprintf(path, sizeof path, "%s/timeline.jsonl", c->incident);
	return cockpit_read(c, path);
}

static const char *looked_for;
static bool is_found;

static int look_into(const char *path, const struct stat *is, int type, struct FTW *at)
{
	struct cockpit nowhere = {.folder = ""};
	char *text;

	(void)is;
	if (type != FTW_F || strcmp(path + at->base, "runbook.yaml") == 0)
		return 0;
	text = cockpit_read(&nowhere, path);
	is_found |= text && strstr(text, looked_for);
	free(text);
	return is_found;
}

bool cockpit_anywhere(const struct cockpit *c, const char *text)
{
	looked_for = text;
	is_found = false;
	nftw(c->folder, look_into, 16, FTW_PHYS);
	return is_found;
}

static int remove_one(const char *path, const struct stat *is, int type, struct FTW *at)
{
	(void)is;
	(void)type;
	(void)at;
	return remove(path) != 0;
}

/* For the schema of the lines, which is held against all of them at the end. */
static int keep_timeline(const char *path, const struct stat *is, int type, struct FTW *at)
{
	struct cockpit nowhere = {.folder = ""};
	static int kept;
	const char *into = getenv("RELIGHT_TIMELINES");
	char *text;
	char name[400];
	FILE *file;

	(void)is;
	if (!into || type != FTW_F || strcmp(path + at->base, "timeline.jsonl") != 0)
		return 0;
	snprintf(
		name, sizeof name, "%s/timeline-terminal-%d-%d.jsonl", into, (int)getpid(), kept++);
	text = cockpit_read(&nowhere, path);
	file = fopen(name, "w");
	assert_non_null(file);
	fputs(text ? text : "", file);
	fclose(file);
	free(text);
	return 0;
}

/* --- the program ------------------------------------------------------------------------------ */

struct cockpit *cockpit_new(const char *runbook)
{
	struct cockpit *c = calloc(1, sizeof *c);

	assert_non_null(c);
	if (!getenv("RELIGHT")) {
		fprintf(stderr, "cockpit: RELIGHT does not name the program under test\n");
		exit(2);
	}
	strcpy(c->folder, "/tmp/relight-cockpit-XXXXXX");
	assert_non_null(mkdtemp(c->folder));
	snprintf(c->incident, sizeof c->incident, "%s/incident", c->folder);
	cockpit_write(c, "runbook.yaml", runbook);
	cockpit_touch(c, "hold");
	return c;
}

void cockpit_free(struct cockpit *c)
{
	if (!c)
		return;
	screen_free(c->screen);
	unlink(path_of(
		c, "hold")); /* what runs ends by itself; what it still writes goes nowhere */
	nftw(c->folder, keep_timeline, 16, FTW_PHYS);
	for (int tries = 0; tries < 50 && access(c->folder, F_OK) == 0; tries++) {
		nftw(c->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		if (tries > 0)
			usleep(LOOK_MS * 1000);
	}
	free(c);
}

void cockpit_start(struct cockpit *c, int rows, int cols, const char *const arguments[],
	const char *const env[])
{
	const char *argv[MOST_ARGUMENTS + 2] = {getenv("RELIGHT")};
	const char *all[MOST_ARGUMENTS + 9];
	char home[128], temporary[128], runbook[128];
	size_t n = 0;

	snprintf(home, sizeof home, "HOME=%s", c->folder);
	snprintf(temporary, sizeof temporary, "TMPDIR=%s", c->folder);
	snprintf(runbook, sizeof runbook, "%s/runbook.yaml", c->folder);
	for (size_t i = 0; i < MOST_ARGUMENTS && arguments[i]; i++)
		argv[i + 1] = strcmp(arguments[i], "RUNBOOK") == 0    ? runbook
			      : strcmp(arguments[i], "INCIDENT") == 0 ? c->incident
			      : strcmp(arguments[i], "FOLDER") == 0   ? c->folder
								      : arguments[i];
	all[n++] = home;
	all[n++] = temporary;
	all[n++] = "XDG_STATE_HOME";
	all[n++] = "XDG_CONFIG_HOME";
	all[n++] = "XDG_RUNTIME_DIR"; /* no refuge for the record */
	all[n++] = "RELIGHT_THEME";
	all[n++] = "RELIGHT_KEYS";
	all[n++] = "RELIGHT_OPERATOR=ana";
	for (size_t i = 0; env && env[i] && i < MOST_ARGUMENTS; i++)
		all[n++] = env[i];
	all[n] = NULL;
	screen_free(c->screen);
	c->screen = screen_start(rows, cols, argv, all);
}

/* What is built beside this program. */
static void preload_of(const char *shim, char preload[512])
{
	char self[400];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	assert_true(length > 0);
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(preload, 512, "LD_PRELOAD=%s/../faults/%s.so", self, shim);
	if (access(preload + strlen("LD_PRELOAD="), R_OK) != 0)
		fail_msg("%s is not built: make faults-programs", preload);
}

void cockpit_start_with(
	struct cockpit *c, const char *shim, const char *variable, const char *const arguments[])
{
	char preload[512], look[160];

	preload_of(shim, preload);
	snprintf(look, sizeof look, "%s=%s/%s", variable, c->folder, shim);
	cockpit_start(c, 24, 80, arguments,
		(const char *const[]){
			preload, look, "ASAN_OPTIONS=verify_asan_link_order=0", NULL});
}

void cockpit_run(struct cockpit *c)
{
	cockpit_start(c, 24, 80, (const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL},
		NULL);
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_records(c, "\"kind\":\"runbook.loaded\"", NULL);
}

void cockpit_run_armed(struct cockpit *c)
{
	cockpit_run(c);
	cockpit_arm(c);
}

int cockpit_quit(struct cockpit *c)
{
	cockpit_press(c, "q");
	cockpit_confirm(c, "The incident stays open");
	return screen_wait_exit(c->screen, COCKPIT_MS);
}

/* --- what is seen and typed ------------------------------------------------------------------- */

void cockpit_shows(struct cockpit *c, const char *text)
{
	if (!screen_wait_text(c->screen, text, COCKPIT_MS))
		fail_msg("the screen does not show '%s'", text);
}

void cockpit_hides(struct cockpit *c, const char *text)
{
	if (!screen_wait_gone(c->screen, text, COCKPIT_MS))
		fail_msg("the screen goes on to show '%s'", text);
}

void cockpit_press(struct cockpit *c, const char *keys)
{
	screen_press(c->screen, keys);
	if (!screen_flush(c->screen, COCKPIT_MS))
		fail_msg("it does not take the keys '%s'", keys);
}

static void settle(struct cockpit *c)
{
	if (!screen_wait_settled(c->screen, COCKPIT_MS))
		fail_msg("it does not come to rest");
}

static void type(struct cockpit *c, const char *text)
{
	screen_type(c->screen, text);
	if (!screen_flush(c->screen, COCKPIT_MS))
		fail_msg("it does not take the text '%s'", text);
}

/* It is drawn, relight knows that it is, and somebody has had the time to read it. */
static void read_dialog(struct cockpit *c, const char *title)
{
	cockpit_shows(c, title);
	settle(c);
	screen_pause(c->screen, READABLE_MS);
}

void cockpit_fill(struct cockpit *c, const char *title, const char *text, const char *second_text)
{
	read_dialog(c, title);
	if (text)
		type(c, text);
	if (second_text) {
		cockpit_press(c, "Tab");
		type(c, second_text);
	}
	cockpit_press(c, "Enter");
}

struct ending {
	const char *title;
};

static bool is_over_or_repeated(struct screen *s, void *context)
{
	const struct ending *ending = context;

	return !screen_has(s, ending->title) || screen_has(s, "once more");
}

void cockpit_answer(struct cockpit *c, const char *title, const char *text, const char *second_text)
{
	struct ending ending = {title};

	cockpit_fill(c, title, text, second_text);
	for (int tries = 0; tries < 20; tries++) {
		if (!screen_wait(c->screen, is_over_or_repeated, &ending, "the end of a dialog",
			    COCKPIT_MS))
			fail_msg("the dialog '%s' is not answered", title);
		if (!screen_has(c->screen, title))
			return;
		screen_pause(c->screen, ANEW_MS);
		/* "once more" may have been of the Enter before: one too many is for what is below.
		 */
		if (!screen_has(c->screen, title))
			return;
		cockpit_press(c, "Enter");
	}
	fail_msg("the dialog '%s' never takes its answer", title);
}

void cockpit_confirm(struct cockpit *c, const char *title)
{
	read_dialog(c, title);
	for (int tries = 0; tries < 20; tries++) {
		cockpit_press(c, "y");
		settle(c);
		/* What it leaves on a terminal without a second screen is the dialog. */
		if (!screen_has(c->screen, title) || !screen_runs(c->screen))
			return;
		screen_pause(c->screen, READABLE_MS);
	}
	fail_msg("the dialog '%s' never takes its answer", title);
}

void cockpit_palette(struct cockpit *c, const char *line)
{
	cockpit_press(c, ":");
	cockpit_answer(c, "palette", line, NULL);
}

void cockpit_arm(struct cockpit *c)
{
	cockpit_shows(c, "OBSERVER");
	cockpit_press(c, "A");
	cockpit_answer(c, "take the controls", NULL, NULL);
	cockpit_shows(c, "ARMED ana");
}

static bool is_marked(struct screen *s, void *context)
{
	const char *step = context;
	char between[80];
	int rows, row;

	snprintf(between, sizeof between, " %s ", step);
	for (row = 0, rows = screen_rows(s); row < rows; row++)
		if (screen_row(s, row)[0] == '>' && strstr(screen_row(s, row), between))
			return true;
	return false;
}

void cockpit_go(struct cockpit *c, const char *step)
{
	cockpit_palette(c, step);
	if (!screen_wait(c->screen, is_marked, (void *)step, step, COCKPIT_MS))
		fail_msg("the cursor does not come to %s", step);
}

/* --- the record ------------------------------------------------------------------------------- */

/* The newest line that holds both; its number in count. */
static const char *find_lines(char *record, const char *text, const char *other, int *count)
{
	const char *newest = NULL;
	char *rest = NULL;

	*count = 0;
	for (char *line = record ? strtok_r(record, "\n", &rest) : NULL; line;
		line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, text) && (!other || strstr(line, other))) {
			newest = line;
			++*count;
		}
	return newest;
}

int cockpit_recorded(const struct cockpit *c, const char *text, const char *other)
{
	char *record = cockpit_record(c);
	int count;

	find_lines(record, text, other, &count);
	free(record);
	return count;
}

void cockpit_records_count(struct cockpit *c, int count, const char *text, const char *other)
{
	for (int waited_ms = 0; cockpit_recorded(c, text, other) < count; waited_ms += LOOK_MS) {
		if (waited_ms >= COCKPIT_MS) {
			screen_dump(c->screen, "a line of the record does not come");
			fail_msg("the record holds %d of %d lines with '%s' and '%s'",
				cockpit_recorded(c, text, other), count, text, other ? other : "");
		}
		screen_pause(c->screen, LOOK_MS);
	}
}

void cockpit_records(struct cockpit *c, const char *text, const char *other)
{
	cockpit_records_count(c, 1, text, other);
}

const char *cockpit_value(
	const struct cockpit *c, const char *text, const char *other, const char *key)
{
	static char value[512];
	char name[64], *record = cockpit_record(c);
	int count;
	const char *line = find_lines(record, text, other, &count);
	const char *at;

	snprintf(name, sizeof name, "\"%s\":", key);
	at = line ? strstr(line, name) : NULL;
	value[0] = '\0';
	if (at) {
		at += strlen(name);
		at += *at == '"';
		snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\",}]"), at);
	}
	free(record);
	return value;
}

/* --- files that come and go ------------------------------------------------------------------- */

static void await_file(struct cockpit *c, const char *name, bool is_there)
{
	for (int waited_ms = 0; cockpit_exists(c, name) != is_there; waited_ms += LOOK_MS) {
		if (waited_ms >= COCKPIT_MS) {
			screen_dump(c->screen, "a file does not come or go");
			fail_msg("%s: it is %s there", name, is_there ? "not" : "still");
		}
		screen_pause(c->screen, LOOK_MS);
	}
}

void cockpit_finds(struct cockpit *c, const char *name)
{
	await_file(c, name, true);
}

void cockpit_misses(struct cockpit *c, const char *name)
{
	await_file(c, name, false);
}

/* --- its terminal ------------------------------------------------------------------------------ */

void cockpit_stall(struct cockpit *c, bool is_stalled)
{
	int terminal = open(cockpit_value(c, "\"kind\":\"session.open\"", NULL, "tty"),
		O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(terminal >= 0);
	screen_stall(c->screen, is_stalled);
	assert_int_equal(tcflow(terminal, is_stalled ? TCOOFF : TCOON), 0);
	close(terminal);
	for (int i = 0; is_stalled && i < 10;
		i++) { /* what stands still stands in the middle of it */
		screen_press(c->screen, "C-l");
		screen_pause(c->screen, 40);
	}
}

/* --- its processes ---------------------------------------------------------------------------- */

static bool is_child(pid_t pid, pid_t parent, const char *word)
{
	char path[64], text[4096] = "";
	int above = 0;
	FILE *file;
	size_t length;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &above) != 1)
		above = 0;
	fclose(file);
	if (above != parent)
		return false;
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "r");
	length = file ? fread(text, 1, sizeof text - 1, file) : 0;
	if (file)
		fclose(file);
	for (size_t i = 0; i < length; i += strlen(text + i) + 1)
		if (strcmp(text + i, word) == 0)
			return true;
	return false;
}

pid_t cockpit_child(const struct cockpit *c, const char *word)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	assert_non_null(processes);
	while (!found && (entry = readdir(processes))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid > 0 && is_child(pid, screen_pid(c->screen), word))
			found = pid;
	}
	closedir(processes);
	return found;
}
