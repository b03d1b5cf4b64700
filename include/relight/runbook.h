// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_RUNBOOK_H
#define RELIGHT_RUNBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/arena.h"
#include "relight/diag.h"
#include "relight/event.h"
#include "relight/moment.h"
#include "relight/status.h"

// A restore runbook (FORMATS.md §1) as an immutable value: everything lives in one arena and refers
// to other parts by index. Texts may be NULL where the key was absent; durations are milliseconds,
// ABSENT_MS where absent.

#define ABSENT_MS                (-1LL)
#define RUNBOOK_MAX_BYTES        (4u << 20)
#define RUNBOOK_MAX_STEPS        10000
#define RUNBOOK_MAX_DEPENDENCIES 10000
#define RUNBOOK_ASKS_PER_CENT    80 // of a timeout, or of the time to settle: a person is asked then

struct yaml_node; // yaml.h; lives in the runbook's arena

struct place {
	int line, column; // 1-based; 0: nowhere
};

// A list of texts, NULL-terminated: an argv, a list of names.
struct texts {
	const char *const *items; // never NULL: at least the terminator
	size_t count;
};

// A list of indexes into another table of the runbook.
struct refs {
	const int *items;
	size_t count;
};

// A jq program, compiled by the `relight jq` child, never here.
struct jq_text {
	const char *text; // NULL: absent
	struct place place;
};

// Environment variables in file order.
struct env_pair {
	const char *name, *value; // value: a template
};
struct env_pairs {
	const struct env_pair *items;
	size_t count;
};

// --- what is hoped for -----------------------------------------------------------------------------------------------

// What an answer must look like. Which members may be set depends on the check (FORMATS.md "Where
// `expect` stands").
struct expectation {
	bool given; // an `expect` was written
	int exit;   // expected exit code; default 0
	int status; // expected HTTP status; 0: any 2xx
	const char *contains;
	const char *matches; // POSIX ERE, unanchored
	const char *banner;  // tcp
	struct jq_text jq, message, progress, expires;
	int64_t within_ms; // HTTP answer time limit; ABSENT_MS: none
	bool unreachable;  // silence is what is wanted
	enum expect_object {
		EXPECT_HEALTHY,
		EXPECT_EXISTS,
		EXPECT_ABSENT,
		EXPECT_JQ
	} object; // kubernetes
};

enum check_kind {
	CHECK_KUBERNETES,
	CHECK_HTTP,
	CHECK_TCP,
	CHECK_DNS,
	CHECK_TLS,
	CHECK_SSH,
	CHECK_COMMAND,
	CHECK_SHELL,
	CHECK_USE,
	CHECK_MANUAL,
	CHECK_KINDS,
};

enum kubernetes_question {
	KUBERNETES_OBJECTS, // resource, namespace, name or selector
	KUBERNETES_READYZ,
	KUBERNETES_CAN_I,
	KUBERNETES_SERVICE_PROXY,
};

struct kubernetes_check {
	enum kubernetes_question question;
	int target; // index into targets
	const char *resource, *namespace, *name, *selector;
	int min;                             // least number of objects; default 1 without a name
	const char *verb, *subresource, *as; // can_i
	struct texts groups;
	const char *service, *port, *path; // service proxy
};

struct http_check {
	const char *url, *method, *body, *ca, *connect_to;
	struct env_pairs headers;
};
struct tcp_check {
	const char *host, *port; // port: a template or a number already checked
};
struct dns_check {
	const char *name, *type;
	struct texts servers, values;
	bool authoritative;
	int64_t max_ttl_ms;
};
struct tls_check {
	const char *host, *port, *name, *ca, *connect_to, *issuer;
	int min_days; // -1: absent
};
// `command`, `shell` and `ssh`, for checks and for actions.
struct command {
	struct texts argv; // empty where `shell` is given
	const char *shell; // text for `sh -eu`, never substituted
	const char *dir;
	struct env_pairs env;
	int target; // ssh: index into targets, else -1
};
struct use {
	const char *name; // of a catalogue entry
	struct env_pairs with;
};

struct check {
	enum check_kind kind;
	struct place place;
	struct expectation expect;
	union {
		struct kubernetes_check kubernetes;
		struct http_check http;
		struct tcp_check tcp;
		struct dns_check dns;
		struct tls_check tls;
		struct command command; // CHECK_SSH, CHECK_COMMAND, CHECK_SHELL
		struct use use;
		const char *manual; // the question
	};
};

// --- what is done ----------------------------------------------------------------------------------------------------

enum action_kind {
	ACTION_NONE,
	ACTION_COMMAND,
	ACTION_SHELL,
	ACTION_SSH,
	ACTION_HTTP,
	ACTION_KUBERNETES,
	ACTION_USE,
	ACTION_KINDS,
};

// One item of apply or create.
struct manifest_source {
	const char *path;               // a template: a file or a folder; or
	const struct yaml_node *object; // an object of its own, its texts templates
};

struct kubernetes_action {
	const char *verb; // apply create patch scale restart delete
	int target;
	const struct manifest_source *sources; // apply, create: at least one
	size_t source_count;
	const char *resource, *namespace, *name; // namespace: of apply and create, for objects that
						 // name none
	const char *selector;                    // delete: instead of a name
	const char *patch_type, *subresource;    // patch
	const struct yaml_node *body;            // patch: a tree, or a text of JSON or YAML
	const char *replicas;                    // scale: a template or a number
	const char *propagation, *uid, *resource_version; // delete
	int64_t grace_period_ms;                          // delete; ABSENT_MS: the object's own
	bool force;                                       // apply: takes over what others manage
};

struct action {
	enum action_kind kind;
	struct place place;
	struct expectation expect;
	union {
		struct command command; // ACTION_COMMAND, ACTION_SHELL, ACTION_SSH
		struct http_check http;
		struct kubernetes_action kubernetes;
		struct use use;
	};
};

// --- the nouns: dependencies -----------------------------------------------------------------------------------------

struct dependency {
	const char *id, *title;     // title: the id where absent
	const char *layer;          // one of runbook_layers, or NULL
	const struct check *checks; // at least one; the worst counts
	size_t check_count;
	int64_t every_ms, timeout_ms, stable_ms; // defaults filled in: 10 s, 10 s, 2 × every
	struct refs follows; // dependencies under whose failure this one's is folded
	int proves;          // evidence level 0 to 5, -1 absent
	const char *owner, *degraded;
	struct action renew;     // ACTION_NONE: absent
	struct refs restored_by; // steps that restore it, in the order of the file
	struct refs mentions;    // inputs that its checks mention
	struct place place;
};

// --- the verbs: steps ------------------------------------------------------------------------------------------------

enum step_kind { STEP_WAIT, STEP_RUN, STEP_MANUAL, STEP_DECIDE };
enum again { AGAIN_SAFE, AGAIN_VERIFY, AGAIN_NEVER };

// Of a set of modes: the bit of an enum event_mode.
#define MODE_BIT(mode) (1u << (mode))

struct decision_option {
	const char *id, *say;
};
struct hint {
	const char *match; // POSIX ERE over the output
	const char *say;
};
struct learned_input {
	int input;         // index into inputs
	struct jq_text jq; // over stdout as JSON; absent: asked when the step is confirmed
};

struct step {
	const char *id, *title; // title: what it does in words, falling back to the manual text's
				// first line, the question, the id
	const char *group;      // the id before `each` expanded it, else the id itself
	const char *each;       // the value of ${each}, or NULL
	int phase;              // index into phases
	enum step_kind kind;
	bool is_abort;        // one of abort.steps: outside the order
	struct refs needs;    // resolved: implicit "the step before" included, groups expanded
	bool needs_given;     // `needs` was written
	struct refs requires; // dependencies that must be healthy to start
	struct refs restores; // dependencies that must become healthy for it to count as done
	const char *text;
	struct action run;
	const char *manual;
	const char *question; // decide
	const struct decision_option *options;
	size_t option_count;
	int when_step;                // the decision it hangs on, or -1
	struct texts when_is;         // the options that choose it
	int64_t takes_ms, timeout_ms; // ABSENT_MS: counts as 0; no limit
	int stop_signal;              // default SIGTERM
	int64_t grace_ms, settle_ms;  // defaults 30 s, 5 min
	int retries;
	enum again again;
	bool destructive, point_of_no_return;
	const char *confirm; // the name to type, or NULL
	int target;          // index into targets, or -1
	int approvals;
	const char *owner;
	int proves; // -1 absent
	const struct learned_input *sets;
	size_t set_count;
	unsigned modes; // MODE_BITs
	const struct hint *hints;
	size_t hint_count;
	struct action rollback; // ACTION_NONE: absent
	struct refs mentions;   // inputs that its action, environment or texts mention: unset ones
				// block it
	struct place place;
};

// --- the rest --------------------------------------------------------------------------------------------------------

struct input {
	const char *id, *ask, *pattern, *fallback; // fallback: `default`, or NULL
	bool secret;
	struct texts choices;           // literal choices
	struct command choices_command; // argv empty and shell NULL: none
	struct jq_text choices_jq;
	bool is_used;    // something mentions or sets it
	bool is_learned; // a step sets it, so it need not be asked when the incident opens
	struct place place;
};

enum target_role { TARGET_SHARED, TARGET_SOURCE, TARGET_RECOVERY };
struct target {
	const char *id;
	enum target_role role;
	bool is_ssh;
	const char *kubeconfig, *context, *namespace, *uid; // kubernetes
	const char *host, *user;                            // ssh
	int port;
	bool via_openssh;
	int created_by; // step, or -1
	struct place place;
};

struct objectives {
	int64_t rpo_ms, rto_ms, mtd_ms;
};
struct function {
	const char *id, *title, *owner;
	struct objectives objectives;
	struct refs journey; // dependencies
};
struct restore_point {
	const char *id, *title, *of; // of: a state inventory id
	struct command at, found;
	struct jq_text at_jq, found_jq;
};
struct store { // one entry of the state inventory
	const char *id, *category, *source_of_truth, *backup, *consistency, *replication, *writers,
		*replicated_to, *owner;
	bool replayable;
};
struct precondition {
	int dependency;   // index, or -1: a text that a person attests
	const char *text; // the dependency's id, or the text
};
struct cadence {
	int64_t every_ms;
	const char *say, *owner;
};
struct contact {
	const char *role, *who, *how;
};
struct duty { // of continuity.regulatory
	const char *what, *owner;
	int64_t within_ms;
};
struct backup { // one entry of backup_policy
	const char *what, *by, *scope, *access, *owner, *evidence;
	int64_t every_ms, keep_ms, tested_every_ms;
	bool encrypted, immutable;
	struct texts copies;
};
struct evidence_item {           // what to keep for the review
	const char *kind, *what; // kind: log metric screenshot command
};
struct abort_criterion {
	int dependency, after; // after: step, or -1
	int64_t for_ms;
};

struct runbook {
	struct arena *arena;
	const char *file;   // as given; for messages
	struct place place; // where its first key stands
	const char *base;   // folder that paths are relative to; "." where unknown
	char sha256[65];    // of the file's bytes
	const char *name, *title, *version, *owner;
	struct {
		const char *level, *capability, *application, *environment, *cluster, *region,
			*recovery_region;
		struct texts data_stores;
		struct env_pairs all; // every scalar of `scope`, for ${scope.X}
	} scope;
	struct objectives objectives;
	const char *topology;
	struct {
		const char *at, *level, *drill;
		int64_t every_ms;
	} validated;
	const char *incident_channel, *customer_impact;
	struct texts disasters, env, known_gaps, roles, reconcile;
	const char *env_file;
	const char *fallback; // continuity
	const struct precondition *preconditions;
	const struct store *stores;
	const struct function *functions;
	const struct cadence *cadences;
	const struct contact *contacts;
	const struct duty *duties;
	const struct backup *backups;
	const struct evidence_item *evidence;
	const struct input *inputs;
	const struct target *targets;
	const struct restore_point *restore_points;
	const struct dependency *dependencies;
	struct texts phases;      // ids; `open` is not among them
	const struct step *steps; // file order, `each` expanded
	size_t precondition_count, store_count, function_count, cadence_count, contact_count,
		duty_count, backup_count, evidence_count, input_count, target_count,
		restore_point_count, dependency_count, step_count;
	struct {
		struct texts criteria;
		const struct abort_criterion *when_unhealthy;
		size_t when_unhealthy_count;
		struct refs steps; // in list order
		const char *escalation;
	} abort;
	const struct runbook_index *index; // what the functions below look ids up in
	const struct jq_text *programs;    // every jq program in it, for one check by the jq child
	size_t program_count;
};

extern const char *const runbook_layers[]; // NULL-terminated

// Loads and checks one runbook from the text of `diags->file` (diags->source is set to `text`,
// which must have a NUL after its `length_bytes` and is needed until diags_print). All that is
// wrong is added to `diags`; NULL when there was an error. `base` is the folder of the file. The
// caller frees with runbook_free. jq programs are collected, not compiled; everything else that
// FORMATS.md §1 calls an error is one.
struct runbook *runbook_load(
	const char *text, size_t length_bytes, const char *base, struct diags *diags);
// The same, but gives what could be loaded where there were errors too. That is good for looking at
// `programs` and at nothing else.
struct runbook *runbook_examine(
	const char *text, size_t length_bytes, const char *base, struct diags *diags);
void runbook_free(struct runbook *runbook); // NULL is safe

// Index by id, or -1. Constant time.
int runbook_step(const struct runbook *runbook, const char *id);
int runbook_dependency(const struct runbook *runbook, const char *id);
int runbook_input(const struct runbook *runbook, const char *id);
int runbook_target(const struct runbook *runbook, const char *id);

// Whether its member `command` is there: command, shell and ssh.
bool action_is_command(const struct action *action);
// The target that an action itself names, or -1.
int action_target(const struct action *action);
// The target that the step's action, or its rollback, acts on: what that names, else the step's
// own; -1: none.
int step_acts_on(const struct step *step, bool is_rollback);

// The name a person types before this destructive step (FORMATS.md "Typed name"), a template to
// expand. Never NULL. *is_fallback (may be NULL): it came from scope or the runbook's name.
// `current_context` is the kubeconfig's, or NULL.
const char *step_typed_name(const struct runbook *runbook, const struct step *step,
	const char *current_context, bool *is_fallback);

// What it uses that is parsed and checked but not built yet, in a few words ("ssh actions"),
// static; NULL: nothing. A rehearsal plays every kind; where real systems are asked or changed,
// this is a clear error (FORMATS.md, first lines).
const char *step_unbuilt(const struct step *step);                   // its rollback left aside
const char *action_unbuilt(const struct action *action);             // a rollback, a renewal
const char *dependency_unbuilt(const struct dependency *dependency); // its renewal left aside
const char *input_unbuilt(const struct input *input);

// "kubernetes", "http", …: the key that names it in a runbook.
const char *check_kind_word(enum check_kind kind);
const char *action_kind_word(enum action_kind kind);

#endif
