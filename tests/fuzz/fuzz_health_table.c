// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/health_table.h"

// A file of health tables that somebody wrote, or something: it is read, or its mistakes are said;
// either way what it matches can be asked about.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void use(const struct health_tables *tables)
{
	static const char *const groups[] = {"", "apps", "velero.io", "a.b.example.io"};
	static const char *const kinds[] = {"Pod", "Backup", "Thing"};
	const char *file, *text;
	int line, column;

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++) {
			const struct health_table *table =
				health_table_find(tables, HEALTH_USER, groups[i], kinds[j]);
			if (table && !health_table_program(table)[0])
				abort();
		}
	for (size_t i = 0;
		(text = health_tables_expression(tables, HEALTH_USER, i, &file, &line, &column));
		i++)
		if (!text[0] || line < 1 || column < 1)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct health_tables *tables = health_tables_new();
	char *text = malloc(length + 1);
	struct diags diags = {.file = "fuzz.yaml", .source = text};
	struct buf words = {0};

	if (length)
		memcpy(text, bytes, length);
	text[length] = '\0';
	health_tables_add(tables, HEALTH_USER, text, length, &diags);
	diags_print(&diags, &words);
	if (diags.errors && !words.length)
		abort();
	use(tables);
	buf_fini(&words);
	diags_fini(&diags);
	health_tables_free(tables);
	free(text);
	return 0;
}
