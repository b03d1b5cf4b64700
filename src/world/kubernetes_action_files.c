// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/attempt.h"
#include "relight/chain.h"
#include "relight/file.h"
#include "relight/incident.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/manifest_files.h"

// The objects that an action applies or creates: those that stand in the runbook came with the
// request, files are read here.

static bool fail_at(struct acting *acting, const struct err *err)
{
	return acting_fail(
		acting, NULL, "%s%s%s", err->place, err->place[0] ? ": " : "", err->message);
}

static bool take_text(struct acting *acting, const char *path, const struct buf *text)
{
	bool may_generate = json_get(acting->action, "create") != NULL;
	struct err err = {0};

	return manifest_read(
		       &acting->manifest, buf_str(text), text->length, path, may_generate, &err) ||
	       fail_at(acting, &err);
}

static bool read_frozen(struct acting *acting, const char *name, const char *sha256, const char *of,
	struct buf *text)
{
	struct err err = {0};

	return incident_read_frozen(acting->task->directory, name, sha256, of, MANIFEST_FILES_BYTES,
		       text, &err) ||
	       acting_fail(acting, NULL, "%s", err.message);
}

// The list of what is frozen, an empty one where nothing is.
static bool read_list(struct acting *acting)
{
	const char *sha256 = json_text(acting->task->request, "applied_sha256");
	struct buf text = {0};
	bool is_read = true;

	if (acting->frozen)
		return true;
	if (sha256 && acting->task->directory)
		is_read = read_frozen(
			acting, INCIDENT_FROZEN "/" FROZEN_APPLIED, sha256, NULL, &text);
	if (is_read)
		acting->frozen = text.length ? json_parse(text.data, text.length, NULL)
					     : cJSON_CreateArray();
	buf_fini(&text);
	return is_read;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && path[length] == '/' &&
	       !strchr(path + length + 1, '/');
}

// What is applied is what it was when the incident opened. *is_any: there is something frozen.
static bool take_frozen(struct acting *acting, const char *path, bool *is_any)
{
	bool is_taken = read_list(acting);

	*is_any = false;
	json_each (file, acting->frozen) {
		const char *of = json_text(file, "of"), *name = json_text(file, "path");
		struct buf text = {0};

		if (!is_taken || !of || !name || (strcmp(of, path) != 0 && !is_below(of, path)))
			continue;
		*is_any = true;
		is_taken = read_frozen(acting, name, json_text(file, "sha256"), of, &text) &&
			   take_text(acting, of, &text);
		buf_fini(&text);
	}
	return is_taken;
}

// It was not there, or not known, when the incident opened.
static bool take_present(struct acting *acting, const char *path)
{
	char *expanded = file_expand_home(path), hex[65];
	struct manifest_files files = {0};
	struct err err = {0};
	bool is_taken = manifest_files_add(&files, expanded, &err) ||
			acting_fail(acting, NULL, "%s", err.message);

	for (size_t i = 0; is_taken && i < files.count; i++) {
		sha256_hex(buf_str(&files.items[i].text), files.items[i].text.length, hex);
		if (!acting->task->is_trial)
			acting_say(acting, "%s: read now, sha256 %s", files.items[i].path, hex);
		is_taken = take_text(acting, files.items[i].path, &files.items[i].text);
	}
	manifest_files_fini(&files);
	free(expanded);
	return is_taken;
}

static bool take_file(struct acting *acting, const char *path)
{
	bool is_frozen;

	return take_frozen(acting, path, &is_frozen) && (is_frozen || take_present(acting, path));
}

static bool take_named(struct acting *acting, const char *named)
{
	json_each (file, json_get(acting->task->request, "files")) {
		const char *name = json_text(file, "named"), *path = json_text(file, "path");
		if (name && path && strcmp(name, named) == 0)
			return take_file(acting, path);
	}
	return acting_fail(acting, NULL, "%s: the request does not say where it is", named);
}

bool deeds_take_source(struct acting *acting, const cJSON *source)
{
	bool may_generate = json_get(acting->action, "create") != NULL;
	struct err err = {0};

	if (cJSON_IsString(source))
		return take_named(acting, source->valuestring);
	return manifest_add(&acting->manifest, source, may_generate, &err) || fail_at(acting, &err);
}
