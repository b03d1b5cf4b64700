// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frozen.h"
#include "relight/attempt.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"

#define CHUNK_BYTES (64u << 10)

// --- the digest of a file ---

static bool digest_fd(int fd, char hex[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	char *chunk = memory_alloc(CHUNK_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ssize_t got;
	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		memory_exhausted();
	while ((got = read(fd, chunk, CHUNK_BYTES)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			EVP_DigestUpdate(context, chunk, (size_t)got);
	int why = errno;
	EVP_DigestFinal_ex(context, digest, &length);
	EVP_MD_CTX_free(context);
	free(chunk);
	for (unsigned i = 0; i < length; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * length] = '\0';
	errno = why;
	return got == 0;
}

// Of a regular file, whatever its size; a FIFO or a device is not waited for. False with errno.
static bool digest_file(const char *path, char hex[65])
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool is_read = false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		is_read = digest_fd(fd, hex);
	else
		errno = EINVAL;
	int why = errno;
	close(fd);
	errno = why;
	return is_read;
}

// --- what the timeline names ---

// A relative path that stays where it is: no "..", no leading slash.
static bool stays_inside(const char *path)
{
	for (const char *part = path;; part++) {
		size_t length = strcspn(part, "/");
		if (length == 0 || (length == 2 && memcmp(part, "..", 2) == 0))
			return false;
		part += length;
		if (*part == '\0')
			return true;
	}
}

// A file that holds a Secret, which only the incident's own directory has, for its owner.
static bool is_withheld(const struct history *history, const char *name, int errnum)
{
	static const char secret[] = INCIDENT_FROZEN "/" FROZEN_SECRET;
	return strncmp(name, secret, strlen(secret)) == 0 &&
	       (errnum == EACCES || (errnum == ENOENT && history->is_mirror));
}

// Where the home lacks it, and its refuge has it.
static bool digest_away(const struct history *history, const char *name, char hex[65])
{
	struct buf path = {0};
	int errnum = errno;
	buf_printf(&path, "%s/%s", history->refuge.path, name);
	bool is_read =
		errnum == ENOENT && history->refuge.lines > 0 && digest_file(buf_str(&path), hex);
	buf_fini(&path);
	errno = errnum;
	return is_read;
}

// True: it was found right, and counted in *good.
static bool verify_file(
	struct history *history, int64_t seq, const char *name, const char *sha256, size_t *good)
{
	struct buf path = {0};
	char hex[65];
	buf_printf(&path, "%s/%s", history->directory, name);
	bool is_read = stays_inside(name) &&
		       (digest_file(buf_str(&path), hex) || digest_away(history, name, hex));
	int errnum = errno;
	bool is_good = is_read && strcmp(hex, sha256) == 0;
	if (!stays_inside(name))
		history_problem(history, "event %lld: names a file outside the incident: %s",
			(long long)seq, name);
	else if (!is_read && is_withheld(history, name, errnum))
		history->secrets_elsewhere++;
	else if (!is_read)
		history_problem(history, "%s: %s (event %lld names it)", buf_str(&path),
			errnum == EINVAL ? "not a regular file" : strerror(errnum), (long long)seq);
	else if (!is_good)
		history_problem(history, "%s: was altered: its digest is not the one in event %lld",
			buf_str(&path), (long long)seq);
	else
		(*good)++;
	buf_fini(&path);
	return is_good;
}

static void verify_evidence(struct history *history, int64_t seq, const char *sha256)
{
	struct buf name = {0};
	buf_printf(&name, INCIDENT_EVIDENCE "/%s", sha256);
	verify_file(history, seq, buf_str(&name), sha256, &history->blob_count);
	buf_fini(&name);
}

// What is applied stands in a list of its own, too.
static void verify_applied(struct history *history, int64_t seq, const char *sha256)
{
	struct buf text = {0};
	verify_file(
		history, seq, INCIDENT_FROZEN "/" FROZEN_APPLIED, sha256, &history->frozen_count);
	if (frozen_read(history->directory, FROZEN_APPLIED, &text, NULL)) {
		cJSON *list = json_parse(buf_str(&text), text.length, NULL);
		json_each (file, list)
			if (json_text(file, "path") && json_text(file, "sha256"))
				verify_file(history, seq, json_text(file, "path"),
					json_text(file, "sha256"), &history->frozen_count);
		cJSON_Delete(list);
	}
	buf_fini(&text);
}

// The runbook was looked at when it was loaded. Scripts that it names are listed too, but they are
// no part of the record and may go on changing.
static void verify_frozen(struct history *history, const struct event *event)
{
	const cJSON *files = json_get(event->data, "files");
	const char *applied = json_path_text(event->data, "applied.sha256");
	if (applied && !cJSON_IsArray(files)) // its piece of evidence is not there
		verify_applied(history, event->seq, applied);
	if (!cJSON_IsArray(files))
		return;
	json_each (file, files) {
		const char *path = json_text(file, "path"), *sha256 = json_text(file, "sha256");
		if (path && sha256 && strncmp(path, "frozen/", 7) == 0 &&
			strcmp(path, INCIDENT_FROZEN "/" FROZEN_RUNBOOK) != 0)
			verify_file(history, event->seq, path, sha256, &history->frozen_count);
	}
}

// Of attempts before somebody went on with the mirror it has not even the directory.
static bool is_elsewhere(const struct history *history, const struct event *event)
{
	struct buf path = {0};
	struct stat status;
	buf_printf(&path, "%s/" INCIDENT_ATTEMPTS "/%s/%d", history->directory, event->step,
		event->attempt);
	bool is_elsewhere =
		history->is_mirror && lstat(buf_str(&path), &status) < 0 && errno == ENOENT;
	buf_fini(&path);
	return is_elsewhere;
}

static bool is_there(const struct history *history, const char *name)
{
	struct buf path = {0};
	struct stat status;
	buf_printf(&path, "%s/%s", history->directory, name);
	bool is_there = lstat(buf_str(&path), &status) == 0;
	buf_fini(&path);
	return is_there;
}

static void verify_output(struct history *history, const struct event *event)
{
	const cJSON *output = json_get(event->data, "output");
	const char *sha256 = json_text(output, "sha256");
	struct buf name = {0};
	if (!sha256 || !event->step)
		return;
	if (is_elsewhere(history, event)) {
		history->outputs_elsewhere++;
		return;
	}
	buf_printf(&name, INCIDENT_ATTEMPTS "/%s/%d/" ATTEMPT_OUTPUT_NAME, event->step,
		event->attempt);
	// An attempt that said nothing may have left no file.
	bool is_expected = json_int(output, "bytes", 0) > 0 || is_there(history, buf_str(&name));
	if (is_expected &&
		verify_file(history, event->seq, buf_str(&name), sha256, &history->output_count) &&
		json_int(output, "missing_bytes", 0) > 0)
		history->outputs_cut++;
	buf_fini(&name);
}

static bool says_it_is_a_mirror(const char *directory)
{
	struct buf path = {0};
	struct stat status;
	buf_printf(&path, "%s/" INCIDENT_MIRROR, directory);
	bool says_so = lstat(buf_str(&path), &status) == 0 && S_ISREG(status.st_mode);
	buf_fini(&path);
	return says_so;
}

void history_verify(struct history *history)
{
	if (!history->directory)
		return;
	history->is_mirror = says_it_is_a_mirror(history->directory);
	for (size_t i = 0; i < history->blobs_named; i++)
		verify_evidence(history, history->blobs[i].seq, history->blobs[i].sha256);
	for (size_t i = 0; i < history->event_count; i++) {
		const struct event *event = history->events[i];
		if (event->kind == EVENT_RUNBOOK_LOADED)
			verify_frozen(history, event);
		else if (event->kind == EVENT_STEP_RESULT)
			verify_output(history, event);
		else if (event->kind == EVENT_EVIDENCE && json_text(event->data, "sha256"))
			verify_evidence(history, event->seq, json_text(event->data, "sha256"));
	}
}
