// SPDX-License-Identifier: Apache-2.0
#include "term_script.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "relight/arena.h"
#include "relight/buf.h"
#include "relight/key.h"
#include "relight/memory.h"
#include "relight/moment.h"

struct term_script {
	struct arena *arena;
	struct term_script_action *actions;
	size_t count, capacity, next;
};

static const struct {
	const char *name;
	int key;
} named_keys[] = {
	{"Enter", K_ENTER},
	{"Esc", K_ESCAPE},
	{"Tab", K_TAB},
	{"BackTab", K_BACK_TAB},
	{"Space", ' '},
	{"Up", K_UP},
	{"Down", K_DOWN},
	{"Left", K_LEFT},
	{"Right", K_RIGHT},
	{"Home", K_HOME},
	{"End", K_END},
	{"PageUp", K_PAGE_UP},
	{"PageDown", K_PAGE_DOWN},
	{"Insert", K_INSERT},
	{"Delete", K_DELETE},
	{"Backspace", K_BACKSPACE},
	{"F1", K_F1},
	{"C-a", K_CTRL_A},
	{"C-c", K_CTRL_C},
	{"C-d", K_CTRL_D},
	{"C-e", K_CTRL_E},
	{"C-k", K_CTRL_K},
	{"C-l", K_CTRL_L},
	{"C-u", K_CTRL_U},
	{"C-w", K_CTRL_W},
	{"Hangup", K_HANGUP},
};

static struct term_script_action *add(struct term_script *script, enum term_script_step step)
{
	script->actions = memory_grow(
		script->actions, script->count, &script->capacity, sizeof *script->actions);
	struct term_script_action *action = &script->actions[script->count++];

	*action = (struct term_script_action){.step = step};
	return action;
}

static void add_keys(struct term_script *script, const int *keys, size_t count)
{
	int *kept = arena_array(script->arena, count + 1, sizeof *kept);
	struct term_script_action *action = add(script, SCRIPT_KEYS);

	memcpy(kept, keys, count * sizeof *kept);
	action->keys = kept;
	action->key_count = count;
	add(script, SCRIPT_WAIT)->wait_ms = TERM_SCRIPT_PAUSE_MS;
}

static void add_text(struct term_script *script, const char *text, bool is_paste)
{
	size_t length = strlen(text), count = 0;
	int *keys = memory_zeroed(length + 2, sizeof *keys);
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;

	if (is_paste)
		keys[count++] = K_PASTE_BEGIN;
	for (size_t at = 0; at < length;) {
		utf8proc_int32_t character;
		utf8proc_ssize_t used =
			utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(length - at), &character);

		if (used > 0 && character >= 0x20)
			keys[count++] = character;
		at += used > 0 ? (size_t)used : 1;
	}
	if (is_paste)
		keys[count++] = K_PASTE_END;
	add_keys(script, keys, count);
	free(keys);
}

static int key_of_name(const char *name)
{
	utf8proc_int32_t character;
	utf8proc_ssize_t length = (utf8proc_ssize_t)strlen(name);

	for (size_t i = 0; i < sizeof named_keys / sizeof *named_keys; i++)
		if (!strcmp(named_keys[i].name, name))
			return named_keys[i].key;
	if (utf8proc_iterate((const utf8proc_uint8_t *)name, length, &character) == length &&
		character >= 0x20)
		return character;
	return KEY_NONE;
}

// One word of a line, quotes and backslashes taken off. False at the end of the line or at a
// comment.
static bool next_word(const char **at, struct buf *word, bool *is_quoted)
{
	const char *text = *at;

	buf_clear(word);
	while (*text == ' ' || *text == '\t' || *text == '\r')
		text++;
	*is_quoted = *text == '"';
	if (!*text || *text == '\n' ||
		(*text == '#' && (text[1] == ' ' || text[1] == '\n' || !text[1])))
		return false;
	if (*is_quoted) {
		for (text++; *text && *text != '"' && *text != '\n'; text++) {
			if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
				text++;
			buf_byte(word, *text);
		}
		if (*text == '"')
			text++;
	} else {
		while (*text && !isspace((unsigned char)*text))
			buf_byte(word, *text++);
	}
	*at = text;
	return true;
}

static bool wait_of_word(const char *word, int *wait_ms)
{
	int64_t ms;

	if (!duration_parse(word, &ms) || ms > INT64_C(86400000))
		return false;
	*wait_ms = (int)ms;
	return true;
}

// A word that needs another after it: wait, wait-for, paste.
static bool parse_pair(struct term_script *script, const char *verb, const char **at,
	struct buf *word, struct err *err)
{
	bool is_quoted;

	if (!next_word(at, word, &is_quoted))
		return err_set(err, "%s: nothing after it", verb);
	if (!strcmp(verb, "wait"))
		return wait_of_word(buf_str(word), &add(script, SCRIPT_WAIT)->wait_ms) ||
		       err_set(err, "wait: %s: no duration; 500ms and 2s are some", buf_str(word));
	if (!is_quoted)
		return err_set(err, "%s: %s: a text in quotes is needed", verb, buf_str(word));
	if (!strcmp(verb, "paste"))
		add_text(script, buf_str(word), true);
	else
		add(script, SCRIPT_WAIT_FOR)->text = arena_text(script->arena, buf_str(word));
	return true;
}

static bool parse_line(
	struct term_script *script, const char *at, struct buf *word, struct err *err)
{
	bool is_quoted;

	while (next_word(&at, word, &is_quoted)) {
		const char *text = buf_str(word);

		if (is_quoted) {
			add_text(script, text, false);
		} else if (!strcmp(text, "wait") || !strcmp(text, "wait-for") ||
			   !strcmp(text, "paste")) {
			char verb[16];

			snprintf(verb, sizeof verb, "%s", text);
			if (!parse_pair(script, verb, &at, word, err))
				return false;
		} else {
			int key = key_of_name(text);

			if (key == KEY_NONE)
				return err_set(
					err, "%s: no such key; a text stands in quotes", text);
			add_keys(script, &key, 1);
		}
	}
	return true;
}

static struct term_script *parse(const char *text, const char *name, struct err *err)
{
	struct term_script *script = memory_zeroed(1, sizeof *script);
	struct buf word = {0};
	int line = 1;
	bool is_good = true;

	script->arena = arena_new();
	for (const char *at = text; is_good && at; line++) {
		is_good = parse_line(script, at, &word, err);
		if (!is_good)
			err_prefix(err, "RELIGHT_KEYS: %s:%d", name, line);
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	buf_fini(&word);
	if (is_good)
		return script;
	term_script_free(script);
	return NULL;
}

struct term_script *term_script_load(const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");

	if (!file) {
		err_errno(err, errno, "RELIGHT_KEYS: %s", path);
		return NULL;
	}
	char *text = memory_alloc(TERM_SCRIPT_MAX_BYTES + 1);
	size_t length = fread(text, 1, TERM_SCRIPT_MAX_BYTES + 1, file);
	struct term_script *script = NULL;

	if (ferror(file)) {
		err_errno(err, errno, "RELIGHT_KEYS: %s", path);
	} else if (length > TERM_SCRIPT_MAX_BYTES) {
		err_set(err, "RELIGHT_KEYS: %s: longer than %u bytes", path, TERM_SCRIPT_MAX_BYTES);
	} else {
		text[length] = '\0';
		script = parse(text, path, err);
	}
	free(text);
	fclose(file);
	return script;
}

void term_script_free(struct term_script *script)
{
	if (!script)
		return;
	arena_free(script->arena);
	free(script->actions);
	free(script);
}

struct term_script_action term_script_next(struct term_script *script)
{
	if (script->next == script->count)
		return (struct term_script_action){.step = SCRIPT_END};
	return script->actions[script->next++];
}
