// SPDX-License-Identifier: Apache-2.0
#include "screen_parts.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void screen_send(struct screen *s, const void *bytes, size_t bytes_count)
{
	screen_queue(bytes, bytes_count, s);
	screen_pump(s, 0);
}

void screen_type(struct screen *s, const char *text)
{
	screen_send(s, text, strlen(text));
}

static const struct {
	const char *name;
	VTermKey key;
} named_keys[] = {
	{"Enter", VTERM_KEY_ENTER},
	{"Tab", VTERM_KEY_TAB},
	{"Backspace", VTERM_KEY_BACKSPACE},
	{"Esc", VTERM_KEY_ESCAPE},
	{"Up", VTERM_KEY_UP},
	{"Down", VTERM_KEY_DOWN},
	{"Left", VTERM_KEY_LEFT},
	{"Right", VTERM_KEY_RIGHT},
	{"Home", VTERM_KEY_HOME},
	{"End", VTERM_KEY_END},
	{"PageUp", VTERM_KEY_PAGEUP},
	{"PageDown", VTERM_KEY_PAGEDOWN},
	{"Insert", VTERM_KEY_INS},
	{"Delete", VTERM_KEY_DEL},
};

static VTermKey key_named(const char *name)
{
	char *end;

	for (size_t i = 0; i < sizeof named_keys / sizeof named_keys[0]; i++)
		if (strcmp(named_keys[i].name, name) == 0)
			return named_keys[i].key;
	if (name[0] == 'F' && isdigit((unsigned char)name[1])) {
		long number = strtol(name + 1, &end, 10);

		if (*end == '\0' && number >= 1 && number <= 12)
			return VTERM_KEY_FUNCTION(number);
	}
	return VTERM_KEY_NONE;
}

static VTermModifier modifier_take(const char **name)
{
	VTermModifier modifiers = VTERM_MOD_NONE;

	while ((*name)[0] != '\0' && (*name)[1] == '-' && (*name)[2] != '\0') {
		const char *at = strchr("SMC", (*name)[0]);

		if (at == NULL)
			break;
		modifiers |= *at == 'S'   ? VTERM_MOD_SHIFT
			     : *at == 'M' ? VTERM_MOD_ALT
					  : VTERM_MOD_CTRL;
		*name += 2;
	}
	return modifiers;
}

static void press_one(struct screen *s, const char *name)
{
	const char *rest = name;
	VTermModifier modifiers = modifier_take(&rest);
	VTermKey key = key_named(rest);

	if (key != VTERM_KEY_NONE) {
		vterm_keyboard_key(s->vterm, key, modifiers);
		return;
	}
	if (strcmp(rest, "Space") == 0)
		rest = " ";
	if (strlen(rest) != 1) {
		errno = EINVAL;
		screen_die("unknown key", name);
	}
	/* libvterm sends some control letters in a newer encoding (CSI u) that plain terminals do
	 * not use. */
	if (modifiers & VTERM_MOD_ALT)
		screen_queue("\033", 1, s);
	if (modifiers & VTERM_MOD_CTRL)
		screen_queue(&(char){(char)(rest[0] & 0x1f)}, 1, s);
	else
		screen_queue(rest, 1, s);
}

void screen_press(struct screen *s, const char *keys)
{
	char name[32];

	for (keys += strspn(keys, " "); *keys != '\0'; keys += strspn(keys, " ")) {
		size_t bytes = strcspn(keys, " ");

		assert(bytes < sizeof name);
		memcpy(name, keys, bytes);
		name[bytes] = '\0';
		press_one(s, name);
		keys += bytes;
	}
	screen_pump(s, 0);
}

void screen_paste(struct screen *s, const char *text, size_t text_bytes)
{
	vterm_keyboard_start_paste(s->vterm);
	for (size_t at = 0; at < text_bytes;) {
		const char *newline = memchr(text + at, '\n', text_bytes - at);
		size_t line_bytes = newline ? (size_t)(newline - text) - at : text_bytes - at;

		screen_queue(text + at, line_bytes, s);
		if (newline)
			screen_queue("\r", 1, s);
		at += line_bytes + 1;
	}
	vterm_keyboard_end_paste(s->vterm);
	screen_pump(s, 0);
}
