// SPDX-License-Identifier: Apache-2.0
#include "relight/shape.h"

#include <string.h>
#include <strings.h>

#define MAX_SPACES     8    // between a keyword, its separator and its value
#define MAX_USERINFO   2048 // bytes of user:password in a URL
#define MAX_PEM_MARKER 64   // bytes of -----BEGIN ENCRYPTED PRIVATE KEY-----

struct text {
	const char *bytes;
	size_t length;
	char before;
	bool is_whole; // nothing follows
};

// --- classes of bytes, without a locale ------------------------------------------------------------------------------

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_upper_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool is_word(unsigned char c)
{
	return is_alnum(c) || c == '_';
}

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t';
}

// RFC 6750 §2.1, b64token.
static bool is_bearer(unsigned char c)
{
	return is_alnum(c) || (c && strchr("-._~+/=", c));
}

// RFC 7515 §7.1: base64url parts between points.
static bool is_jwt(unsigned char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool is_azure_secret(unsigned char c)
{
	return is_alnum(c) || (c && strchr("_~.-", c));
}

static bool is_pem(unsigned char c)
{
	return is_alnum(c) || (c && strchr("+/=:,-\\ \t\r\n", c));
}

// A value beside a keyword: to the next delimiter of shells, JSON, connection strings and query
// strings.
static bool is_value(unsigned char c)
{
	return c > ' ' && !strchr("\"'`,;&<>{}()\\", c);
}

// The rest of a header line.
static bool is_header_value(unsigned char c)
{
	return c >= ' ' && !strchr("\"'\\", c);
}

static bool is_userinfo(unsigned char c)
{
	return c > ' ' && !strchr("/?#\"'<>\\", c);
}

// --- looking ---------------------------------------------------------------------------------------------------------

// Where the run of such bytes from `at` on ends.
static size_t run_end(const struct text *text, size_t at, bool (*is_part)(unsigned char))
{
	while (at < text->length && is_part((unsigned char)text->bytes[at]))
		at++;
	return at;
}

static unsigned char folded(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

// Whether the text begins with the word, in either case when `fold` (the word is in lower case
// then).
static enum shape_verdict begins(const struct text *text, const char *word, bool fold)
{
	size_t i = 0;

	for (; i < text->length && word[i]; i++) {
		char c = text->bytes[i];

		if ((fold ? folded(c) : (unsigned char)c) != (unsigned char)word[i])
			return SHAPE_NONE;
	}
	if (!word[i])
		return SHAPE_FOUND;
	return text->is_whole ? SHAPE_NONE : SHAPE_OPEN;
}

// The verdict on a run of bytes from `from` on: long enough, and ended.
static enum shape_verdict judge_run(const struct text *text, size_t from, size_t least,
	bool (*is_part)(unsigned char), struct shape_match *match)
{
	size_t end = run_end(text, from, is_part);

	match->from = from;
	match->end = end;
	if (end == text->length && !text->is_whole) {
		match->is_part = end - from >= least ? is_part : NULL;
		return SHAPE_OPEN;
	}
	return end - from >= least ? SHAPE_FOUND : SHAPE_NONE;
}

// --- the shapes ------------------------------------------------------------------------------------------------------

static const struct keyword {
	const char *word; // lower case
	size_t least;     // bytes of a value that is worth hiding
	bool (*is_part)(unsigned char);
	bool in_query; // only as "?word=" or "&word="
} keywords[] = {
	{"authorization", 1, is_header_value, false}, // RFC 9110 §11.6.2, and Proxy-Authorization
	{"secret_access_key", 16, is_value, false},   // AWS: environment, credentials file
	{"secretaccesskey", 16, is_value, false},     // AWS: STS answers
	{"session_token", 16, is_value, false}, {"sessiontoken", 16, is_value, false},
	{"accountkey", 16, is_value, false}, // Azure: storage connection strings
	{"sharedaccesskey", 16, is_value, false}, {"client_secret", 8, is_value, false},
	{"clientsecret", 8, is_value, false},
	{"sig", 16, is_value, true}, // Azure: shared access signatures
};

// Behind a keyword: `": "`, `=`, `\":\"` and the like. The verdict is on whether that is there; *at
// moves behind it.
static enum shape_verdict take_separator(const struct text *text, size_t *at)
{
	size_t i = *at;

	if (i < text->length && text->bytes[i] == '\\')
		i++;
	if (i < text->length && (text->bytes[i] == '"' || text->bytes[i] == '\''))
		i++;
	for (size_t n = 0;
		n < MAX_SPACES && i < text->length && is_space((unsigned char)text->bytes[i]); n++)
		i++;
	if (i == text->length)
		return text->is_whole ? SHAPE_NONE : SHAPE_OPEN;
	if (text->bytes[i] != ':' && text->bytes[i] != '=')
		return SHAPE_NONE;
	i++;
	for (size_t n = 0;
		n < MAX_SPACES && i < text->length && is_space((unsigned char)text->bytes[i]); n++)
		i++;
	if (i < text->length && text->bytes[i] == '\\')
		i++;
	if (i < text->length && (text->bytes[i] == '"' || text->bytes[i] == '\''))
		i++;
	*at = i;
	return SHAPE_FOUND;
}

static enum shape_verdict find_keyword(const struct text *text, struct shape_match *match)
{
	bool is_open = false;

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		const struct keyword *keyword = &keywords[i];
		size_t at = strlen(keyword->word);

		if (keyword->in_query && text->before != '?' && text->before != '&')
			continue;

		enum shape_verdict verdict = begins(text, keyword->word, true);

		if (verdict == SHAPE_FOUND)
			verdict = take_separator(text, &at);
		if (verdict == SHAPE_FOUND)
			return judge_run(text, at, keyword->least, keyword->is_part, match);
		is_open = is_open || verdict == SHAPE_OPEN;
	}
	return is_open ? SHAPE_OPEN : SHAPE_NONE;
}

// "bearer" is also a word of prose: the value must be longer than words are.
static enum shape_verdict find_bearer(const struct text *text, struct shape_match *match)
{
	enum shape_verdict verdict = begins(text, "bearer ", true);

	if (verdict != SHAPE_FOUND || is_word((unsigned char)text->before))
		return verdict == SHAPE_FOUND ? SHAPE_NONE : verdict;

	size_t from = run_end(text, strlen("bearer "), is_space);
	size_t end = run_end(text, from, is_bearer);
	size_t least = 16;

	for (size_t i = from; i < end; i++) {
		if (text->bytes[i] >= '0' && text->bytes[i] <= '9')
			least = 8;
	}
	return judge_run(text, from, least, is_bearer, match);
}

// "://user:password@": up to the last @ of the authority, as people forget to encode the @ in a
// password.
static enum shape_verdict find_url(const struct text *text, struct shape_match *match)
{
	enum shape_verdict verdict = begins(text, "://", false);
	size_t colon = 0, at_sign = 0, i = strlen("://");

	if (verdict != SHAPE_FOUND)
		return verdict;
	for (; i < text->length && i < MAX_USERINFO && is_userinfo((unsigned char)text->bytes[i]);
		i++) {
		if (text->bytes[i] == '@')
			at_sign = i;
		else if (text->bytes[i] == ':' && !colon)
			colon = i;
	}
	if (i == text->length && i < MAX_USERINFO && !text->is_whole)
		return SHAPE_OPEN;
	if (!colon || at_sign <= colon + 1)
		return SHAPE_NONE;
	match->from = colon + 1;
	match->end = at_sign;
	return SHAPE_FOUND;
}

static bool is_pem_name(unsigned char c)
{
	return is_upper_alnum(c) || c == ' ';
}

// Where the marker "-----BEGIN NAME-----" or "-----END NAME-----" that begins at `at` ends; 0: none
// does, as far as can be seen.
static size_t pem_marker_end(const struct text *text, size_t at, const char *begin)
{
	struct text rest = {text->bytes + at, text->length - at, 0, text->is_whole};
	size_t end;

	if (begins(&rest, begin, false) != SHAPE_FOUND)
		return 0;
	end = run_end(&rest, strlen(begin), is_pem_name);
	rest.bytes += end;
	rest.length -= end;
	return begins(&rest, "-----", false) == SHAPE_FOUND ? at + end + 5 : 0;
}

// RFC 7468, and the headers of RFC 1421 within. A key whose end never comes is hidden as far as it
// goes on looking like one.
static enum shape_verdict find_pem(const struct text *text, struct shape_match *match)
{
	static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY";
	enum shape_verdict verdict = begins(text, begin, false);
	size_t end = pem_marker_end(text, 0, begin);

	if (verdict != SHAPE_FOUND)
		return verdict;
	if (!end) {
		// It may still become one while what there is of it is name and dashes.
		size_t name_end = run_end(text, sizeof begin - 1, is_pem_name);
		size_t dashes_end = name_end;

		while (dashes_end < text->length && text->bytes[dashes_end] == '-')
			dashes_end++;
		return dashes_end == text->length && dashes_end < MAX_PEM_MARKER && !text->is_whole
			       ? SHAPE_OPEN
			       : SHAPE_NONE;
	}
	if (end > MAX_PEM_MARKER || !memmem(text->bytes, end, kind, sizeof kind - 1))
		return SHAPE_NONE;
	for (size_t i = end; i < text->length && is_pem((unsigned char)text->bytes[i]); i++) {
		match->end = pem_marker_end(text, i, "-----END ");
		if (match->end)
			return SHAPE_FOUND;
	}
	match->end = run_end(text, end, is_pem);
	match->is_part = is_pem;
	return match->end == text->length && !text->is_whole ? SHAPE_OPEN : SHAPE_FOUND;
}

static enum shape_verdict find_jwt(const struct text *text, struct shape_match *match)
{
	enum shape_verdict verdict = begins(text, "eyJ", false);
	size_t parts[3] = {0}, part = 0;

	if (verdict != SHAPE_FOUND || is_jwt((unsigned char)text->before))
		return verdict == SHAPE_FOUND ? SHAPE_NONE : verdict;
	match->from = 0;
	match->end = run_end(text, 0, is_jwt);
	for (size_t i = 0; i < match->end && part < 3; i++) {
		if (text->bytes[i] == '.')
			part++;
		else
			parts[part]++;
	}
	if (match->end == text->length && !text->is_whole) {
		match->is_part = part && parts[0] >= 10 ? is_jwt : NULL;
		return SHAPE_OPEN;
	}
	return part >= 2 && parts[0] >= 10 && parts[1] >= 10 ? SHAPE_FOUND : SHAPE_NONE;
}

// Keys that are told by how they begin: AWS access key ids, GitHub tokens.
static const struct prefix {
	const char *word;
	size_t least, most; // bytes after it; most 0: any number
	bool (*is_part)(unsigned char);
} prefixes[] = {
	{"AKIA", 16, 16, is_upper_alnum},
	{"ASIA", 16, 16, is_upper_alnum},
	{"ghp_", 36, 0, is_alnum},
	{"gho_", 36, 0, is_alnum},
	{"ghu_", 36, 0, is_alnum},
	{"ghs_", 36, 0, is_alnum},
	{"ghr_", 36, 0, is_alnum},
	{"github_pat_", 22, 0, is_word},
};

static enum shape_verdict find_prefix(const struct text *text, struct shape_match *match)
{
	bool is_open = false;

	if (is_alnum((unsigned char)text->before))
		return SHAPE_NONE;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		const struct prefix *prefix = &prefixes[i];
		enum shape_verdict verdict = begins(text, prefix->word, false);

		is_open = is_open || verdict == SHAPE_OPEN;
		if (verdict != SHAPE_FOUND)
			continue;
		verdict = judge_run(
			text, strlen(prefix->word), prefix->least, prefix->is_part, match);
		if (prefix->most && match->end - match->from > prefix->most)
			return SHAPE_NONE;
		match->from = 0;
		return verdict;
	}
	return is_open ? SHAPE_OPEN : SHAPE_NONE;
}

// Client secrets of Microsoft Entra: three characters, a digit, "Q~", 31 to 34 more. What stands
// before the Q stays.
static enum shape_verdict find_azure(const struct text *text, struct shape_match *match)
{
	enum shape_verdict verdict = begins(text, "Q~", false);

	if (verdict == SHAPE_NONE || text->before < '0' || text->before > '9')
		return SHAPE_NONE;
	if (verdict == SHAPE_FOUND)
		verdict = judge_run(text, 0, 33, is_azure_secret, match);
	return verdict;
}

enum { KEYWORD = 1, BEARER = 2, URL = 4, PEM = 8, JWT = 16, PREFIX = 32, AZURE = 64 };

static const struct shape {
	unsigned char bit;
	enum shape_verdict (*find)(const struct text *, struct shape_match *);
} shapes[] = {
	{KEYWORD, find_keyword},
	{BEARER, find_bearer},
	{URL, find_url},
	{PEM, find_pem},
	{JWT, find_jwt},
	{PREFIX, find_prefix},
	{AZURE, find_azure},
};

// Which shapes begin with a byte.
static const unsigned char by_first_byte[256] = {
	['A'] = KEYWORD | PREFIX,
	['a'] = KEYWORD,
	['B'] = BEARER,
	['b'] = BEARER,
	['C'] = KEYWORD,
	['c'] = KEYWORD,
	['S'] = KEYWORD,
	['s'] = KEYWORD,
	['e'] = JWT,
	['g'] = PREFIX,
	['Q'] = AZURE,
	[':'] = URL,
	['-'] = PEM,
};

bool shape_may_begin(unsigned char byte)
{
	return by_first_byte[byte];
}

enum shape_verdict shape_at(
	const char *text, size_t length, char before, bool is_whole, struct shape_match *match)
{
	const struct text here = {text, length, before, is_whole};
	unsigned char candidates = length ? by_first_byte[(unsigned char)text[0]] : 0;
	enum shape_verdict verdict = SHAPE_NONE;

	*match = (struct shape_match){0};
	for (size_t i = 0; candidates && i < sizeof shapes / sizeof *shapes; i++) {
		struct shape_match found = {0};
		enum shape_verdict one = SHAPE_NONE;

		if (candidates & shapes[i].bit)
			one = shapes[i].find(&here, &found);
		if (one == SHAPE_FOUND) {
			*match = found;
			return SHAPE_FOUND;
		}
		if (one == SHAPE_OPEN && (verdict == SHAPE_NONE || found.is_part)) {
			verdict = SHAPE_OPEN;
			*match = found;
		}
	}
	return verdict;
}

bool shape_is_secret_key(const char *key)
{
	for (size_t i = 0; key && i < sizeof keywords / sizeof *keywords; i++) {
		size_t key_length = strlen(key), word_length = strlen(keywords[i].word);

		if (!keywords[i].in_query && key_length >= word_length &&
			!strcasecmp(key + key_length - word_length, keywords[i].word))
			return true;
	}
	return false;
}
