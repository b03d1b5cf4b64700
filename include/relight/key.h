// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KEY_H
#define RELIGHT_KEY_H

// Keys, as the terminal delivers them and the screen takes them: a Unicode code point (32 and up,
// controls excluded), or one of these. Modifiers of the named keys are not told apart (Shift-Up is
// K_UP); Alt with a character is no key at all.
enum key {
	KEY_NONE = 0,
	KEY_CODE_BASE = 0x110000,
	K_UP,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PAGE_UP,
	K_PAGE_DOWN,
	K_INSERT,
	K_DELETE,
	K_BACKSPACE,
	K_ENTER,
	K_ESCAPE,
	K_TAB,
	K_BACK_TAB,
	K_F1,
	K_CTRL_A,
	K_CTRL_C,
	K_CTRL_D,
	K_CTRL_E,
	K_CTRL_K,
	K_CTRL_L,
	K_CTRL_U,
	K_CTRL_W,
	K_CTRL_Z,
	K_PASTE_BEGIN,
	K_PASTE_END, // what is between was pasted: code points, line ends as '\n', tabs as '\t'
	K_HANGUP,    // the terminal is gone
	KEY_CODE_END,
};

#endif
