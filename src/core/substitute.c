// SPDX-License-Identifier: Apache-2.0
#include "relight/substitute.h"

#include <string.h>

#include "relight/template.h"

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

static bool add_value(const struct substitution *values, const struct template_part *variable,
	struct buf *out, struct err *err)
{
	const char *value = NULL;

	if (!variable->scope[0])
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
	struct template_part part;

	for (const char *start = at; template_next(&at, &part); start = at) {
		if (part.kind == TEMPLATE_MALFORMED)
			return err_set(err, "%.40s: not a variable", start);
		if (part.kind == TEMPLATE_TEXT)
			buf_add(out, part.text, part.length);
		else if (!add_value(values, &part, out, err))
			return false;
	}
	return true;
}
