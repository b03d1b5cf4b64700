// SPDX-License-Identifier: Apache-2.0
#include "yaml_resolve.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool is_digits(const char *text, const char *digits)
{
	return *text && text[strspn(text, digits)] == '\0';
}

// [-+]?[0-9]+, 0o[0-7]+ and 0x[0-9a-fA-F]+. What does not fit 64 bits is left to the floats.
static bool resolve_int(struct yaml_node *node)
{
	const char *text = node->text;
	const char *digits = text + (*text == '-' || *text == '+');
	int base = 0;

	if (is_digits(digits, "0123456789"))
		base = 10;
	else if (strncmp(text, "0o", 2) == 0 && is_digits(text + 2, "01234567"))
		base = 8;
	else if (strncmp(text, "0x", 2) == 0 && is_digits(text + 2, "0123456789abcdefABCDEF"))
		base = 16;
	if (!base)
		return false;
	errno = 0;
	long long value = strtoll(base == 10 ? text : text + 2, NULL, base);
	if (errno)
		return false;
	node->type = YAML_INT;
	node->integer = value;
	node->number = (double)value;
	return true;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
static bool looks_like_float(const char *text)
{
	static const char digits[] = "0123456789";

	text += *text == '-' || *text == '+';
	size_t whole = strspn(text, digits);
	text += whole;
	if (*text == '.') {
		size_t fraction = strspn(++text, digits);
		if (!whole && !fraction)
			return false;
		text += fraction;
	} else if (!whole) {
		return false;
	}
	if (*text != 'e' && *text != 'E')
		return *text == '\0';
	text++;
	text += *text == '-' || *text == '+';
	return is_digits(text, digits);
}

static bool resolve_float(struct yaml_node *node)
{
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
	const char *text = node->text;

	if (is_one_of(text, nans))
		node->number = NAN;
	else if (is_one_of(text + (*text == '-' || *text == '+'), infinities))
		node->number = *text == '-' ? -INFINITY : INFINITY;
	else if (looks_like_float(text))
		node->number = strtod(text, NULL);
	else
		return false;
	node->type = YAML_FLOAT;
	return true;
}

void yaml_scalar_resolve(struct yaml_node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};

	if (is_one_of(node->text, nulls)) {
		node->type = YAML_NULL;
	} else if (is_one_of(node->text, trues) || is_one_of(node->text, falses)) {
		node->type = YAML_BOOL;
		node->boolean = node->text[0] == 't' || node->text[0] == 'T';
	} else if (!resolve_int(node) && !resolve_float(node)) {
		node->type = YAML_STRING;
	}
}

// --- as kubectl reads it -----------------------------------------------------------------------------------------------

// Go's strconv.ParseInt with base 0: 0b, 0o, 0x, and 0 alone for octal. `text` has no underscores.
static bool resolve_go_int(struct yaml_node *node, const char *text)
{
	static const struct {
		const char *prefix, *digits;
		int base;
	} forms[] = {
		{"0b", "01", 2},
		{"0B", "01", 2},
		{"0o", "01234567", 8},
		{"0O", "01234567", 8},
		{"0x", "0123456789abcdefABCDEF", 16},
		{"0X", "0123456789abcdefABCDEF", 16},
		{"0", "01234567", 8},
		{"", "0123456789", 10},
	};
	bool is_negative = *text == '-';

	text += *text == '-' || *text == '+';
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t length = strlen(forms[i].prefix);

		if (strncmp(text, forms[i].prefix, length) != 0 ||
			!is_digits(text + length, forms[i].digits))
			continue;
		errno = 0;
		long long value = strtoll(text + length, NULL, forms[i].base);
		if (errno)
			return false;
		node->type = YAML_INT;
		node->integer = is_negative ? -value : value;
		node->number = (double)node->integer;
		return true;
	}
	return false;
}

static bool resolve_go_number(struct yaml_node *node)
{
	char *text = memory_copy_text(node->text), *to = text;

	for (const char *from = node->text; *from; from++)
		if (*from != '_')
			*to++ = *from;
	*to = '\0';
	bool is_number = resolve_go_int(node, text);
	if (!is_number && looks_like_float(text)) {
		node->type = YAML_FLOAT;
		node->number = strtod(text, NULL);
		is_number = true;
	}
	free(text);
	return is_number;
}

void yaml_scalar_resolve_as_kubectl(struct yaml_node *node)
{
	static const char *const trues[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL};
	static const char *const falses[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL};

	if (*node->text && strchr("+-0123456789", *node->text) && resolve_go_number(node))
		return;
	yaml_scalar_resolve(node);
	if (node->type != YAML_STRING)
		return;
	node->boolean = is_one_of(node->text, trues);
	if (node->boolean || is_one_of(node->text, falses))
		node->type = YAML_BOOL;
}
