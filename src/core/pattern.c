// SPDX-License-Identifier: Apache-2.0
#include "relight/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"

// How large a pattern is after its repeats are unfolded, as regcomp() does it: x+ becomes xx*, and
// x{2,} xxx*. It errs on the large side, and understands just enough: groups, sets, escapes and
// repeats.
struct measure {
	long sizes[PATTERN_MAX_DEPTH + 1]; // of the groups that are open, the whole pattern first
	int depth;
	long atom; // the size of what a repeat would apply to
};

// Past the set that begins at `at`. A `]` right after the beginning is a member.
static const char *skip_set(const char *at)
{
	at += 1 + (at[1] == '^');
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		if (*at == '[' && at[1] && strchr(":.=", at[1])) {
			char close[] = {at[1], ']', '\0'};
			const char *end = strstr(at + 2, close);
			at = end ? end + 1 : at;
		}
		at++;
	}
	return *at ? at + 1 : at;
}

static bool measure_group(struct measure *measure, char bracket)
{
	if (bracket == '(') {
		measure->atom = 0;
		if (measure->depth == PATTERN_MAX_DEPTH)
			return false;
		measure->sizes[++measure->depth] = 0;
	} else if (measure->depth > 0) {
		measure->atom = measure->sizes[measure->depth--];
		measure->sizes[measure->depth] += measure->atom;
	}
	return true;
}

static void repeat(struct measure *measure, long times)
{
	long more = measure->atom > PATTERN_MAX_SIZE ? PATTERN_MAX_SIZE : measure->atom;

	if (times > PATTERN_MAX_SIZE)
		times = PATTERN_MAX_SIZE + 1;
	if (times > 1 && more > 0) {
		measure->sizes[measure->depth] += more * (times - 1);
		measure->atom = more * times;
	}
}

// Applies {n}, {n,} or {n,m} to the atom before it; past its end.
static const char *measure_braces(struct measure *measure, const char *at)
{
	char *end;
	long times = strtol(at + 1, &end, 10);

	if (*end == ',' && isdigit((unsigned char)end[1]))
		times = strtol(end + 1, &end, 10);
	else if (*end == ',' && times < PATTERN_MAX_SIZE)
		times++;
	repeat(measure, times);
	end += *end == ',';
	return *end == '}' ? end + 1 : end;
}

// Past what stands at `at`, which is measured; NULL with `err` where that is not allowed.
static const char *measure_next(struct measure *measure, const char *at, struct err *err)
{
	if (*at == '(' || *at == ')') {
		if (measure_group(measure, *at))
			return at + 1;
		err_set(err, "groups nest deeper than %d", PATTERN_MAX_DEPTH);
		return NULL;
	}
	if (*at == '\\' && isdigit((unsigned char)at[1])) {
		err_set(err, "\\%c: POSIX patterns have no back-references", at[1]);
		return NULL;
	}
	if (*at == '{')
		return measure_braces(measure, at);
	// What is repeated once may be repeated again: what stands before it stays the atom.
	if (measure->atom > 0 && strchr("+*?", *at)) {
		repeat(measure, *at == '+' ? 2 : 1);
		return at + 1;
	}
	measure->atom = 1;
	measure->sizes[measure->depth]++;
	return *at == '[' ? skip_set(at) : at + 1 + (*at == '\\' && at[1]);
}

int pattern_size(const char *pattern, struct err *err)
{
	struct measure measure = {0};
	bool is_small = true;

	if (strlen(pattern) > PATTERN_MAX_BYTES) {
		err_set(err, "longer than %d bytes", PATTERN_MAX_BYTES);
		return -1;
	}
	for (const char *at = pattern; *at && is_small;) {
		at = measure_next(&measure, at, err);
		if (!at)
			return -1;
		is_small = measure.sizes[measure.depth] <= PATTERN_MAX_SIZE;
	}
	// Groups that were never closed; regcomp() will say so.
	for (; measure.depth > 0; measure.depth--)
		measure.sizes[measure.depth - 1] += measure.sizes[measure.depth];
	if (is_small && measure.sizes[0] <= PATTERN_MAX_SIZE)
		return (int)measure.sizes[0];
	err_set(err, "its repeats unfold to more than %d characters", PATTERN_MAX_SIZE);
	return -1;
}

static bool compile(const char *pattern, int flags, regex_t *regex, struct err *err)
{
	if (pattern_size(pattern, err) < 0)
		return false;
	int code = regcomp(regex, pattern, REG_EXTENDED | flags);
	if (code == 0)
		return true;
	char why[128];
	regerror(code, regex, why, sizeof why);
	return err_set(err, "%s", why);
}

bool pattern_check(const char *pattern, struct err *err)
{
	regex_t regex;

	if (!compile(pattern, REG_NOSUB, &regex, err))
		return false;
	regfree(&regex);
	return true;
}

bool pattern_matches(const char *pattern, const char *text, bool whole, struct err *err)
{
	struct buf anchored = {0};
	regex_t regex;

	if (err)
		*err = (struct err){0};
	// The pattern is checked before it is put in a group: `a)|(b` is none, though `^(a)|(b)$`
	// is.
	if (!pattern_check(pattern, err))
		return false;
	buf_printf(&anchored, whole ? "^(%s)$" : "%s", pattern);
	bool good = regcomp(&regex, buf_str(&anchored), REG_EXTENDED | REG_NOSUB) == 0;
	buf_fini(&anchored);
	if (!good)
		return err_set(err, "%s: cannot be used as a pattern", pattern);
	bool found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}
