// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/lint.h"
#include "relight/runbook.h"
#include "relight/substitute.h"

// Any bytes are a runbook or are refused in words: what is loaded can be walked, linted and
// substituted, and every diagnostic can be printed.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void use(const struct runbook *runbook)
{
	const struct substitution nothing = {.runbook = runbook, .attempt = 1};
	struct buf out = {0};

	for (size_t i = 0; i < runbook->step_count; i++) {
		const struct step *step = &runbook->steps[i];
		if (runbook_step(runbook, step->id) != (int)i || !step->title || !step->group)
			abort();
		for (size_t j = 0; j < step->needs.count; j++)
			if (step->needs.items[j] < 0 ||
				(size_t)step->needs.items[j] >= runbook->step_count)
				abort();
		substitute(step_typed_name(runbook, step, NULL, NULL), &nothing, &out, NULL);
		step_unbuilt(step);
	}
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		const struct dependency *dependency = &runbook->dependencies[i];
		if (runbook_dependency(runbook, dependency->id) != (int)i ||
			dependency->check_count == 0)
			abort();
		dependency_unbuilt(dependency);
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct diags diags = {.file = "fuzz.yaml"};
	struct buf out = {0};
	char *text = malloc(length + 1);

	if (length)
		memcpy(text, bytes, length);
	text[length] = '\0';
	struct runbook *runbook = runbook_load(text, length, ".", &diags);
	if (!runbook != !!diags.errors)
		abort();
	if (runbook) {
		use(runbook);
		lint_runbook(runbook, &diags);
	}
	diags_print(&diags, &out);
	runbook_free(runbook);
	diags_fini(&diags);
	buf_fini(&out);
	free(text);
	return 0;
}
