// SPDX-License-Identifier: Apache-2.0
#include "health_output.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

struct health_line {
	struct health_line *next;
	cJSON *fields; // as the JSON line has them; without a verdict at first
	bool is_done;
};

void health_output_init(struct health_output *output, bool as_text)
{
	*output = (struct health_output){.as_text = as_text, .all_healthy = true};
	output->last = &output->first;
}

struct health_line *health_output_add(
	struct health_output *output, const cJSON *id, const cJSON *object)
{
	struct health_line *line = memory_zeroed(1, sizeof *line);
	char group[128];

	health_group(object, group);
	line->fields = json_object();
	json_add(line->fields, "id", id ? cJSON_Duplicate(id, true) : NULL);
	json_add_text(line->fields, "group", group);
	json_add_text(line->fields, "kind", json_text(object, "kind"));
	json_add_text(line->fields, "namespace", json_path_text(object, "metadata.namespace"));
	json_add_text(line->fields, "name", json_path_text(object, "metadata.name"));
	*output->last = line;
	output->last = &line->next;
	return line;
}

// Words from outside, safe to show: escaped as in JSON, without the quotes and what only JSON needs
// to escape.
static void write_visible(struct buf *out, const char *words)
{
	struct buf escaped = {0};

	json_write_text(&escaped, words);
	for (size_t i = 1; i + 1 < escaped.length; i++) {
		bool is_needless = escaped.data[i] == '\\' && strchr("\\\"", escaped.data[i + 1]);
		buf_byte(out, escaped.data[is_needless ? ++i : i]);
	}
	buf_fini(&escaped);
}

static void write_text(struct buf *out, const cJSON *fields)
{
	const char *kind = json_text(fields, "kind"), *name = json_text(fields, "name");
	const char *namespace = json_text(fields, "namespace");
	struct buf what = {0};

	buf_printf(&what, "%s %s%s%s", kind ? kind : "?", namespace ? namespace : "",
		namespace ? "/" : "", name ? name : "?");
	buf_printf(out, "%-12s", json_text(fields, "status"));
	write_visible(out, buf_str(&what));
	buf_text(out, ": ");
	write_visible(out, json_text(fields, "message"));
	buf_fini(&what);
}

static void write_line(struct buf *out, const cJSON *fields, bool as_text)
{
	if (as_text)
		write_text(out, fields);
	else
		json_write(out, fields);
	buf_byte(out, '\n');
}

void health_output_say(
	struct health_output *output, struct health_line *line, const struct health *health)
{
	struct buf out = {0};

	assert(!line->is_done);
	line->is_done = true;
	output->all_healthy &= health->status == STATUS_HEALTHY;
	json_add_text(line->fields, "status", status_word(health->status));
	json_add_text(line->fields, "message", health->message);
	json_add_text(line->fields, "rule", health->rule);
	while (output->first && output->first->is_done) {
		struct health_line *done = output->first;
		write_line(&out, done->fields, output->as_text);
		output->first = done->next;
		cJSON_Delete(done->fields);
		free(done);
	}
	if (!output->first)
		output->last = &output->first;
	fwrite(buf_str(&out), 1, out.length, stdout);
	buf_fini(&out);
}
