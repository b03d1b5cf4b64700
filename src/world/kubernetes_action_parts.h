// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_KUBERNETES_ACTION_PARTS_H
#define RELIGHT_WORLD_KUBERNETES_ACTION_PARTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/buf.h"
#include "relight/expect.h"
#include "relight/http.h"
#include "relight/kubeapi.h"
#include "relight/kubernetes.h"
#include "relight/kubernetes_action.h"
#include "relight/manifest.h"
#include "relight/moment.h"

// What the files of an action share. It is told one thing after another: whoever asks waits for the
// answer, and meanwhile the loop runs and is looked whether to stop.

#define KINDS_PATIENCE_MS 30000 // for a kind whose definition was just applied

// What the server has in one group-version.
struct kinds {
	char group[256], version[64];
	cJSON *list; // an APIResourceList; NULL: it has none such
};

struct acting {
	const struct kubernetes_task *task;
	struct kubernetes_done *done;
	const cJSON *action; // {"target":…,"apply":…}
	uv_loop_t loop;
	uv_timer_t look; // whether to stop
	uv_timer_t rest; // between two tries
	struct http *http;
	struct kubernetes *client;
	bool has_answered; // the server was reached, and its certificate is good
	struct buf warned; // what the server has warned of, a line each: it is told once
	bool is_rested;
	uint64_t stopped_ms; // on the loop's clock; 0: it need not stop
	char *namespace;     // for what names none
	char *creator; // who creates, as the server keeps it: this very attempt; its first …
	size_t creator_step; // … bytes are the same for all attempts of the step
	int attempt;
	struct kinds *kinds;
	size_t kinds_count, kinds_capacity;
	cJSON *frozen;            // the list of what is (attempt.h); NULL: not read yet
	struct manifest manifest; // what is applied or created
	struct deed *deeds;
	size_t deed_count, deed_capacity;
};

// --- kubernetes_action_ask.c: the conversation -------------------------------------------------------------------------

enum nature {
	NATURE_LOOK,  // changes nothing
	NATURE_SEEK,  // nor does this: what became of a change
	NATURE_AGAIN, // a change that may be sent twice
	NATURE_ONCE,  // one that may not
};

struct question {
	enum nature nature;
	const char *method; // NULL: GET
	const char *path;   // with its query
	const char *accept, *content_type;
	const char *body; // NULL: none
};

// Zeroed is empty.
struct reply {
	bool is_there; // false: it had to stop before
	enum reach reach;
	int status;
	struct buf body;
	cJSON *json; // NULL: it is none
	struct buf why, warnings;
	int64_t retry_after_ms;
	bool is_fleeting, was_sent; // as http_answer has them
	bool is_doubtful; // of a change: it, or an earlier one of the same, may have been carried
			  // out without an answer that says so
	char expired[DURATION_TEXT_BYTES]; // it was refused, with credentials that ended so long
					   // ago; "": not that
};
void reply_fini(struct reply *reply);
bool reply_is_good(const struct reply *reply); // 200 to 299
// Appends what a refusal says; `object` is the name of what was asked about, or NULL.
void reply_words(const struct reply *reply, const char *object, struct buf *words);

// Makes the loop and opens the kubeconfig. False with done->why. acting_end in any case.
bool acting_begin(struct acting *acting);
void acting_end(struct acting *acting);
// Whether who answers is who was pinned. False with done->why.
bool acting_identify(struct acting *acting);
// Asks, again and again where that is of use, and waits. False: it had to stop; then `reply` has
// the words of the last time, if there were any, and whether there is doubt.
bool acting_ask(struct acting *acting, const struct question *question, struct reply *reply);
// Waits. False: it had to stop.
bool acting_rest(struct acting *acting, int64_t ms);
void acting_say(struct acting *acting, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
// Sets done->why, and done->http_status by `reply` (NULL: none). Returns false.
bool acting_fail(struct acting *acting, const struct reply *reply, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// --- kubernetes_action_find.c: what the server has ---------------------------------------------------------------------

// The type of an object by its kind. *is_there tells whether the server has it now. `is_news`: it
// is asked again. False: it cannot be asked, with done->why, or had to stop.
bool acting_find_kind(struct acting *acting, const char *group, const char *version,
	const char *kind, bool is_news, struct kubeapi_type *type, bool *is_there);
// The type by a name as kubectl takes it. False with done->why where there is none such.
bool acting_find_resource(struct acting *acting, const char *resource, struct kubeapi_type *type);

// --- kubernetes_action_files.c: what is applied ------------------------------------------------------------------------

// Adds an object, or those of a file or a folder, to acting->manifest. False with done->why.
bool deeds_take_source(struct acting *acting, const cJSON *source);

// --- kubernetes_action_collect.c: what is to be done -------------------------------------------------------------------

enum deed_kind {
	DEED_APPLY,
	DEED_CREATE,
	DEED_PATCH,
	DEED_SCALE,
	DEED_RESTART,
	DEED_DELETE,
};

// One change, of one object.
struct deed {
	enum deed_kind kind;
	const cJSON *object; // apply, create: what it shall be; owned by acting.manifest
	struct kubeapi_type type;
	bool has_type;
	char *namespace, *name; // NULL: none, or the server makes one up
	char *label;            // "deployment.apps/case-api"
	const char *subresource, *content_type;
	bool may_change_type; // of content: nobody has said which
	cJSON *body;          // what is sent; NULL: `object`
	cJSON *preconditions; // delete: as the API has them
	int64_t replicas;     // scale: that are wanted
	// What the trial has told:
	const char *deferred; // why it could not be tried yet; NULL: it was
	bool is_settled;      // there is nothing to do …
	const char *settled;  // … and why, in words
	bool existed;         // apply: before
	char before[65];      // apply, patch: the object as it was, in short; "": not known
	char wanted[65];      // … and as it shall be
	bool is_same;         // nothing would change
	int64_t replicas_before;
};

// Fills acting->deeds from the action. False with done->why.
bool deeds_collect(struct acting *acting);
void deeds_fini(struct acting *acting);
// Gives a deed its type, and with it namespace and label. *is_there as in acting_find_kind.
bool deed_find_type(struct acting *acting, struct deed *deed, bool is_news, bool *is_there);

// --- kubernetes_action_deed.c: trying and doing it ---------------------------------------------------------------------

// Tries it by the server's dry run. False with done->why, and the refusal in `reply`, which the
// caller has zeroed and frees.
bool deed_try(struct acting *acting, struct deed *deed, struct reply *reply);
// Sends it. False: it had to stop, as for acting_ask.
bool deed_send(struct acting *acting, const struct deed *deed, bool is_trial, struct reply *reply);
// Gets the object that it is about, or a subresource of that (NULL: none). False: it had to stop.
bool deed_look(struct acting *acting, const struct deed *deed, enum nature nature,
	const char *subresource, const char *accept, struct reply *reply);
// Where only the metadata is wanted, or may be read: as `accept`.
#define METADATA_OF_ONE  "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
#define METADATA_OF_MANY "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
// done->why from a refusal, and what may be behind it. Returns false.
bool deed_refused(struct acting *acting, const struct deed *deed, const struct reply *reply);
bool deed_refused_for(struct acting *acting, const struct deed *deed, const struct reply *reply,
	const char *guess);
// Who is kept as the creator: the step and the attempt, and of what the server makes up a name for
// this deed alone.
void deed_creator(
	const struct acting *acting, const struct deed *deed, int attempt, struct buf *creator);
enum maker { MADE_BY_OTHERS, MADE_BY_STEP, MADE_BY_ATTEMPT };
enum maker deed_maker(const struct acting *acting, const cJSON *object);
// Whether all that is wanted is there; the server may have added to it.
bool deed_covers(const cJSON *is, const cJSON *wanted);
// What is there is what was wanted, or done->why by what the server said to the creation.
bool deed_settle_existing(struct acting *acting, struct deed *deed, const struct reply *conflict);
// The object in short, to compare it: without what the server keeps of every writing. Of a Secret,
// of which only the metadata is read, its version.
void deed_describe(const struct deed *deed, const cJSON *object, char description[65]);
// What a refusal says: that there is such an object, or that this very one is not there.
bool reply_is_taken(const struct reply *reply);
bool reply_is_about(const struct deed *deed, const struct reply *reply);

// --- kubernetes_action_do.c --------------------------------------------------------------------------------------------

// Carries it out, says what came of it, and adds the object to done->answer, a list. False with
// done->why, and done->is_unknown where that cannot be known.
bool deed_do(struct acting *acting, struct deed *deed);
// Says what came of it, the object in `reply`, and keeps that; `how` is added, NULL: nothing.
void deed_say_outcome(
	struct acting *acting, const struct deed *deed, struct reply *reply, const char *how);
// Moves the object in `reply` to done->answer, without what a Secret holds.
void deed_keep_answer(struct acting *acting, struct reply *reply);

// --- kubernetes_action_doubt.c -----------------------------------------------------------------------------------------

// The answer to a change was lost: looks for what became of it, for a few seconds. `reply` is what
// was heard last. True: it was done, and that is said. False with done->why, and done->is_unknown
// unless it was certainly not done.
bool deed_clear_up(struct acting *acting, struct deed *deed, const struct reply *reply);
// Whether an attempt before, the outcome of which is unknown, has made what the server makes up a
// name for: the deed is settled then.
bool deed_was_made_before(struct acting *acting, struct deed *deed);

#endif
