// SPDX-License-Identifier: Apache-2.0
#include "relight/term_keys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ESC 0x1b

struct keys {
	int *items;
	size_t count;
};

static void emit(struct keys *keys, int key)
{
	if (key != KEY_NONE)
		keys->items[keys->count++] = key;
}

// --- what sequences mean
// ---------------------------------------------------------------------------------------------

// C0 controls and DEL; the rest of them are no keys of this program.
static const int controls[] = {
	[0x01] = K_CTRL_A,
	[0x03] = K_CTRL_C,
	[0x04] = K_CTRL_D,
	[0x05] = K_CTRL_E,
	[0x08] = K_BACKSPACE,
	[0x09] = K_TAB,
	[0x0a] = K_ENTER,
	[0x0b] = K_CTRL_K,
	[0x0c] = K_CTRL_L,
	[0x0d] = K_ENTER,
	[0x15] = K_CTRL_U,
	[0x17] = K_CTRL_W,
	[0x1a] = K_CTRL_Z,
	[0x7f] = K_BACKSPACE,
};

// The last byte of CSI … and SS3 … sequences. rxvt's modified arrows are lower case.
static int key_of_final(char final)
{
	switch (final) {
	case 'A':
	case 'a': return K_UP;
	case 'B':
	case 'b': return K_DOWN;
	case 'C':
	case 'c': return K_RIGHT;
	case 'D':
	case 'd': return K_LEFT;
	case 'H': return K_HOME;
	case 'F': return K_END;
	case 'P': return K_F1;
	case 'Z': return K_BACK_TAB;
	case 'M': return K_ENTER; // SS3 M: Enter of an application keypad
	default: return KEY_NONE;
	}
}

// CSI number ~ (VT220; `^` and `@` in place of `~` are rxvt's Ctrl, and Shift and Ctrl).
static int key_of_number(long number)
{
	switch (number) {
	case 1:
	case 7: return K_HOME;
	case 4:
	case 8: return K_END;
	case 2: return K_INSERT;
	case 3: return K_DELETE;
	case 5: return K_PAGE_UP;
	case 6: return K_PAGE_DOWN;
	case 11: return K_F1;
	default: return KEY_NONE;
	}
}

// Whether these are the parameters of a cursor key: none, or "1;<modifier>". A cursor position
// report ("12;40R") is not.
static bool is_cursor_key(const char *parameters)
{
	return !*parameters || !strcmp(parameters, "1") || !strncmp(parameters, "1;", 2);
}

static int key_of_csi(const struct term_keys *decoder, char final)
{
	const char *parameters = decoder->parameters;

	if (decoder->length >= sizeof decoder->parameters)
		return KEY_NONE;
	if (final == '~' || final == '^' || final == '@') {
		char *end;
		long number = strtol(parameters, &end, 10);

		return *end == '\0' || *end == ';' ? key_of_number(number) : KEY_NONE;
	}
	if (final == 'M' || !is_cursor_key(parameters))
		return KEY_NONE;
	return key_of_final(final);
}

// --- the decoder
// -----------------------------------------------------------------------------------------------------

static void to_ground(struct term_keys *decoder)
{
	decoder->state = TERM_KEYS_GROUND;
	decoder->length = 0;
	decoder->more = 0;
	decoder->escapes = 0;
	decoder->is_alt = false;
	memset(decoder->parameters, 0, sizeof decoder->parameters);
}

static void begin(struct term_keys *decoder, enum term_keys_state state)
{
	bool is_alt = decoder->is_alt;

	to_ground(decoder);
	decoder->state = state;
	decoder->is_alt = is_alt;
}

static void swallow(struct term_keys *decoder, int bytes)
{
	begin(decoder, TERM_KEYS_SWALLOW);
	decoder->more = bytes;
}

// The first byte of a character of more than one byte (RFC 3629, section 4).
static void begin_character(struct term_keys *decoder, unsigned char byte)
{
	begin(decoder, TERM_KEYS_CHARACTER);
	if (byte >= 0xc2 && byte <= 0xdf) {
		decoder->more = 1;
		decoder->character = byte & 0x1f;
		decoder->character_least = 0x80;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		decoder->more = 2;
		decoder->character = byte & 0x0f;
		decoder->character_least = 0x800;
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		decoder->more = 3;
		decoder->character = byte & 0x07;
		decoder->character_least = 0x10000;
	} else {
		to_ground(decoder);
	}
}

static void end_character(struct term_keys *decoder, struct keys *keys)
{
	uint32_t c = decoder->character;
	bool is_valid =
		c >= decoder->character_least && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

	if (is_valid && c >= 0xa0 && !decoder->is_alt)
		emit(keys, (int)c);
	to_ground(decoder);
}

static void take_ground(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	if (byte == ESC) {
		decoder->state = TERM_KEYS_ESCAPE;
		decoder->escapes = 1;
	} else if (byte >= 0x80) {
		begin_character(decoder, byte);
	} else if (byte < sizeof controls / sizeof *controls && (byte < 0x20 || byte == 0x7f)) {
		emit(keys, controls[byte]);
	} else {
		emit(keys, byte);
	}
}

// After one ESC or several. "ESC ESC [ A" is Alt-Up of rxvt; of other runs of ESC all but the last
// were the key.
static void take_escape(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	if (byte == ESC) {
		if (decoder->escapes == 2)
			emit(keys, K_ESCAPE);
		decoder->escapes = 2;
		return;
	}
	decoder->is_alt = decoder->escapes > 1;
	if (byte == '[') {
		begin(decoder, TERM_KEYS_CSI);
	} else if (byte == 'O') {
		begin(decoder, TERM_KEYS_SS3);
	} else {
		if (decoder->escapes > 1)
			emit(keys, K_ESCAPE);
		decoder->is_alt = true;
		if (byte >= 0x80)
			begin_character(decoder, byte);
		else if (strchr("]P^_X", byte) && byte)
			begin(decoder, TERM_KEYS_STRING);
		else
			to_ground(decoder);
	}
}

static void end_csi(struct term_keys *decoder, char final, struct keys *keys)
{
	if (final == '~' && !strcmp(decoder->parameters, "200")) {
		to_ground(decoder);
		decoder->is_pasting = true;
		decoder->was_return = false;
		emit(keys, K_PASTE_BEGIN);
	} else if (final == 'M' && decoder->length == 0) {
		swallow(decoder, 3); // a mouse report as X10 has it: button, column, row
	} else {
		if (!decoder->is_alt)
			emit(keys, key_of_csi(decoder, final));
		to_ground(decoder);
	}
}

static void take_ground_again(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	to_ground(decoder);
	take_ground(decoder, byte, keys);
}

static void keep_parameter(struct term_keys *decoder, unsigned char byte)
{
	if (decoder->length < sizeof decoder->parameters - 1)
		decoder->parameters[decoder->length] = (char)byte;
	decoder->length++;
}

static void take_csi(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	bool is_linux = decoder->length == 1 && decoder->parameters[0] == '[';

	if (byte < 0x20 || byte >= 0x7f) {
		take_ground_again(decoder, byte, keys);
	} else if (is_linux) {
		// CSI [ A … E: F1 to F5 of the Linux console
		if (byte == 'A' && !decoder->is_alt)
			emit(keys, K_F1);
		to_ground(decoder);
	} else if (byte < 0x40 || (byte == '[' && decoder->length == 0)) {
		keep_parameter(decoder, byte);
	} else {
		end_csi(decoder, (char)byte, keys);
	}
}

static void take_ss3(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	if (byte < 0x20 || byte >= 0x7f) {
		take_ground_again(decoder, byte, keys);
	} else if (byte < 0x40) {
		keep_parameter(decoder, byte);
	} else {
		if (!decoder->is_alt)
			emit(keys, key_of_final((char)byte));
		to_ground(decoder);
	}
}

// OSC, DCS, SOS, PM, APC: until ST, BEL, CAN or SUB.
static void take_string(struct term_keys *decoder, unsigned char byte)
{
	if (byte == ESC)
		decoder->state = TERM_KEYS_STRING_ESCAPE;
	else if (byte == 0x07 || byte == 0x18 || byte == 0x1a)
		to_ground(decoder);
}

static void take_string_escape(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	to_ground(decoder);
	if (byte == '\\')
		return;
	decoder->state = TERM_KEYS_ESCAPE;
	decoder->escapes = 1;
	take_escape(decoder, byte, keys);
}

static void take_character(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	if ((byte & 0xc0) != 0x80) {
		take_ground_again(decoder, byte, keys);
		return;
	}
	decoder->character = decoder->character << 6 | (byte & 0x3f);
	if (--decoder->more == 0)
		end_character(decoder, keys);
}

static void take(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	switch (decoder->state) {
	case TERM_KEYS_GROUND: take_ground(decoder, byte, keys); break;
	case TERM_KEYS_CHARACTER: take_character(decoder, byte, keys); break;
	case TERM_KEYS_ESCAPE: take_escape(decoder, byte, keys); break;
	case TERM_KEYS_CSI: take_csi(decoder, byte, keys); break;
	case TERM_KEYS_SS3: take_ss3(decoder, byte, keys); break;
	case TERM_KEYS_STRING: take_string(decoder, byte); break;
	case TERM_KEYS_STRING_ESCAPE: take_string_escape(decoder, byte, keys); break;
	case TERM_KEYS_SWALLOW:
		if (--decoder->more == 0)
			to_ground(decoder);
		break;
	}
}

// --- pastes
// ----------------------------------------------------------------------------------------------------------

static const char paste_end[] = "[201~"; // after ESC

static void paste_character(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	bool was_return = decoder->was_return;

	decoder->was_return = byte == '\r';
	if (decoder->state == TERM_KEYS_CHARACTER && (byte & 0xc0) == 0x80)
		take_character(decoder, byte, keys);
	else if (byte >= 0x80)
		begin_character(decoder, byte);
	else if (byte == '\r' || (byte == '\n' && !was_return))
		emit(keys, '\n');
	else if (byte == '\t' || (byte >= 0x20 && byte != 0x7f))
		emit(keys, byte);
	if (byte < 0x80)
		to_ground(decoder);
}

// In a paste all bytes are text but ESC [ 2 0 1 ~, which ends it. `length` counts what of that was
// seen.
static void take_pasted(struct term_keys *decoder, unsigned char byte, struct keys *keys)
{
	if (decoder->state == TERM_KEYS_ESCAPE &&
		byte == (unsigned char)paste_end[decoder->length]) {
		if (paste_end[++decoder->length] == '\0') {
			to_ground(decoder);
			decoder->is_pasting = false;
			emit(keys, K_PASTE_END);
		}
		return;
	}
	if (decoder->state == TERM_KEYS_ESCAPE) {
		size_t seen = decoder->length;

		to_ground(decoder);
		for (size_t i = 0; i < seen; i++)
			emit(keys, paste_end[i]);
	}
	if (byte == ESC)
		begin(decoder, TERM_KEYS_ESCAPE);
	else
		paste_character(decoder, byte, keys);
}

// --- the interface
// ---------------------------------------------------------------------------------------------------

size_t term_keys_feed(
	struct term_keys *decoder, const void *bytes, size_t count, int64_t now_us, int keys[])
{
	struct keys out = {.items = keys};
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < count; i++) {
		if (decoder->is_pasting)
			take_pasted(decoder, byte[i], &out);
		else
			take(decoder, byte[i], &out);
	}
	if (count)
		decoder->since_us = now_us;
	return out.count;
}

int64_t term_keys_deadline_us(const struct term_keys *decoder)
{
	if (decoder->state == TERM_KEYS_GROUND)
		return -1;
	if (decoder->state == TERM_KEYS_ESCAPE && decoder->length == 0)
		return decoder->since_us + TERM_KEYS_ESCAPE_US;
	// The rest of a paste must not read as commands, however late it comes.
	return decoder->is_pasting ? -1 : decoder->since_us + TERM_KEYS_SEQUENCE_US;
}

size_t term_keys_expire(struct term_keys *decoder, int64_t now_us, int keys[])
{
	struct keys out = {.items = keys};
	int64_t deadline_us = term_keys_deadline_us(decoder);

	if (deadline_us < 0 || now_us < deadline_us)
		return 0;
	if (decoder->state == TERM_KEYS_ESCAPE && decoder->is_pasting) {
		decoder->is_pasting = false;
		emit(&out, K_PASTE_END);
	} else if (decoder->state == TERM_KEYS_ESCAPE) {
		for (int i = decoder->escapes; i > 0; i--)
			emit(&out, K_ESCAPE);
	} else if (decoder->state == TERM_KEYS_STRING_ESCAPE) {
		emit(&out, K_ESCAPE);
	}
	to_ground(decoder);
	return out.count;
}
