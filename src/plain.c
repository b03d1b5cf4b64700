// SPDX-License-Identifier: Apache-2.0
#include "plain.h"

#include <string.h>

#include "relight/cells.h"

void plain_add(struct buf *out, const char *text)
{
	struct safe_text safe;
	struct cell cell;
	if (!text)
		return;
	safe_begin(&safe, text, strlen(text), true, 0);
	while (safe_next(&safe, &cell))
		buf_text(out, cell.text);
}
