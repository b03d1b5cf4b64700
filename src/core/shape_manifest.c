// SPDX-License-Identifier: Apache-2.0
//
// The data of a Kubernetes Secret. `kubectl get -o yaml` and `-o json` name the kind behind the
// data, people's manifests name it somewhere before. So a block of `data` is one of a Secret when
// the kind that follows says so; where none follows, when all of its values are base64 and one of
// them is too long, or padded, to be a word that merely looks so. Only Secrets have `stringData`.
#include "shape_parts.h"

#include <string.h>

#define CONVINCING_BYTES 16 // of base64

struct block {
	size_t from, end;   // what to hide
	size_t after;       // where what follows the block begins
	bool is_certain;    // stringData
	bool is_base64;     // all values so far
	bool is_convincing; // one of them is no word
};

// `is_cut`: more of it may follow.
static void judge_value(struct block *block, const char *value, size_t length, bool is_cut)
{
	size_t padding = 0;

	if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
		value++;
		length -= 2;
	}
	while (padding < 2 && padding < length && value[length - 1 - padding] == '=')
		padding++;
	block->is_base64 = block->is_base64 && (is_cut || length % 4 == 0);
	for (size_t i = 0; i < length - padding; i++)
		block->is_base64 = block->is_base64 && value[i] != '=' &&
				   shape_is_base64((unsigned char)value[i]);
	block->is_convincing = block->is_convincing || padding || length >= CONVINCING_BYTES;
}

static enum shape_verdict verdict_of(const struct block *block, struct shape_match *match)
{
	if (!block->is_certain && !(block->is_base64 && block->is_convincing))
		return SHAPE_NONE;
	match->from = block->from;
	match->end = block->end;
	return SHAPE_FOUND;
}

// The block has not ended, and what there is of it is one of a Secret: the rest is as well.
static enum shape_verdict open_block(
	const struct block *block, bool (*is_part)(unsigned char), struct shape_match *match)
{
	match->is_part = verdict_of(block, match) == SHAPE_FOUND ? is_part : NULL;
	return SHAPE_OPEN;
}

// --- YAML ------------------------------------------------------------------------------------------------------------

static bool is_yaml_part(unsigned char c)
{
	return shape_is_base64(c) || (c && strchr(":._- \t\r\n", c));
}

static size_t line_end(const struct shape_text *text, size_t at)
{
	const char *end = memchr(text->bytes + at, '\n', text->length - at);

	return end ? (size_t)(end - text->bytes) : text->length;
}

static size_t indent_at(const struct shape_text *text, size_t at)
{
	size_t end = at;

	while (end < text->length && text->bytes[end] == ' ')
		end++;
	return end - at;
}

// `key: value`. A value that has lines of its own (`key: |`) is none of base64.
static void judge_line(struct block *block, const char *line, size_t length, bool is_cut)
{
	const char *colon = memchr(line, ':', length);
	size_t at = colon ? (size_t)(colon - line) + 1 : 0;

	while (at < length && shape_is_space((unsigned char)line[at]))
		at++;
	while (length > at && strchr(" \t\r", line[length - 1]))
		length--;
	block->is_base64 = block->is_base64 && (colon || is_cut);
	judge_value(block, line + at, length - at, is_cut);
}

// The lines that are indented deeper than their key. SHAPE_OPEN: what follows may belong to them.
static enum shape_verdict take_yaml(
	const struct shape_text *text, size_t indent, size_t at, struct block *block)
{
	for (;;) {
		size_t deep = indent_at(text, at), end = line_end(text, at);
		bool is_all = at + deep == text->length;
		bool is_blank = !is_all && strchr("\r\n", text->bytes[at + deep]);
		bool is_cut = end == text->length && !text->is_whole;

		if (is_cut && (deep <= indent || is_all))
			return SHAPE_OPEN;
		if (!is_blank && (deep <= indent || is_all)) {
			block->after = at + deep;
			return block->from ? SHAPE_FOUND : SHAPE_NONE;
		}
		if (!is_blank) {
			block->from = block->from ? block->from : at + deep;
			block->end = end;
			judge_line(block, text->bytes + at + deep, end - at - deep, is_cut);
		}
		if (is_cut)
			return SHAPE_OPEN;
		at = end == text->length ? end : end + 1;
	}
}

// What the line behind the block says: SHAPE_FOUND: kind: Secret; SHAPE_NONE: another kind;
// SHAPE_OPEN: it says nothing of that.
static enum shape_verdict kind_in_yaml(const struct shape_text *text, size_t at)
{
	static const char immutable[] = "immutable: ", kind[] = "kind: ";
	size_t end;

	if (shape_begins(text, at, immutable, false) == SHAPE_FOUND) {
		end = line_end(text, at);
		at = end == text->length ? end : end + 1;
		at += indent_at(text, at);
	}
	if (shape_begins(text, at, kind, false) != SHAPE_FOUND)
		return SHAPE_OPEN;
	end = line_end(text, at);
	if (end > at && text->bytes[end - 1] == '\r')
		end--;
	at += sizeof kind - 1;
	return end - at == 6 && !memcmp(text->bytes + at, "Secret", 6) ? SHAPE_FOUND : SHAPE_NONE;
}

// Whether the two lines that may tell the kind are there.
static bool sees_kind_line(const struct shape_text *text, size_t at)
{
	size_t first = line_end(text, at);
	size_t second = first < text->length ? line_end(text, first + 1) : first;

	return text->is_whole || second < text->length ||
	       (first < text->length && shape_begins(text, at, "immutable: ", false) == SHAPE_NONE);
}

static enum shape_verdict find_yaml(const struct shape_text *text, size_t indent, size_t at,
	struct block *block, struct shape_match *match)
{
	enum shape_verdict verdict = take_yaml(text, indent, at, block);

	if (verdict == SHAPE_NONE)
		return verdict;
	if (verdict == SHAPE_OPEN || (!block->is_certain && !sees_kind_line(text, block->after))) {
		block->end = text->length;
		return open_block(block, is_yaml_part, match);
	}
	verdict = block->is_certain ? SHAPE_OPEN : kind_in_yaml(text, block->after);
	if (verdict == SHAPE_NONE)
		return SHAPE_NONE;
	block->is_certain = block->is_certain || verdict == SHAPE_FOUND;
	return verdict_of(block, match);
}

// --- JSON ------------------------------------------------------------------------------------------------------------

static bool is_json_part(unsigned char c)
{
	return is_yaml_part(c) || c == '"' || c == ',' || c == '\\';
}

static size_t skip_white(const struct shape_text *text, size_t at)
{
	while (at < text->length && strchr(" \t\r\n", text->bytes[at]))
		at++;
	return at;
}

// Behind the quoted text at `at`, which `level` backslashes escape; 0: there is none there.
// *is_cut: it has not ended in the text.
static size_t take_quoted(const struct shape_text *text, size_t at, size_t level, size_t *from,
	size_t *to, bool *is_cut)
{
	if (level && at < text->length && text->bytes[at] == '\\')
		at++;
	*is_cut = at == text->length;
	if (*is_cut)
		return at;
	if (text->bytes[at] != '"')
		return 0;
	*from = at + 1;
	at = shape_quoted(text, *from, '"', level);
	*is_cut = !at;
	*to = at ? at - 1 - level : text->length;
	return at ? at : text->length;
}

// The members of an object whose values are texts, from behind its brace on. SHAPE_NONE: it has
// others.
static enum shape_verdict take_json(
	const struct shape_text *text, size_t at, size_t level, struct block *block)
{
	block->from = at;
	for (;;) {
		size_t from = 0, to = 0;

		at = skip_white(text, at);
		block->end = at;
		if (at == text->length)
			return SHAPE_OPEN;
		if (text->bytes[at] == '}') {
			block->after = at + 1;
			return SHAPE_FOUND;
		}
		if (text->bytes[at] == ',')
			at = skip_white(text, at + 1);
		for (int is_value = 0; is_value < 2; is_value++) {
			bool is_cut;

			at = take_quoted(text, at, level, &from, &to, &is_cut);
			if (!at)
				return SHAPE_NONE;
			if (is_value && to > from)
				judge_value(block, text->bytes + from, to - from, is_cut);
			at = skip_white(text, at);
			if (at == text->length)
				return SHAPE_OPEN;
			if (!is_value && text->bytes[at] != ':')
				return SHAPE_NONE;
			at = is_value ? at : skip_white(text, at + 1);
		}
	}
}

// The member behind the block, as kind_in_yaml; *is_open: more of it may follow.
static enum shape_verdict kind_in_json(
	const struct shape_text *text, size_t at, size_t level, bool *is_open)
{
	for (int member = 0; member < 2; member++) {
		size_t from = 0, to = 0, end;
		bool is_cut;

		at = skip_white(text, at);
		if (at < text->length && text->bytes[at] != ',')
			return SHAPE_OPEN;
		at = skip_white(text, at < text->length ? at + 1 : at);
		end = take_quoted(text, at, level, &from, &to, &is_cut);
		*is_open = is_cut && !text->is_whole;
		if (!end || is_cut)
			return SHAPE_OPEN;

		const char *key = text->bytes + from;
		size_t length = to - from;

		if (length == 4 && !memcmp(key, "type", 4)) // only Secrets have one beside `data`
			return SHAPE_FOUND;
		at = skip_white(text, end);
		if (at < text->length)
			at = skip_white(text, at + 1);
		*is_open = at == text->length && !text->is_whole;
		if (length == 9 && !memcmp(key, "immutable", 9)) {
			at = shape_run(text, at, shape_is_alnum);
			continue;
		}
		if (length != 4 || memcmp(key, "kind", 4) != 0)
			return SHAPE_OPEN;
		from = to = 0;
		take_quoted(text, at, level, &from, &to, &is_cut);
		*is_open = is_cut && !text->is_whole;
		return to - from == 6 && !memcmp(text->bytes + from, "Secret", 6) ? SHAPE_FOUND
										  : SHAPE_NONE;
	}
	return SHAPE_OPEN;
}

static enum shape_verdict find_json(const struct shape_text *text, size_t at, size_t level,
	struct block *block, struct shape_match *match)
{
	enum shape_verdict verdict = take_json(text, at, level, block);
	bool is_open = false;

	if (verdict == SHAPE_NONE)
		return verdict;
	if (verdict == SHAPE_OPEN) {
		block->end = text->length;
		return text->is_whole ? verdict_of(block, match)
				      : open_block(block, is_json_part, match);
	}
	verdict =
		block->is_certain ? SHAPE_OPEN : kind_in_json(text, block->after, level, &is_open);
	if (is_open)
		return open_block(block, is_json_part, match);
	if (verdict == SHAPE_NONE)
		return SHAPE_NONE;
	block->is_certain = block->is_certain || verdict == SHAPE_FOUND;
	return block->end > block->from ? verdict_of(block, match) : SHAPE_NONE;
}

// --- either ----------------------------------------------------------------------------------------------------------

// Behind `data` or `stringData` at `at`.
static enum shape_verdict take_key(const struct shape_text *text, size_t *at, struct block *block)
{
	static const char *const words[] = {"data", "stringData"};
	enum shape_verdict verdict = SHAPE_NONE;

	for (size_t i = 0; i < 2 && verdict == SHAPE_NONE; i++) {
		verdict = shape_begins(text, *at, words[i], false);
		if (verdict == SHAPE_FOUND) {
			*at += strlen(words[i]);
			block->is_certain = i == 1;
		}
	}
	return verdict;
}

enum shape_verdict shape_manifest(const struct shape_text *text, struct shape_match *match)
{
	bool begins_line = !text->before || text->before == '\n';
	struct block block = {.is_base64 = true};
	size_t at = begins_line ? indent_at(text, 0) : 0, indent = at;

	if (!begins_line && text->before != '"')
		return SHAPE_NONE;

	enum shape_verdict verdict = take_key(text, &at, &block);

	if (verdict != SHAPE_FOUND)
		return verdict;

	const enum shape_verdict ended = text->is_whole ? SHAPE_NONE : SHAPE_OPEN;

	if (begins_line) {
		if (at < text->length && text->bytes[at] != ':')
			return SHAPE_NONE;
		at = at < text->length ? at + 1 : at;
		while (at < text->length && strchr(" \t\r", text->bytes[at]))
			at++;
		if (at >= text->length)
			return ended;
		return text->bytes[at] == '\n' ? find_yaml(text, indent, at + 1, &block, match)
					       : SHAPE_NONE;
	}

	size_t level = at < text->length && text->bytes[at] == '\\';
	static const char *const wanted = "\":{";

	at += level;
	for (const char *c = wanted; *c; c++) {
		at = *c == '"' ? at : skip_white(text, at);
		if (at >= text->length)
			return ended;
		if (text->bytes[at++] != *c)
			return SHAPE_NONE;
	}
	return find_json(text, at, level, &block, match);
}
