// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "relight/theme.h"

// Any bytes are a theme or are refused in words, which leaves the theme that was there; every role
// has a look that the terminal has colours for.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const int terminals[] = {0, 8, 16, 256};
	struct diags diags = {.file = "t.yaml"};
	struct theme theme, before;
	struct buf printed = {0};
	char *text = memory_copy_bytes((const char *)bytes, length); // diagnostics quote lines

	memset(&theme, 0, sizeof theme); // its padding, too, is compared
	theme_plain(&theme);
	memcpy(&before, &theme, sizeof before);
	if (!theme_load(&theme, text, length, &diags) &&
		(!diags.errors || memcmp(&theme, &before, sizeof theme) != 0))
		abort();
	for (int role = 0; role < ROLE_COUNT; role++) {
		for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
			struct look look = theme_look(&theme, (enum role)role, terminals[i]);

			if (look.fg >= terminals[i] || look.bg >= terminals[i])
				abort();
		}
	}
	if (memchr(theme.name, '\0', sizeof theme.name) == NULL ||
		memchr(theme.title, '\0', sizeof theme.title) == NULL)
		abort();
	diags_print(&diags, &printed);
	diags_fini(&diags);
	buf_fini(&printed);
	free(text);
	return 0;
}
