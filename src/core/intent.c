// SPDX-License-Identifier: Apache-2.0
#include "relight/intent.h"

#include <string.h>

const struct intent_info intent_table[INTENT_KINDS] = {
#define X(name, word_, key_, label_, needs_, help_)                                                \
	[INTENT_##name] = {                                                                        \
		.word = word_, .key = key_, .label = label_, .needs = needs_, .help = help_},
	INTENTS(X)
#undef X
};

const char *const intent_note_types[] = {
	"observation",
	"hypothesis",
	"decision",
	"action",
	"communication",
	"milestone",
	NULL,
};

enum intent_kind intent_parse(const char *word)
{
	for (int kind = INTENT_NONE + 1; kind < INTENT_KINDS; kind++)
		if (word && !strcmp(intent_table[kind].word, word))
			return (enum intent_kind)kind;
	return INTENT_NONE;
}

struct intent intent_of(enum intent_kind kind)
{
	return (struct intent){
		.kind = kind,
		.step = -1,
		.dependency = -1,
		.input = -1,
		.target = -1,
		.restore_point = -1,
		.open_line = -1,
		.of = -1,
		.at = WALL_NONE,
		.until = WALL_NONE,
		.detected_at = WALL_NONE,
	};
}
