// SPDX-License-Identifier: Apache-2.0
#include "relight/identity.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *word, *say;
} identities[] = {
	[IDENTITY_ASSERTED] = {"asserted", "asserted"},
	[IDENTITY_PEER] = {"peer", "that user seen by the session before"},
	[IDENTITY_KEY] = {"key", "by SSH key"},
};
static_assert(sizeof identities / sizeof *identities == IDENTITY_COUNT, "one row each");

const char *identity_word(enum identity identity)
{
	assert(identity < IDENTITY_COUNT);
	return identities[identity].word;
}

const char *identity_say(enum identity identity)
{
	assert(identity < IDENTITY_COUNT);
	return identities[identity].say;
}

enum identity identity_parse(const char *word)
{
	int i = 0;
	while (i < IDENTITY_COUNT && !(word && strcmp(word, identities[i].word) == 0))
		i++;
	return (enum identity)i;
}
