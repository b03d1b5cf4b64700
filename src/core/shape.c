// SPDX-License-Identifier: Apache-2.0
#include "shape_parts.h"

#include <string.h>

#define MAX_USERINFO   2048 // bytes of user:password in a URL
#define MAX_PEM_MARKER 64   // bytes of -----BEGIN ENCRYPTED PRIVATE KEY-----

// --- classes of bytes ------------------------------------------------------------------------------------------------

bool shape_is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool shape_is_space(unsigned char c)
{
	return c == ' ' || c == '\t';
}

// RFC 4648 §4.
bool shape_is_base64(unsigned char c)
{
	return shape_is_alnum(c) || c == '+' || c == '/' || c == '=';
}

static bool is_upper_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool is_word(unsigned char c)
{
	return shape_is_alnum(c) || c == '_';
}

static bool is_dashed(unsigned char c)
{
	return is_word(c) || c == '-';
}

// RFC 6750 §2.1, b64token.
static bool is_bearer(unsigned char c)
{
	return shape_is_alnum(c) || (c && strchr("-._~+/=", c));
}

// RFC 7515 §7.1: base64url parts between points.
static bool is_jwt(unsigned char c)
{
	return is_dashed(c) || c == '.';
}

static bool is_azure_secret(unsigned char c)
{
	return shape_is_alnum(c) || (c && strchr("_~.-", c));
}

static bool is_slack_path(unsigned char c)
{
	return shape_is_alnum(c) || c == '/';
}

static bool is_pem(unsigned char c)
{
	return shape_is_alnum(c) || (c && strchr("+/=:,-\\ \t\r\n", c));
}

static bool is_userinfo(unsigned char c)
{
	return c > ' ' && !strchr("/?#\"'<>\\", c);
}

// --- looking ---------------------------------------------------------------------------------------------------------

size_t shape_run(const struct shape_text *text, size_t at, bool (*is_part)(unsigned char))
{
	while (at < text->length && is_part((unsigned char)text->bytes[at]))
		at++;
	return at;
}

static unsigned char folded(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

enum shape_verdict shape_begins(
	const struct shape_text *text, size_t at, const char *word, bool fold)
{
	size_t i = 0;

	for (; at + i < text->length && word[i]; i++) {
		char c = text->bytes[at + i];

		if ((fold ? folded(c) : (unsigned char)c) != (unsigned char)word[i])
			return SHAPE_NONE;
	}
	if (!word[i])
		return SHAPE_FOUND;
	return text->is_whole ? SHAPE_NONE : SHAPE_OPEN;
}

enum shape_verdict shape_judge(const struct shape_text *text, size_t from, size_t end, size_t least,
	bool (*is_part)(unsigned char), struct shape_match *match)
{
	match->from = from;
	match->end = end;
	if (end == text->length && !text->is_whole) {
		match->is_part = end - from >= least ? is_part : NULL;
		return SHAPE_OPEN;
	}
	return end - from >= least ? SHAPE_FOUND : SHAPE_NONE;
}

// --- the shapes ------------------------------------------------------------------------------------------------------

// "bearer" is also a word of prose: the value must be longer than words are.
static enum shape_verdict find_bearer(const struct shape_text *text, struct shape_match *match)
{
	enum shape_verdict verdict = shape_begins(text, 0, "bearer ", true);

	if (verdict != SHAPE_FOUND || is_word((unsigned char)text->before))
		return verdict == SHAPE_FOUND ? SHAPE_NONE : verdict;

	size_t from = shape_run(text, strlen("bearer "), shape_is_space);
	size_t end = shape_run(text, from, is_bearer);
	size_t least = 16;

	for (size_t i = from; i < end; i++) {
		if (text->bytes[i] >= '0' && text->bytes[i] <= '9')
			least = 8;
	}
	return shape_judge(text, from, end, least, is_bearer, match);
}

// "://user:password@": up to the last @ of the authority, as people forget to encode the @ in a
// password.
static enum shape_verdict find_url(const struct shape_text *text, struct shape_match *match)
{
	enum shape_verdict verdict = shape_begins(text, 0, "://", false);
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
static size_t pem_marker_end(const struct shape_text *text, size_t at, const char *begin)
{
	struct shape_text rest = {text->bytes + at, text->length - at, 0, text->is_whole};
	size_t end;

	if (shape_begins(&rest, 0, begin, false) != SHAPE_FOUND)
		return 0;
	end = shape_run(&rest, strlen(begin), is_pem_name);
	rest.bytes += end;
	rest.length -= end;
	return shape_begins(&rest, 0, "-----", false) == SHAPE_FOUND ? at + end + 5 : 0;
}

// RFC 7468, and the headers of RFC 1421 within. A key whose end never comes is hidden as far as it
// goes on looking like one.
static enum shape_verdict find_pem(const struct shape_text *text, struct shape_match *match)
{
	static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY";
	enum shape_verdict verdict = shape_begins(text, 0, begin, false);
	size_t end = pem_marker_end(text, 0, begin);

	if (verdict != SHAPE_FOUND)
		return verdict;
	if (!end) {
		// It may still become one while what there is of it is name and dashes.
		size_t name_end = shape_run(text, sizeof begin - 1, is_pem_name);
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
	match->end = shape_run(text, end, is_pem);
	match->is_part = is_pem;
	return match->end == text->length && !text->is_whole ? SHAPE_OPEN : SHAPE_FOUND;
}

static enum shape_verdict find_jwt(const struct shape_text *text, struct shape_match *match)
{
	enum shape_verdict verdict = shape_begins(text, 0, "eyJ", false);
	size_t parts[3] = {0}, part = 0;

	if (verdict != SHAPE_FOUND || is_jwt((unsigned char)text->before))
		return verdict == SHAPE_FOUND ? SHAPE_NONE : verdict;
	match->from = 0;
	match->end = shape_run(text, 0, is_jwt);
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

// Keys that are told by how they begin.
static const struct prefix {
	const char *word;
	size_t shown;       // bytes of it that stay
	size_t least, most; // bytes after it; most 0: any number
	bool (*is_part)(unsigned char);
} prefixes[] = {
	{"AKIA", 0, 16, 16, is_upper_alnum}, // AWS: access key ids
	{"ASIA", 0, 16, 16, is_upper_alnum},
	{"ABIA", 0, 16, 16, is_upper_alnum},
	{"ACCA", 0, 16, 16, is_upper_alnum},
	{"k8s-aws-v1.", 0, 20, 0, is_dashed}, // EKS
	{"ghp_", 0, 36, 0, shape_is_alnum},   // GitHub
	{"gho_", 0, 36, 0, shape_is_alnum},
	{"ghu_", 0, 36, 0, shape_is_alnum},
	{"ghs_", 0, 36, 0, shape_is_alnum},
	{"ghr_", 0, 36, 0, shape_is_alnum},
	{"github_pat_", 0, 22, 0, is_word},
	{"glpat-", 0, 20, 0, is_dashed}, // GitLab
	{"gldt-", 0, 20, 0, is_dashed},
	{"glrt-", 0, 20, 0, is_dashed},
	{"AIza", 0, 35, 35, is_dashed}, // Google
	{"ya29.", 0, 20, 0, is_dashed},
	{"GOCSPX-", 0, 20, 0, is_dashed},
	{"xoxa-", 0, 10, 0, is_dashed}, // Slack
	{"xoxb-", 0, 10, 0, is_dashed},
	{"xoxe-", 0, 10, 0, is_dashed},
	{"xoxp-", 0, 10, 0, is_dashed},
	{"xoxr-", 0, 10, 0, is_dashed},
	{"xoxs-", 0, 10, 0, is_dashed},
	{"xapp-", 0, 10, 0, is_dashed},
	{"hooks.slack.com/services/", 25, 20, 0, is_slack_path},
	{"hvs.", 0, 20, 0, is_dashed}, // Vault
	{"hvb.", 0, 20, 0, is_dashed},
	{"hvr.", 0, 20, 0, is_dashed},
	{"dop_v1_", 0, 64, 64, shape_is_alnum}, // DigitalOcean
	{"npm_", 0, 36, 36, shape_is_alnum},
	{"sk_live_", 0, 16, 0, shape_is_alnum}, // Stripe
	{"rk_live_", 0, 16, 0, shape_is_alnum},
	{"SG.", 0, 60, 0, is_jwt}, // SendGrid
	{"AGE-SECRET-KEY-1", 0, 58, 58, is_upper_alnum},
	// "-----BEGIN … PRIVATE KEY" in base64, as kubeconfigs and Secrets have them.
	{"LS0tLS1CRUdJTiBQUklWQVRFIEtFW", 0, 32, 0, shape_is_base64},
	{"LS0tLS1CRUdJTiBSU0EgUFJJVkFUR", 0, 32, 0, shape_is_base64},
	{"LS0tLS1CRUdJTiBFQyBQUklWQVRFI", 0, 32, 0, shape_is_base64},
	{"LS0tLS1CRUdJTiBPUEVOU1NIIFBSSV", 0, 32, 0, shape_is_base64},
	{"LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJ", 0, 32, 0, shape_is_base64},
};

static enum shape_verdict find_prefix(const struct shape_text *text, struct shape_match *match)
{
	bool is_open = false;

	if (shape_is_alnum((unsigned char)text->before))
		return SHAPE_NONE;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		const struct prefix *prefix = &prefixes[i];

		if (text->bytes[0] != prefix->word[0])
			continue;

		enum shape_verdict verdict = shape_begins(text, 0, prefix->word, false);
		size_t from = strlen(prefix->word);

		is_open = is_open || verdict == SHAPE_OPEN;
		if (verdict != SHAPE_FOUND)
			continue;

		size_t end = shape_run(text, from, prefix->is_part);

		verdict = shape_judge(text, from, end, prefix->least, prefix->is_part, match);
		if (prefix->most && end - from > prefix->most)
			return SHAPE_NONE;
		match->from = prefix->shown;
		return verdict;
	}
	return is_open ? SHAPE_OPEN : SHAPE_NONE;
}

// Client secrets of Microsoft Entra: three characters, a digit, "Q~", 31 to 34 more. What stands
// before the Q stays.
static enum shape_verdict find_azure(const struct shape_text *text, struct shape_match *match)
{
	enum shape_verdict verdict = shape_begins(text, 0, "Q~", false);

	if (verdict == SHAPE_NONE || text->before < '0' || text->before > '9')
		return SHAPE_NONE;
	if (verdict == SHAPE_FOUND)
		verdict = shape_judge(
			text, 0, shape_run(text, 0, is_azure_secret), 33, is_azure_secret, match);
	return verdict;
}

enum {
	KEYWORD = 1,
	OPTION = 2,
	BEARER = 4,
	URL = 8,
	PEM = 16,
	JWT = 32,
	PREFIX = 64,
	AZURE = 128,
	MANIFEST = 256,
};

static const struct shape {
	unsigned short bit;
	enum shape_verdict (*find)(const struct shape_text *, struct shape_match *);
} shapes[] = {
	{KEYWORD, shape_keyword},
	{OPTION, shape_option},
	{BEARER, find_bearer},
	{URL, find_url},
	{PEM, find_pem},
	{JWT, find_jwt},
	{PREFIX, find_prefix},
	{AZURE, find_azure},
	{MANIFEST, shape_manifest},
};

// Which shapes begin with a byte.
static const unsigned short by_first_byte[256] = {
	['A'] = KEYWORD | PREFIX,
	['a'] = KEYWORD,
	['B'] = BEARER,
	['b'] = BEARER,
	['C'] = KEYWORD,
	['c'] = KEYWORD,
	['d'] = PREFIX | MANIFEST,
	['e'] = JWT,
	['G'] = PREFIX,
	['g'] = PREFIX,
	['h'] = PREFIX,
	['k'] = PREFIX,
	['L'] = PREFIX,
	['n'] = PREFIX,
	['P'] = KEYWORD,
	['p'] = KEYWORD,
	['Q'] = AZURE,
	['r'] = PREFIX,
	['S'] = KEYWORD | PREFIX,
	['s'] = KEYWORD | PREFIX | MANIFEST,
	['T'] = KEYWORD,
	['t'] = KEYWORD,
	['V'] = KEYWORD,
	['v'] = KEYWORD,
	['X'] = KEYWORD,
	['x'] = KEYWORD | PREFIX,
	['y'] = PREFIX,
	[':'] = URL,
	['-'] = PEM | OPTION,
	[' '] = MANIFEST,
};

bool shape_may_begin(unsigned char byte)
{
	return by_first_byte[byte];
}

enum shape_verdict shape_at(
	const char *text, size_t length, char before, bool is_whole, struct shape_match *match)
{
	const struct shape_text here = {text, length, before, is_whole};
	unsigned candidates = length ? by_first_byte[(unsigned char)text[0]] : 0;
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
