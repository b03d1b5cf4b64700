// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <yaml.h>

#include "relight/json.h"
#include "relight/manifest.h"
#include "relight/memory.h"

// Objects as people read them: YAML in block style.

static int take_bytes(void *out, unsigned char *bytes, size_t length)
{
	buf_add(out, bytes, length);
	return 1;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	// It fails only where memory does: what goes in are values, and out a buffer.
	if (!yaml_emitter_emit(emitter, event))
		memory_exhausted();
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(
		    &event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style))
		memory_exhausted();
	emit(emitter, &event);
}

// Quoted where it would read as something else than a text.
static void emit_text(yaml_emitter_t *emitter, const char *text)
{
	struct yaml_node node = {.text = text};

	yaml_scalar_resolve(&node);
	emit_scalar(emitter, text,
		node.type != YAML_STRING ? YAML_SINGLE_QUOTED_SCALAR_STYLE
		: strchr(text, '\n')     ? YAML_LITERAL_SCALAR_STYLE
					 : YAML_ANY_SCALAR_STYLE);
}

static void emit_value(yaml_emitter_t *emitter, const cJSON *value);

static void emit_collection(yaml_emitter_t *emitter, const cJSON *value, bool is_object)
{
	yaml_event_t begin, end;
	bool is_made;

	if (is_object)
		is_made = yaml_mapping_start_event_initialize(
				  &begin, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) &&
			  yaml_mapping_end_event_initialize(&end);
	else
		is_made = yaml_sequence_start_event_initialize(
				  &begin, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE) &&
			  yaml_sequence_end_event_initialize(&end);
	if (!is_made)
		memory_exhausted();
	emit(emitter, &begin);
	json_each (item, value) {
		if (is_object)
			emit_text(emitter, item->string);
		emit_value(emitter, item);
	}
	emit(emitter, &end);
}

// Recursion is bounded by the depth of what was read.
static void emit_value(yaml_emitter_t *emitter, const cJSON *value)
{
	struct buf text = {0};

	if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
		emit_collection(emitter, value, cJSON_IsObject(value));
	} else if (cJSON_IsString(value)) {
		emit_text(emitter, value->valuestring);
	} else {
		json_write(&text, value);
		emit_scalar(emitter, buf_str(&text), YAML_PLAIN_SCALAR_STYLE);
	}
	buf_fini(&text);
}

void manifest_write(const cJSON *value, struct buf *out)
{
	yaml_emitter_t emitter;
	yaml_event_t event;

	if (!yaml_emitter_initialize(&emitter))
		memory_exhausted();
	yaml_emitter_set_output(&emitter, take_bytes, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	if (!yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING))
		memory_exhausted();
	emit(&emitter, &event);
	if (!yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1))
		memory_exhausted();
	emit(&emitter, &event);
	emit_value(&emitter, value);
	if (!yaml_document_end_event_initialize(&event, 1))
		memory_exhausted();
	emit(&emitter, &event);
	if (!yaml_stream_end_event_initialize(&event))
		memory_exhausted();
	emit(&emitter, &event);
	yaml_emitter_delete(&emitter);
}
