// SPDX-License-Identifier: Apache-2.0
#include "relight/substitute.h"

#include <string.h>

#define MAX_NAME 128 // bytes of a scope or a name, the NUL included

struct variable {
	char scope[MAX_NAME]; // "" for a bare name
	char name[MAX_NAME];
	size_t bytes; // of the text, "${" and "}" included
};

// The length of a scope or name at `text`. Spelt out, because what isalnum() takes depends on the
// locale.
static size_t word_length(const char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	return strspn(text, letters);
}

static bool word_copy(char word[MAX_NAME], const char *text, size_t length)
{
	if (length == 0 || length >= MAX_NAME)
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	return true;
}

// Reads `${scope.name}` or `${name}`, where `text` stands on the dollar sign.
static bool variable_read(const char *text, struct variable *variable)
{
	const char *at = text + 2;
	size_t length = word_length(at);

	variable->scope[0] = '\0';
	if (at[length] == '.') {
		if (!word_copy(variable->scope, at, length))
			return false;
		at += length + 1;
		length = word_length(at);
	}
	if (!word_copy(variable->name, at, length) || at[length] != '}')
		return false;
	variable->bytes = (size_t)(at + length + 1 - text);
	return true;
}

// What stands at a dollar sign.
enum dollar { DOLLAR_PLAIN, DOLLAR_ESCAPED, DOLLAR_VARIABLE };

static enum dollar dollar_kind(const char *text)
{
	if (text[1] == '{')
		return DOLLAR_VARIABLE;
	return text[1] == '$' && text[2] == '{' ? DOLLAR_ESCAPED : DOLLAR_PLAIN;
}

static const char *scope_value(const struct substitution *values, const char *name)
{
	const struct env_pairs *all;

	if (!values->runbook)
		return NULL;
	all = &values->runbook->scope.all;
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->items[i].name, name) == 0)
			return all->items[i].value;
	return NULL;
}

static bool add_input(
	const struct substitution *values, const char *name, struct buf *out, struct err *err)
{
	int index = values->runbook ? runbook_input(values->runbook, name) : -1;
	const char *value = index >= 0 && values->inputs ? values->inputs[index] : NULL;

	if (!value)
		return err_set(err, "needs input %s", name);
	buf_text(out, value);
	return true;
}

static bool add_bare(
	const struct substitution *values, const char *name, struct buf *out, struct err *err)
{
	if (strcmp(name, "each") == 0 && values->each) {
		buf_text(out, values->each);
		return true;
	}
	if (strcmp(name, "attempt") == 0 && values->attempt > 0) {
		buf_printf(out, "%d", values->attempt);
		return true;
	}
	return err_set(err, "${%s} has no value here", name);
}

static bool add_value(const struct substitution *values, const struct variable *variable,
	struct buf *out, struct err *err)
{
	const char *value = NULL;

	if (!*variable->scope)
		return add_bare(values, variable->name, out, err);
	if (strcmp(variable->scope, "input") == 0)
		return add_input(values, variable->name, out, err);
	if (strcmp(variable->scope, "scope") == 0)
		value = scope_value(values, variable->name);
	else if (strcmp(variable->scope, "incident") == 0 && strcmp(variable->name, "id") == 0)
		value = values->incident;
	else if (strcmp(variable->scope, "env") == 0 && values->env) {
		value = values->env(values->env_context, variable->name);
		if (!value)
			return err_set(err, "environment name %s is not set", variable->name);
	}
	if (!value)
		return err_set(err, "${%s.%s} has no value here", variable->scope, variable->name);
	buf_text(out, value);
	return true;
}

bool substitute(
	const char *template, const struct substitution *values, struct buf *out, struct err *err)
{
	const char *at = template;

	for (;;) {
		const char *dollar = strchr(at, '$');
		struct variable variable;
		if (!dollar) {
			buf_text(out, at);
			return true;
		}
		buf_add(out, at, (size_t)(dollar - at));
		switch (dollar_kind(dollar)) {
		case DOLLAR_PLAIN:
			buf_byte(out, '$');
			at = dollar + 1;
			break;
		case DOLLAR_ESCAPED:
			buf_text(out, "${");
			at = dollar + 3;
			break;
		case DOLLAR_VARIABLE:
			if (!variable_read(dollar, &variable))
				return err_set(err, "%.40s: not a variable", dollar);
			if (!add_value(values, &variable, out, err))
				return false;
			at = dollar + variable.bytes;
			break;
		}
	}
}

void substitute_scan(const char *template,
	void (*each_variable)(void *context, const char *scope, const char *name, size_t offset),
	void *context)
{
	const char *at = template;

	while ((at = strchr(at, '$'))) {
		struct variable variable;
		size_t offset = (size_t)(at - template);
		switch (dollar_kind(at)) {
		case DOLLAR_PLAIN: at += 1; break;
		case DOLLAR_ESCAPED: at += 3; break;
		case DOLLAR_VARIABLE:
			if (variable_read(at, &variable)) {
				each_variable(context, variable.scope, variable.name, offset);
				at += variable.bytes;
			} else {
				each_variable(context, "", NULL, offset);
				at += 2;
			}
			break;
		}
	}
}

void substitute_input_name(const char *id, struct buf *out)
{
	buf_text(out, "RELIGHT_INPUT_");
	// Not toupper(): in Turkish, i is not the small letter of I.
	for (; *id; id++)
		buf_byte(out, *id == '-'                 ? '_'
			      : *id >= 'a' && *id <= 'z' ? (char)(*id - 'a' + 'A')
							 : *id);
}
