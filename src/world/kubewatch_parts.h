// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_KUBEWATCH_PARTS_H
#define RELIGHT_WORLD_KUBEWATCH_PARTS_H

#include <uthash.h>

#include "relight/json_items.h"
#include "relight/kubewatch.h"

// What the files of a watch share: kubewatch.c decides what comes next,
// kubewatch_stream.c talks with the server, kubewatch_objects.c keeps the verdicts,
// kubewatch_viewer.c answers.

#define KUBEWATCH_POLITE_MS        1000 // between two of the same requests, at least
#define KUBEWATCH_MAX_OBJECTS      200000
#define KUBEWATCH_MAX_OBJECT_BYTES (4u << 20) // etcd takes 1.5 MiB

enum kubewatch_phase {
	KUBEWATCH_IDLE, // nobody has asked yet
	KUBEWATCH_LOCATING,
	KUBEWATCH_LISTING,  // a page is on its way
	KUBEWATCH_JUDGING,  // a page has come, and verdicts are awaited
	KUBEWATCH_WATCHING, // from the request on
	KUBEWATCH_RESTING,  // until the timer
};

// The verdict on one object in one view; what is asked about it points here.
struct kubeverdict {
	struct kubeobject *object;
	struct kubewatch_view *view;
	int64_t judge_ticket, jq_ticket; // 0: none
	bool is_judged;
	enum status status;
	char *words; // NULL: not needed, because it is one healthy object of many
	char *rule;  // of KUBEWATCH_HEALTH, of one object
	struct wall since;
	struct wall again; // when it no longer holds by itself; WALL_NONE: never
};

struct kubeobject {
	UT_hash_handle hh;
	char *key;                         // NAMESPACE/NAME, or the name alone
	unsigned list;                     // the number of the list that it was last seen in
	char *uid, *version, *pods, *text; // of the one object; text: for KUBEWATCH_TEXT
	size_t text_length;
	struct progress *progress; // of the one object; NULL: it tells none
	size_t verdict_count;
	struct kubeverdict verdicts[]; // by view index
};

// One way to look at the objects, for all who look so.
struct kubewatch_view {
	struct kubewatch *watch;
	size_t index;
	enum kubewatch_aim aim;
	const struct expectation *expect; // of KUBEWATCH_JQ
	uint64_t changes;                 // counted
	size_t counts[STATUS_COUNT];      // of judged objects
	struct wall moved;  // when one of them was last known to; WALL_NONE: not known
	struct wall born;   // when the newest of those that tell no times was created; WALL_NONE
	struct tally tally; // of the last kubewatch_count
};

struct kubewatch_viewer {
	struct kubewatch_viewer *next, *prev;
	struct kubewatch_view *view;
	uint64_t seen; // of the view's changes
	void (*changed)(void *context);
	void *context;
};

struct kubewatch {
	struct kubewatch_config config;
	struct kubewatch_scope scope; // texts are owned
	struct kubeapi_type type;     // once located
	enum kubewatch_phase phase;

	// What is under way.
	struct kubernetes_search *search;
	struct kubernetes_exchange *exchange;
	struct json_items *items;
	struct err trouble; // what is wrong with what has arrived; empty: nothing
	bool has_expired;   // an event said that the watch must begin with a new list
	bool has_head,
		is_shared; // of the newest exchange: its head has come; it shares a connection
	uint64_t began_ms; // when the newest attempt began, on the loop's clock
	struct wall began;
	uint64_t watch_began_ms; // when one was last asked to watch; 0: never
	int watch_s;             // how long the server was asked to let it last
	uint64_t progress_ms;    // when something last arrived
	struct buf next_page;    // token; empty: the first page
	bool has_restarted;      // this list, because its pages had expired
	unsigned list;           // its number
	uint64_t list_began_ms;  // and when it began; 0: never
	struct wall list_began;
	size_t waiting; // verdicts that were asked for
	bool needs_pulse;

	// What is known.
	struct kubewatch_view **views;
	size_t view_count;
	struct kubewatch_viewer *viewers;
	struct kubeobject *objects;
	char *version;                 // where to watch from; NULL: a list must come first
	bool is_listed;                // `objects` is complete, as of …
	uint64_t listed_ms;            // … when that list began
	unsigned generation;           // of the client, when it was listed
	char uid[64];                  // of the cluster, when it was listed
	uint64_t unwatchable_until_ms; // until then it can only be listed
	uint64_t unwatchable_ms;       // for so long, the last time; 0: it could be watched since
	unsigned broken;               // watches in a row that were of no use …
	uint64_t broke_ms;             // … and when the newest one had ended
	bool is_mute;                  // it had kept silent beyond its end
	uint64_t confirmed_ms;         // it was so at this time, or is newer
	struct wall confirmed;
	uint64_t
		to_confirm_ms; // the same, once the verdicts that are awaited have come; 0: nothing
	struct wall to_confirm;
	int64_t latency_ms;

	// What keeps it from being known.
	enum status failed; // STATUS_HEALTHY: nothing
	int failed_http;
	struct buf why;
	uint64_t failed_ms;     // when what failed was begun
	unsigned failures;      // in a row
	uint64_t not_before_ms; // no attempt before

	struct kubewatch_asking *askings;
	uv_timer_t timer;  // of a rest; else the guard of what is under way
	uv_timer_t notice; // for viewers, and for askings that have waited long enough
	uint64_t noticed_ms;
	int timers_open;
};

// --- kubewatch.c ---------------------------------------------------------------------------------

// Ends what is under way in failure, and tries again later. retry_after_ms -1: nothing was asked
// for.
void kubewatch_fail(struct kubewatch *watch, enum status status, int http_status,
	int64_t retry_after_ms, const char *words);
// The list is complete and judged: all is known.
void kubewatch_listed(struct kubewatch *watch);
// The gate that it goes through.
const char *kubewatch_gate(const struct kubewatch *watch);
// What is known holds as of this time, and nothing is in the way any more.
void kubewatch_confirm(struct kubewatch *watch, uint64_t ms, struct wall wall);
// Nothing is in the way any more.
void kubewatch_recover(struct kubewatch *watch);
// Goes on with the watch, or with a list where one must come first, as soon as that is polite.
void kubewatch_go_on(struct kubewatch *watch);
// Whether who answers, and as whom it is asked, is as when it was listed.
bool kubewatch_is_still_the_same(const struct kubewatch *watch);
// Whether the server has lately permitted only to list it.
bool kubewatch_is_unwatchable(const struct kubewatch *watch);
// A verdict holds only until then: the objects are listed anew, for nothing but verdicts is kept.
void kubewatch_look_again(struct kubewatch *watch, struct wall at);
// Whether a list must come before it can be watched.
bool kubewatch_wants_list(const struct kubewatch *watch);

// --- kubewatch_viewer.c --------------------------------------------------------------------------

// Something in a view has changed; in all of them, and those who wait can be answered.
void kubewatch_note(struct kubewatch_view *view);
void kubewatch_note_all(struct kubewatch *watch);
// Answers those who wait, as far as they can be. What is told may ask again, and cancel others.
void kubewatch_answer_all(struct kubewatch *watch);
// Since when somebody waits for what is asked after that, and no list covers it: of several the
// latest, on the loop's clock. 0: nobody does.
uint64_t kubewatch_asked_anew_ms(const struct kubewatch *watch);

// --- kubewatch_stream.c --------------------------------------------------------------------------

// Asks for the first page of a list, or for the next one; for what comes from now on.
void kubewatch_ask_list(struct kubewatch *watch);
void kubewatch_ask_watch(struct kubewatch *watch);
// Lets go of what is under way, silently.
void kubewatch_let_go(struct kubewatch *watch);
// A verdict that was awaited has come.
void kubewatch_verdict_came(struct kubewatch *watch);

// --- kubewatch_objects.c -------------------------------------------------------------------------

// Whether metadata is all that is needed: secrets are never fetched whole.
bool kubewatch_needs_metadata_only(const struct kubewatch *watch);
// Takes what the server tells of one object, and has it judged in each view. Takes ownership of
// `object`. False with `err`: it is none, or one too many.
bool kubewatch_take(struct kubewatch *watch, cJSON *object, struct err *err);
// The server tells that it is not there any more.
void kubewatch_remove(struct kubewatch *watch, const cJSON *object);
// Lets go of those that the newest list did not name; or of all.
void kubewatch_sweep(struct kubewatch *watch);
void kubewatch_clear(struct kubewatch *watch);
// When the first of the verdicts no longer holds by itself; WALL_NONE: never.
struct wall kubewatch_holds_until(const struct kubewatch *watch);
const struct tally *kubewatch_count(struct kubewatch_view *view);

#endif
