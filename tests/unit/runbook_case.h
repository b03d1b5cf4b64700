// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_RUNBOOK_CASE_H
#define RELIGHT_TESTS_RUNBOOK_CASE_H

// Loading runbooks that are texts in a test, good ones and mistaken ones.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/runbook.h"

#define HEAD "relight: 1\nname: x\n" // two lines

static struct diags diags; // of the runbook that was loaded last

static inline struct runbook *load(const char *text)
{
	diags = (struct diags){.file = "t.yaml"};
	return runbook_load(text, strlen(text), "/base", &diags);
}

// One that must be good.
static inline struct runbook *good(const char *text)
{
	struct runbook *runbook = load(text);

	if (!runbook) {
		struct buf out = {0};
		diags_print(&diags, &out);
		print_error("%s", buf_str(&out));
		buf_fini(&out);
	}
	assert_non_null(runbook);
	diags_fini(&diags);
	return runbook;
}

struct mistake {
	const char *text; // after HEAD
	const char *code;
	int line, column;
	const char *suggestion; // NULL: none
};

// Each text has exactly this error, and no other.
static inline void assert_mistakes(const struct mistake *mistakes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct mistake *mistake = &mistakes[i];
		struct buf text = {0};
		buf_printf(&text, HEAD "%s", mistake->text);
		if (load(buf_str(&text)))
			fail_msg("no error in: %s", mistake->text);
		const struct diag *diag = &diags.items[0];
		struct buf out = {0};
		diags_print(&diags, &out);
		if (diags.errors != 1 || strcmp(diag->code, mistake->code) != 0 ||
			diag->line != mistake->line || diag->column != mistake->column)
			fail_msg("expected %s at %d:%d of\n%s\ngot\n%s", mistake->code,
				mistake->line, mistake->column, mistake->text, buf_str(&out));
		if (!mistake->suggestion != !diag->suggestion ||
			(diag->suggestion && !strstr(diag->suggestion, mistake->suggestion)))
			fail_msg("expected suggestion %s in\n%s", mistake->suggestion,
				buf_str(&out));
		buf_fini(&out);
		buf_fini(&text);
		diags_fini(&diags);
	}
}

#define ASSERT_MISTAKES(list) assert_mistakes(list, sizeof(list) / sizeof *(list))
#define STEP                  "steps: [{id: a}]\n"

#endif
