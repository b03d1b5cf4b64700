// SPDX-License-Identifier: Apache-2.0
//
// Prints the KEYS section of relight(1) from the tables that the program itself goes by.
#include <stdio.h>

#include "relight/intent.h"
#include "relight/ui.h"

// A text in mdoc: a line must not begin with a control character, and a backslash is one
// everywhere.
static void print_text(const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
	}
	putchar('\n');
}

static void print_row(const char *key, const char *word, const char *help)
{
	printf(".It Li \\&%s , Cm :%s\n", key, word);
	print_text(help);
}

int main(void)
{
	puts("Moving about:");
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < ui_command_count; i++)
		print_row(ui_commands[i].key, ui_commands[i].word, ui_commands[i].help);
	puts(".El");
	puts(".Pp");
	puts("Acting; those without a key are reached by");
	puts(".Sq Li \\&: ,");
	puts("the palette, which completes them.");
	puts("Each opens a dialog that says what will happen before it does:");
	puts(".Bl -tag -width Ds");
	for (int kind = INTENT_NONE + 1; kind < INTENT_KINDS; kind++)
		if (intent_table[kind].key[0])
			print_row(intent_table[kind].key, intent_table[kind].word,
				intent_table[kind].help);
	for (int kind = INTENT_NONE + 1; kind < INTENT_KINDS; kind++)
		if (!intent_table[kind].key[0]) {
			printf(".It Cm :%s\n", intent_table[kind].word);
			print_text(intent_table[kind].help);
		}
	puts(".El");
	return 0;
}
