// SPDX-License-Identifier: Apache-2.0
//
// `relight list`: the incidents of this machine, newest first. Only what the timelines say of the
// incident as a whole is read; no runbook is loaded for it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "plain.h"
#include "relight/event.h"
#include "relight/incident.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/timeline.h"

struct listed {
	const char *name;
	struct wall opened, last; // WALL_NONE: not known
	enum event_mode mode;
	int64_t events;
	char *runbook, *result;
	bool is_recovered, is_held, is_damaged;
	struct err err; // why it could not be read; empty: it could
};

static bool take_line(void *context, const char *line, size_t length, struct err *err)
{
	struct listed *listed = context;
	struct event *event = event_decode(line, length, err);
	if (!event)
		return false;
	listed->mode = event->mode;
	listed->last = event->ts;
	listed->events++;
	if (event->kind == EVENT_INCIDENT_DECLARED && !wall_known(listed->opened)) {
		listed->opened = event->ts;
	} else if (event->kind == EVENT_RUNBOOK_LOADED) {
		free(listed->runbook);
		listed->runbook = memory_copy_text(json_text(event->data, "name"));
	} else if (event->kind == EVENT_INCIDENT_RECOVERED) {
		listed->is_recovered = true;
	} else if (event->kind == EVENT_INCIDENT_CLOSED) {
		free(listed->result);
		listed->result = memory_copy_text(json_text(event->data, "result"));
	}
	event_free(event);
	return true;
}

static void read_one(const char *home, struct listed *listed)
{
	struct buf path = {0};
	struct chain chain;
	size_t torn = 0;
	buf_printf(&path, "%s/%s", home, listed->name);
	listed->opened = listed->last = WALL_NONE;
	bool is_read =
		timeline_read(buf_str(&path), take_line, listed, &chain, &torn, &listed->err);
	listed->is_damaged = listed->events > 0 && (!is_read || torn > 0);
	listed->is_held = timeline_is_held(buf_str(&path));
	buf_fini(&path);
}

static const char *is_now(const struct listed *listed)
{
	if (listed->events == 0)
		return "unreadable";
	if (listed->result)
		return listed->result;
	if (listed->is_recovered)
		return "recovered";
	return listed->is_held ? "open, in use" : "open";
}

static void print_text(const struct listed *listed)
{
	struct buf out = {0};
	plain_add(&out, listed->name);
	buf_printf(&out, "  %s  ", listed->events ? event_mode_word(listed->mode) : "-");
	plain_add(&out, is_now(listed));
	if (listed->events == 0) {
		buf_text(&out, ": ");
		plain_add(&out, listed->err.message);
	} else {
		buf_printf(&out, "  %lld events%s", (long long)listed->events,
			listed->is_damaged ? ", DAMAGED: see relight timeline verify" : "");
	}
	puts(buf_str(&out));
	buf_fini(&out);
}

static cJSON *listed_json(const struct listed *listed)
{
	cJSON *object = json_object();
	json_add_text(object, "incident", listed->name);
	json_add_text(object, "is", is_now(listed));
	if (listed->events == 0) {
		json_add_text(object, "why", listed->err.message);
		return object;
	}
	json_add_text(object, "mode", event_mode_word(listed->mode));
	json_add_text(object, "runbook", listed->runbook);
	json_add_wall(object, "opened", listed->opened);
	json_add_wall(object, "last", listed->last);
	json_add_int(object, "events", listed->events);
	json_add_bool(object, "in_use", listed->is_held);
	json_add_bool(object, "damaged", listed->is_damaged);
	return object;
}

static void list(char *const *names, const char *home, bool is_json)
{
	cJSON *all = json_object();
	cJSON *incidents = cJSON_AddArrayToObject(all, "incidents");
	for (size_t i = 0; names[i]; i++) {
		struct listed listed = {.name = names[i]};
		read_one(home, &listed);
		if (is_json)
			cJSON_AddItemToArray(incidents, listed_json(&listed));
		else
			print_text(&listed);
		free(listed.runbook);
		free(listed.result);
	}
	if (is_json) {
		struct buf out = {0};
		json_write(&out, all);
		puts(buf_str(&out));
		buf_fini(&out);
	}
	cJSON_Delete(all);
}

int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{0},
	};
	struct err err = {0};
	bool is_json = false;
	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option != 'f')
			return EXIT_USAGE;
		is_json = strcmp(optarg, "json") == 0;
		if (!is_json && strcmp(optarg, "text") != 0)
			return command_usage(argv[0], "--format is text or json");
	}
	if (optind < argc)
		return command_usage(argv[0], "it takes no operand");
	char *home = incident_home(&err);
	char **names = home ? incident_names(&err) : NULL;
	if (names)
		list(names, home, is_json);
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
	free(home);
	return names ? EXIT_GOOD : command_fail(EXIT_USAGE, &err);
}
