// SPDX-License-Identifier: Apache-2.0
#include "relight/chain.h"

#include <openssl/sha.h>
#include <string.h>

#include "relight/memory.h"

#define DIGEST_CHARS 64
#define TAIL_BYTES   72 // ,"h":"<64 hex>"}
#define VERSION      "{\"v\":"
#define HEAD         "{\"v\":1,\"seq\":"
#define PREV         ",\"prev\":\""
#define TAIL         ",\"h\":\""

void sha256_hex(const void *bytes, size_t length, char hex[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[SHA256_DIGEST_LENGTH];

	if (!SHA256(bytes, length, digest)) // fails only for want of memory
		memory_exhausted();
	for (size_t i = 0; i < sizeof digest; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[DIGEST_CHARS] = '\0';
}

void chain_init(struct chain *chain)
{
	*chain = (struct chain){.head = CHAIN_START};
}

// The number after HEAD; -1 when the line does not begin in that way.
static int64_t seq_of(const char *line, size_t length)
{
	const size_t start = sizeof HEAD - 1;
	int64_t seq = 0;
	size_t i = start;

	if (length < start || memcmp(line, HEAD, start) != 0)
		return -1;
	for (; i < length && i < start + 18 && line[i] >= '0' && line[i] <= '9'; i++)
		seq = seq * 10 + (line[i] - '0');
	return i > start && i < length && line[i] == ',' ? seq : -1;
}

// A line that is whole but of another version is no damage, and needs another program.
static bool is_of_another_version(const char *line, size_t length)
{
	const size_t start = sizeof VERSION - 1;

	return length > start && memcmp(line, VERSION, start) == 0 && line[start] >= '2' &&
	       line[start] <= '9';
}

bool chain_link(struct chain *chain, const char *line, size_t length_bytes, struct err *err)
{
	const size_t prev_bytes = sizeof PREV - 1 + DIGEST_CHARS + 1;
	long long number = (long long)chain->lines + 1;
	char digest[65];

	if (length_bytes < TAIL_BYTES + prev_bytes)
		return err_set(err, "line %lld: too short to be an event", number);

	const char *tail = line + length_bytes - TAIL_BYTES;
	const char *prev = tail - prev_bytes;

	if (memcmp(tail, TAIL, sizeof TAIL - 1) != 0 ||
		memcmp(tail + TAIL_BYTES - 2, "\"}", 2) != 0)
		return err_set(err, "line %lld: does not end in its digest", number);
	sha256_hex(line, length_bytes - TAIL_BYTES, digest);
	if (memcmp(tail + sizeof TAIL - 1, digest, DIGEST_CHARS) != 0)
		return err_set(
			err, "line %lld: was changed: its digest is not that of its bytes", number);
	if (memcmp(prev, PREV, sizeof PREV - 1) != 0 || prev[prev_bytes - 1] != '"')
		return err_set(err, "line %lld: names no line before it", number);

	int64_t seq = seq_of(line, length_bytes);

	if (seq < 0 && is_of_another_version(line, length_bytes))
		return err_set(err,
			"line %lld: a newer relight wrote it, in a version of the format that this "
			"one cannot read",
			number);
	if (seq < 0)
		return err_set(err, "line %lld: does not begin with version 1 and a seq", number);
	if (seq != chain->next_seq)
		return err_set(err,
			"line %lld: has seq %lld where %lld was expected: lines are missing or "
			"moved",
			number, (long long)seq, (long long)chain->next_seq);
	if (memcmp(prev + sizeof PREV - 1, chain->head, DIGEST_CHARS) != 0)
		return err_set(err, "line %lld: does not follow from the line before it", number);
	memcpy(chain->head, digest, sizeof digest);
	chain->next_seq++;
	chain->lines++;
	return true;
}
