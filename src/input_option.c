// SPDX-License-Identifier: Apache-2.0
#include "input_option.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "relight/event.h"
#include "relight/file.h"
#include "relight/input.h"
#include "relight/memory.h"

static bool read_value(const char *text, struct buf *value, struct err *err)
{
	if (text[0] != '@') {
		buf_text(value, text);
		return true;
	}
	if (!file_read(AT_FDCWD, text + 1, EVENT_MAX_BYTES, value, err))
		return false;
	while (value->length > 0 && strchr("\r\n", value->data[value->length - 1]))
		value->data[--value->length] = '\0';
	return true;
}

int input_option(
	const struct runbook *runbook, const char *assignment, char **value, struct err *err)
{
	const char *equals = strchr(assignment, '=');
	struct buf text = {0};
	*value = NULL;
	if (!equals || equals == assignment) {
		err_set(err, "input: %s: give NAME=VALUE or NAME=@FILE", assignment);
		return -1;
	}
	char *name = memory_copy_bytes(assignment, (size_t)(equals - assignment));
	int input = runbook_input(runbook, name);
	if (input < 0)
		err_set(err, "input: %s: the runbook has no such input", name);
	else if (!read_value(equals + 1, &text, err) ||
		 !input_fits(&runbook->inputs[input], buf_str(&text), err))
		input = -1;
	if (input >= 0)
		*value = buf_take(&text);
	buf_wipe(&text);
	free(name);
	return input;
}
