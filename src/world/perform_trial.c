// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <stdlib.h>
#include <string.h>

#include "relight/file.h"
#include "relight/json.h"

// An attempt that is only tried leaves nothing behind: what came of it goes to whoever asked.

static void add_lines(cJSON *result, const struct buf *text)
{
	cJSON *lines = cJSON_AddArrayToObject(result, "lines");
	struct buf line = {0};

	for (size_t at = 0; at < text->length;) {
		const char *end = memchr(text->data + at, '\n', text->length - at);
		size_t length = (end ? (size_t)(end - text->data) : text->length) - at;

		buf_clear(&line);
		buf_add(&line, text->data + at, length);
		json_append_text(lines, buf_str(&line));
		at += length + 1;
	}
	buf_fini(&line);
}

// What was found out, which is masked already.
static cJSON *carry_out(const struct order *order)
{
	struct files files = {-1, -1, -1, -1, -1};
	struct output output;
	struct ending ending;
	char sha256[65];

	output_begin(&output, -1, order->mask);
	run_kubernetes(order, &files, &output, &ending);
	output_close(&output, sha256);

	cJSON *result = judge_ending(order, &ending, &output, sha256);

	add_lines(result, &output.unwritten);
	free(ending.why);
	cJSON_Delete(ending.cluster);
	output_fini(&output);
	return result;
}

int perform_trial(const char *directory, int in_fd, int out_fd)
{
	struct perform_task task = {.directory = directory, .lock_fd = -1, .in_fd = in_fd};
	struct order order = {0};
	struct err err = {0};
	struct buf line = {0};
	cJSON *result;

	perform_become_own_session();
	if (!order_read(&order, in_fd, &task, &err))
		result = judge_never_started(err.message);
	else if (!order.is_trial)
		result = judge_never_started("request: it is no dry run");
	else
		result = carry_out(&order);

	bool is_success = judge_is_success(result);

	json_write(&line, result);
	buf_byte(&line, '\n');
	file_write(out_fd, line.data, line.length, NULL);
	buf_fini(&line);
	cJSON_Delete(result);
	order_fini(&order);
	return is_success ? 0 : 1;
}
