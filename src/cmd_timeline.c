// SPDX-License-Identifier: Apache-2.0
//
// `relight timeline verify|show|seal TIMELINE`: whether the record is what was written, what is in
// it, and a signature that says so.
#include "cmd_timeline.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "history.h"
#include "plain.h"
#include "relight/json.h"
#include "show.h"

// --- verify ---

static void add_seal(struct buf *out, const struct history_seal *seal, const char *signers)
{
	if (!seal->is_good)
		return;
	buf_printf(out, "sealed up to seq %lld", (long long)seal->seq);
	if (seal->who) {
		buf_text(out, ", signed by ");
		plain_add(out, seal->who);
	}
	if (seal->key) {
		buf_text(out, seal->who ? ", " : ", signed with ");
		plain_add(out, seal->key);
	}
	buf_text(out, " (");
	plain_add(out, seal->where);
	buf_text(out, seal->key && !signers
			      ? "); whose key that is was not asked: --allowed-signers FILE\n"
			      : ")\n");
}

static void add_session(struct buf *out, const struct proof_verdict *session, const char *signers)
{
	if (!session->is_proved)
		return;
	buf_printf(out, "session of event %lld, ", (long long)session->seq);
	plain_add(out, session->by);
	buf_text(out, ", proved by SSH key ");
	plain_add(out, session->key);
	if (session->who) {
		buf_text(out, " of ");
		plain_add(out, session->who);
	}
	buf_text(out, signers ? "\n" : "; whose that is was not asked: --allowed-signers FILE\n");
}

static void add_elsewhere(struct buf *out, const struct history *history)
{
	size_t outputs = history->outputs_elsewhere, secrets = history->secrets_elsewhere;
	if (outputs > 0)
		buf_printf(out,
			"not in this copy: %zu output%s of attempts, which a mirror is not given\n",
			outputs, outputs == 1 ? "" : "s");
	if (secrets > 0)
		buf_printf(out,
			"not looked at: %zu frozen file%s that hold%s Secrets, which only the "
			"incident's own directory has, for its owner\n",
			secrets, secrets == 1 ? "" : "s", secrets == 1 ? "s" : "");
}

static void print_verified(const struct history *history, const char *signers)
{
	struct buf out = {0};
	for (size_t i = 0; i < history->problem_count; i++) {
		plain_add(&out, history->problems[i]);
		buf_byte(&out, '\n');
	}
	plain_add(&out, history->path);
	buf_printf(&out, ": %s: %lld good lines, head %s\n",
		history->problem_count ? "NOT good" : "good", (long long)history->chain.lines,
		history->chain.head);
	if (history->is_continued)
		buf_printf(&out,
			"%lld lines are bad; behind them the record was gone on with on purpose "
			"(resume --past-damage)\n",
			(long long)history->bad_lines);
	else if (history->is_broken)
		buf_printf(&out,
			"of the %lld lines behind them %lld are bad, the others whole in "
			"themselves\n",
			(long long)(history->last_line - history->chain.lines),
			(long long)history->bad_lines);
	history_add_cover(history, &out);
	for (size_t i = 0; i < history->seal_count; i++)
		add_seal(&out, &history->seals[i], signers);
	for (size_t i = 0; i < history->session_count; i++)
		add_session(&out, &history->sessions[i], signers);
	if (history->directory)
		buf_printf(&out,
			"as recorded: %zu frozen, %zu pieces of evidence, %zu outputs of "
			"attempts\n",
			history->frozen_count, history->blob_count, history->output_count);
	if (history->outputs_cut > 0)
		buf_printf(&out,
			"not whole: the end of %zu of these outputs, which no disk took when it "
			"was "
			"written\n",
			history->outputs_cut);
	add_elsewhere(&out, history);
	if (!history->directory)
		buf_text(&out, "no frozen/ beside it: only the chain of its lines was looked at\n");
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
}

static void add_seals_json(cJSON *object, const struct history *history)
{
	cJSON *seals = cJSON_AddArrayToObject(object, "seals");
	for (size_t i = 0; i < history->seal_count; i++) {
		const struct history_seal *seal = &history->seals[i];
		cJSON *item = json_object();
		json_add_text(item, "where", seal->where);
		json_add_bool(item, "ok", seal->is_good);
		if (seal->seq >= 0)
			json_add_int(item, "seq", seal->seq);
		json_add_text(item, "key", seal->key);
		json_add_text(item, "who", seal->who);
		cJSON_AddItemToArray(seals, item);
	}
}

static void add_sessions_json(cJSON *object, const struct history *history)
{
	cJSON *sessions = cJSON_AddArrayToObject(object, "sessions");
	for (size_t i = 0; i < history->session_count; i++) {
		const struct proof_verdict *session = &history->sessions[i];
		cJSON *item = json_object();
		json_add_int(item, "seq", session->seq);
		json_add_bool(item, "ok", session->is_proved);
		json_add_text(item, "by", session->by);
		json_add_text(item, "key", session->key);
		json_add_text(item, "who", session->who);
		json_add_text(item, "why", session->why);
		cJSON_AddItemToArray(sessions, item);
	}
}

// What of the record was read, where that is not what the named file or directory has.
static void add_cover_json(cJSON *object, const struct history *history)
{
	const struct timeline_refuge *refuge = &history->refuge;
	if (history->is_part)
		json_add_bool(object, "part", true);
	if (refuge->lines == 0)
		return;
	cJSON *item = cJSON_AddObjectToObject(object, "refuge");
	json_add_text(item, "path", refuge->path);
	json_add_int(item, "from_seq", refuge->from_seq);
	json_add_int(item, "events", refuge->lines);
}

static void print_verified_json(const struct history *history)
{
	cJSON *object = json_object();
	struct buf out = {0};
	json_add_text(object, "timeline", history->path);
	json_add_bool(object, "ok", history->problem_count == 0);
	json_add_int(object, "events", history->chain.lines);
	json_add_text(object, "head", history->chain.head);
	if (history->is_broken)
		json_add_int(object, "first_bad_line", history->first_bad_line);
	json_add_int(object, "torn_bytes", (int64_t)history->torn_bytes);
	add_cover_json(object, history);
	json_add_int(object, "frozen", (int64_t)history->frozen_count);
	json_add_int(object, "evidence", (int64_t)history->blob_count);
	json_add_int(object, "outputs", (int64_t)history->output_count);
	json_add_int(object, "outputs_cut", (int64_t)history->outputs_cut);
	json_add_int(object, "outputs_elsewhere", (int64_t)history->outputs_elsewhere);
	json_add_int(object, "secrets_elsewhere", (int64_t)history->secrets_elsewhere);
	add_seals_json(object, history);
	add_sessions_json(object, history);
	cJSON *problems = cJSON_AddArrayToObject(object, "problems");
	for (size_t i = 0; i < history->problem_count; i++)
		json_append_text(problems, history->problems[i]);
	json_write(&out, object);
	puts(buf_str(&out));
	buf_fini(&out);
	cJSON_Delete(object);
}

static int verify(const struct timeline_options *options)
{
	const struct history_trust trust = {options->signers, options->seal, options->head, false};
	const char *format = options->format;
	struct history history;
	struct err err = {0};
	bool is_json = format && strcmp(format, "json") == 0;
	int code = EXIT_USAGE;
	if (format && !is_json && strcmp(format, "text") != 0)
		return command_usage("timeline", "verify --format is text or json");
	if (history_open(&history, options->name, &err)) {
		history_verify(&history);
		history_check_seals(&history, &trust);
		history_check_sessions(&history, &trust);
		if (is_json)
			print_verified_json(&history);
		else
			print_verified(&history, options->signers);
		code = history.problem_count ? EXIT_NO : EXIT_GOOD;
	} else {
		command_fail(EXIT_USAGE, &err);
	}
	history_fini(&history);
	return code;
}

// --- the command ---

static int show(const struct timeline_options *options)
{
	struct err err = {0};
	const char *format = options->format;
	bool is_jsonl = format && strcmp(format, "jsonl") == 0, is_damaged = false;
	if (format && !is_jsonl && strcmp(format, "text") != 0)
		return command_usage("timeline", "show --format is text or jsonl");
	if (!show_timeline(options->name, is_jsonl, &is_damaged, &err))
		return command_fail(EXIT_USAGE, &err);
	return is_damaged ? EXIT_NO : EXIT_GOOD;
}

enum {
	OPTION_SIGNERS = 256,
	OPTION_SEAL,
	OPTION_HEAD,
	OPTION_KEY,
};

// A part of one would be called missing, which is another thing than mistyped.
static bool is_head(const char *text)
{
	if (event_is_digest(text))
		return true;
	command_usage("timeline", "--head is a whole head, 64 hexadecimal digits");
	return false;
}

static bool take_option(struct timeline_options *options, int option)
{
	switch (option) {
	case 'f': options->format = optarg; return true;
	case 'o': options->output = optarg; return true;
	case OPTION_SIGNERS: options->signers = optarg; return true;
	case OPTION_SEAL: options->seal = optarg; return true;
	case OPTION_HEAD: options->head = optarg; return is_head(optarg);
	case OPTION_KEY: options->key = optarg; return true;
	default: return false;
	}
}

int cmd_timeline(int argc, char **argv)
{
	static const struct option known[] = {
		{"format", required_argument, NULL, 'f'},
		{"o", required_argument, NULL, 'o'},
		{"allowed-signers", required_argument, NULL, OPTION_SIGNERS},
		{"seal", required_argument, NULL, OPTION_SEAL},
		{"head", required_argument, NULL, OPTION_HEAD},
		{"key", required_argument, NULL, OPTION_KEY},
		{0},
	};
	static const struct {
		const char *word;
		int (*run)(const struct timeline_options *options);
	} words[] = {{"verify", verify}, {"show", show}, {"seal", timeline_seal}};
	struct timeline_options options = {0};
	for (int option; (option = command_option(argc, argv, known)) != -1;)
		if (!take_option(&options, option))
			return EXIT_USAGE;
	if (argc - optind != 2)
		return command_usage(argv[0], "say verify, show or seal, and name a timeline");
	options.name = argv[optind + 1];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, argv[optind]) == 0)
			return words[i].run(&options);
	return command_usage(argv[0], "say verify, show or seal, and name a timeline");
}
