// SPDX-License-Identifier: Apache-2.0
//
// What the frozen files of objects hold, by name, for the dialogs. They may be large: they are read
// and taken apart beside the loop, once the incident is open.
#include "engine.h"

#include <fcntl.h>
#include <stdlib.h>

#include "relight/attempt.h"
#include "relight/file.h"
#include "relight/incident.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/manifest_files.h"
#include "relight/memory.h"

struct reading {
	uv_work_t work;
	struct engine *engine;
	char *directory;
	struct applied applied;
};

static bool read_below(
	const struct reading *reading, const char *name, size_t most_bytes, struct buf *text)
{
	struct buf path = {0};
	bool is_read;

	buf_printf(&path, "%s/%s", reading->directory, name);
	is_read = file_read(AT_FDCWD, buf_str(&path), most_bytes, text, NULL);
	buf_fini(&path);
	return is_read;
}

static void read_all(uv_work_t *work)
{
	struct reading *reading = work->data;
	struct buf text = {0};
	cJSON *list = NULL;

	if (read_below(reading, INCIDENT_FROZEN "/" FROZEN_APPLIED, MANIFEST_FILES_BYTES, &text))
		list = json_parse(text.data, text.length, NULL);
	buf_fini(&text);
	json_each (file, list) {
		const char *name = json_text(file, "path"), *of = json_text(file, "of");
		struct err err = {0};

		buf_clear(&text);
		if (!name || !of)
			continue;
		if (incident_read_frozen(reading->directory, name, json_text(file, "sha256"), of,
			    MANIFEST_FILES_BYTES, &text, &err))
			applied_add(&reading->applied, of, buf_str(&text), text.length);
		else
			applied_add_unread(&reading->applied, of, err.message);
	}
	buf_fini(&text);
	cJSON_Delete(list);
}

static void on_read(uv_work_t *work, int status)
{
	struct reading *reading = work->data;
	struct engine *engine = reading->engine;

	(void)status;
	applied_fini(&engine->applied);
	engine->applied = reading->applied;
	engine->is_applied_known = true;
	engine->is_dirty = true;
	free(reading->directory);
	free(reading);
}

void engine_read_applied(struct engine *engine)
{
	struct reading *reading = memory_zeroed(1, sizeof *reading);

	reading->work.data = reading;
	reading->engine = engine;
	reading->directory = memory_copy_text(engine->directory);
	uv_queue_work(&engine->loop, &reading->work, read_all, on_read);
}
