// SPDX-License-Identifier: Apache-2.0
#include "incident_case.h"

#include "relight/pin.h"

// What keeps steps away from a target: it is not known yet, it is another one, or it is the lost
// cluster itself.

#define NOT_YET " has not answered yet, so it is not known to be the right one"

static void pinned(struct incident_case *of, const char *target, const char *fingerprint)
{
	char data[256];
	snprintf(data, sizeof data, "{'target':'%s','fingerprint':%s}", target, fingerprint);
	tell(of, "relight", EVENT_TARGET_PINNED, NULL, data);
}

static void assert_twin(const struct incident_case *of, const char *target, const char *twin)
{
	int is = state_twin(of->state, runbook_target(of->runbook, target));
	if (is != (twin ? runbook_target(of->runbook, twin) : -1))
		fail_msg("%s is the same as target %d", target, is);
}

static void assert_open_line(
	const struct incident_case *of, const char *id, bool is_done, const char *text)
{
	for (size_t i = 0; i < open_line_count(of->runbook); i++) {
		struct open_line line;
		open_line_get(of->state, i, &line);
		if (strcmp(line.id, id) != 0)
			continue;
		assert_string_equal(line.text, text);
		assert_int_equal(line.is_done, is_done);
		return;
	}
	fail_msg("no line %s", id);
}

// --- what agrees ---

static void test_a_change_is_called_what_it_is(void **unused)
{
	(void)unused;
	static const struct {
		const char *pinned, *now;
		enum pin_change change;
	} examples[] = {
		{"uid a ca_sha256 c", "uid b ca_sha256 c", PIN_ANOTHER},
		{"uid a ca_sha256 c", "uid a ca_sha256 c", PIN_AGAIN},
		{"uid a ca_sha256 c", "uid a ca_sha256 d", PIN_OTHER_CA},
		{"uid a ca_sha256 c", "uid a tls unverified", PIN_UNVERIFIED},
		{"uid a ca_sha256 c", "uid b tls unverified", PIN_ANOTHER},
		// Where there is no UID to go by, nothing says that it is the same.
		{"ca_sha256 c", "ca_sha256 d", PIN_ANOTHER},
		{"uid a ca_sha256 c", "ca_sha256 d", PIN_ANOTHER},
		{NULL, "uid a", PIN_ANOTHER},
		{"uid a", NULL, PIN_ANOTHER},
	};
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		assert_int_equal(
			pin_change(examples[i].pinned, examples[i].now), examples[i].change);
	for (int i = 0; i < PIN_CHANGES; i++)
		assert_non_null(pin_changes[i].question);
}

static void test_who_was_verified_and_is_only_believed_now_is_another(void **unused)
{
	(void)unused;
	static const struct {
		const char *pinned, *now;
		bool agrees;
	} examples[] = {
		{"uid a ca_sha256 c", "{\"uid\":\"a\",\"ca_sha256\":\"c\"}", true},
		{"uid a ca_sha256 c", "{\"uid\":\"a\"}", true},
		{"uid a ca_sha256 c", "{\"uid\":\"a\",\"tls\":\"unverified\"}", false},
		{"uid a tls unverified", "{\"uid\":\"a\",\"tls\":\"unverified\"}", true},
		{"uid a tls unverified", "{\"uid\":\"a\",\"ca_sha256\":\"c\"}", true},
		{"uid a tls unverified", "{\"uid\":\"b\",\"tls\":\"unverified\"}", false},
		{"uid a ca_sha256 c", "{\"ca_sha256\":\"c\"}", true},
		{"uid a ca_sha256 c", "{\"uid\":\"a\",\"ca_sha256\":\"d\"}", false},
		// Nothing in common says nothing.
		{"uid a", "{\"ca_sha256\":\"c\"}", false},
		{"uid a", "{}", false},
		{"uid a tls unverified", "{\"tls\":\"unverified\"}", false},
		{"", "{\"uid\":\"a\"}", false},
	};
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		cJSON *now = cJSON_Parse(examples[i].now);
		if (pin_agrees(examples[i].pinned, now) != examples[i].agrees)
			fail_msg("%s and %s", examples[i].pinned, examples[i].now);
		cJSON_Delete(now);
	}
	assert_true(pin_is_unverified("uid a tls unverified"));
	assert_false(pin_is_unverified("uid unverified"));
	assert_false(pin_is_unverified(NULL));
}

static void assert_news(struct incident_case *of, const char *fingerprint, enum pin_news wanted)
{
	struct buf text = {0};
	for (; *fingerprint; fingerprint++)
		buf_byte(&text, *fingerprint == '\'' ? '"' : *fingerprint);
	cJSON *now = cJSON_Parse(buf_str(&text));
	assert_non_null(now);
	if (state_pin_news(of->state, 0, now) != wanted)
		fail_msg("%s is %d", buf_str(&text), state_pin_news(of->state, 0, now));
	cJSON_Delete(now);
	buf_fini(&text);
}

static void test_what_a_fingerprint_means(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "targets: {k: {kubernetes: {}}}\nsteps: [{id: a, manual: x}]\n");
	assert_news(&of, "{}", PIN_NO_NEWS);
	assert_news(&of, "{'tls':'unverified'}", PIN_NO_NEWS);
	assert_news(&of, "{'ca_sha256':'c'}", PIN_FIRST);
	pinned(&of, "k", "{'ca_sha256':'c'}");
	assert_news(&of, "{'ca_sha256':'c'}", PIN_NO_NEWS);
	assert_news(&of, "{'uid':'1','ca_sha256':'c'}", PIN_MORE);
	pinned(&of, "k", "{'uid':'1','ca_sha256':'c'}");
	// What cannot be seen any more is not forgotten.
	assert_news(&of, "{'ca_sha256':'c'}", PIN_NO_NEWS);
	assert_news(&of, "{'uid':'1'}", PIN_NO_NEWS);
	assert_news(&of, "{'uid':'2','ca_sha256':'c'}", PIN_OTHER);
	assert_news(&of, "{'uid':'1','ca_sha256':'d'}", PIN_OTHER);
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'uid':'2','ca_sha256':'c'}}");
	assert_news(&of, "{'uid':'2','ca_sha256':'c'}", PIN_NO_NEWS);
	assert_news(&of, "{'uid':'3','ca_sha256':'c'}", PIN_OTHER);
	// The first one is back: that is told, and accepted by nobody but a person.
	assert_news(&of, "{'uid':'1','ca_sha256':'c'}", PIN_OTHER);
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'uid':'1','ca_sha256':'c'}}");
	assert_int_equal(state_target_trouble(of.state, 0), TARGET_CHANGED);
	assert_news(&of, "{'uid':'1','ca_sha256':'c'}", PIN_NO_NEWS);
	case_end(&of);
}

static void test_what_is_known_adds_up(void **unused)
{
	(void)unused;
	cJSON *now = cJSON_Parse("{\"uid\":\"a\"}");
	assert_false(pin_adds("uid a ca_sha256 c", now));
	assert_true(pin_adds("ca_sha256 c", now));
	assert_true(pin_adds("uid a tls unverified", now)); // verified now
	cJSON *merged = pin_merged("uid a ca_sha256 c tls unverified", now);
	char *text = pin_text(merged);
	assert_string_equal(text, "uid a ca_sha256 c");
	free(text);
	cJSON_Delete(merged);
	cJSON_Delete(now);
}

// --- known before it is acted on ---

static void test_a_target_is_pinned_before_a_step_acts_on_it(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "targets:\n"
			      "  k: {kubernetes: {context: dr}}\n"
			      "  s: {ssh: {host: h}}\n"
			      "steps:\n"
			      "- {id: acts, needs: [], target: k, run: {command: [x]}}\n"
			      "- {id: over-ssh, needs: [], target: s, run: {command: [x]}}\n"
			      "- {id: person, needs: [], target: k, manual: x}\n"
			      "- {id: elsewhere, needs: [], run: {command: [x]}}\n");
	assert_waits(&of, "acts", "target k" NOT_YET);
	assert_step(&of, "over-ssh", STEP_READY);
	assert_step(&of, "person", STEP_READY);
	assert_step(&of, "elsewhere", STEP_READY);
	pinned(&of, "k", "{'ca_sha256':'c1'}");
	assert_step(&of, "acts", STEP_READY);
	case_end(&of);
}

static void test_that_is_waived_by_the_targets_name(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "targets: {k: {kubernetes: {}}, l: {kubernetes: {}}}\n"
			      "steps:\n"
			      "- {id: a, needs: [], target: k, run: {command: [x]}}\n"
			      "- {id: b, needs: [], target: l, run: {command: [x]}}\n");
	tell(&of, "mei", EVENT_WAIVER, "a", "{'as':'start-anyway','edge':'k','why':'seen it'}");
	tell(&of, "mei", EVENT_WAIVER, "b", "{'as':'start-anyway','edge':'k','why':'no'}");
	assert_step(&of, "a", STEP_READY);
	assert_waits(&of, "b", "target l" NOT_YET);
	case_end(&of);
}

static void test_what_makes_the_target_does_not_wait_for_it(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of,
		"targets: {k: {created_by: make, kubernetes: {}}}\n"
		"dependencies: [{id: api, check: {manual: q}}]\n"
		"steps:\n"
		"- {id: before, needs: [], target: k, run: {command: [x]}}\n"
		"- {id: make, needs: [], target: k, restores: [api], run: {command: [x]}}\n");
	assert_step(&of, "before", STEP_READY);
	assert_step(&of, "make", STEP_READY);
	succeeds(&of, "make");
	assert_step(&of, "make", STEP_VERIFYING);
	assert_step(&of, "before", STEP_READY);
	tell_attempt(&of, "relight", EVENT_STEP_VERIFIED, "make", 1, "{}");
	assert_waits(&of, "before", "target k" NOT_YET);
	tell(&of, "relight", EVENT_STEP_REGRESSED, "make", "{}");
	assert_waits(&of, "before", "target k" NOT_YET);
	case_end(&of);
}

static void test_a_target_whose_maker_was_left_out_is_there(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "targets: {k: {created_by: make, kubernetes: {}}}\n"
			      "steps:\n"
			      "- {id: make, run: {command: [x]}}\n"
			      "- {id: use, target: k, run: {command: [x]}}\n");
	tell(&of, "mei", EVENT_STEP_SKIPPED, "make", "{'why':'it is there'}");
	assert_waits(&of, "use", "target k" NOT_YET);
	pinned(&of, "k", "{'uid':'1'}");
	assert_step(&of, "use", STEP_READY);
	case_end(&of);
}

static void test_the_runbook_says_which_cluster_it_must_be(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "targets: {k: {kubernetes: {uid: 0b1c}}}\n"
			      "steps: [{id: a, target: k, run: {command: [x]}}]\n");
	pinned(&of, "k", "{'ca_sha256':'c1'}");
	assert_waits(&of, "a",
		"target k: the runbook wants the cluster 0b1c, and its UID cannot be seen");
	int64_t waiver = tell(
		&of, "mei", EVENT_WAIVER, "a", "{'as':'start-anyway','edge':'k','why':'seen it'}");
	assert_step(&of, "a", STEP_READY);
	pinned(&of, "k", "{'uid':'77d0','ca_sha256':'c1'}");
	assert_waits(&of, "a", "target k: the runbook wants the cluster 0b1c, and this is 77d0");
	char of_waiver[64];
	snprintf(of_waiver, sizeof of_waiver, "{'of':%lld,'why':'x'}", (long long)waiver);
	tell(&of, "mei", EVENT_WAIVER_ENDED, "a", of_waiver);
	pinned(&of, "k", "{'uid':'0b1c','ca_sha256':'c1'}");
	assert_step(&of, "a", STEP_READY);
	case_end(&of);
}

// --- what it is called ---

static void assert_called(const struct incident_case *of, const char *target, const char *name)
{
	struct buf called = {0};
	bool is_called =
		facts_target_name(&of->facts, runbook_target(of->runbook, target), &called);
	if (!name)
		assert_false(is_called);
	else
		assert_string_equal(buf_str(&called), name);
	buf_fini(&called);
}

// Whoever looks on asks no kubeconfig, and must read the name that the other one has to type.
static void test_the_record_tells_what_the_kubeconfig_called_it(void **unused)
{
	(void)unused;
	static const char *const contexts[] = {"mine", NULL};
	struct incident_case of;
	case_begin(&of, "targets:\n"
			"  prod: {kubernetes: {kubeconfig: a}}\n"
			"  dr: {kubernetes: {kubeconfig: a, context: written}}\n"
			"steps:\n- {id: a, manual: x}\n");
	assert_called(&of, "prod", NULL);
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'prod','fingerprint':{'uid':'1'},'context':'test'}");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'dr','fingerprint':{'uid':'2'},'context':'test'}");
	assert_called(&of, "prod", "test");
	assert_called(&of, "dr", "written");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'prod','fingerprint':{'uid':'1','ca_sha256':'c1'}}");
	assert_called(&of, "prod", "test");
	of.facts.contexts = contexts;
	assert_called(&of, "prod", "mine");
	case_end(&of);
}

// --- the lost cluster ---

static const char both[] = "targets:\n"
			   "  old: {role: source, kubernetes: {context: a}}\n"
			   "  new: {role: recovery, kubernetes: {context: b}}\n"
			   "  shared: {kubernetes: {context: c}}\n"
			   "steps:\n"
			   "- {id: fence, needs: [], target: old, run: {command: [x]}}\n"
			   "- {id: restore, needs: [], target: new, run: {command: [x]}}\n"
			   "- {id: look, needs: [], target: shared, run: {command: [x]}}\n";

static void test_source_and_recovery_are_not_one_cluster(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, both);
	tell(&of, "ana", EVENT_SESSION_OPEN, NULL, NULL);
	tell(&of, "ana", EVENT_INCIDENT_DECLARED, NULL, "{'id':'i-1'}");
	pinned(&of, "old", "{'uid':'1','ca_sha256':'c1'}");
	pinned(&of, "new", "{'uid':'1','ca_sha256':'c1'}");
	pinned(&of, "shared", "{'uid':'1','ca_sha256':'c1'}");
	struct intent arm = intent_of(INTENT_ARM);
	assert_false(want(&of, &arm));
	assert_non_null(strstr(of.why.message, "old (source) and new (recovery)"));
	assert_waits(&of, "restore",
		"target new is the same cluster as old; correct the kubeconfig or the runbook");
	assert_waits(&of, "fence",
		"target old is the same cluster as new; correct the kubeconfig or the runbook");
	assert_step(&of, "look", STEP_READY);
	assert_open_line(&of, "open:pin-new", false, "new IS THE SAME CLUSTER AS old");
	// No waiver opens that; another kubeconfig and a person's word do.
	tell(&of, "mei", EVENT_WAIVER, "restore", "{'as':'start-anyway','why':'hurry'}");
	assert_step(&of, "restore", STEP_WAITING);
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'new','fingerprint':{'uid':'2','ca_sha256':'c2'}}");
	assert_waits(&of, "restore", "target new is another one now; re-pin it with a reason");
	// Who may accept it must be armed.
	assert_true(want(&of, &arm));
	tell(&of, "mei", EVENT_TARGET_REPINNED, NULL,
		"{'target':'new','fingerprint':{'uid':'2','ca_sha256':'c2'},'why':'corrected'}");
	assert_step(&of, "restore", STEP_READY);
	assert_step(&of, "fence", STEP_READY);
	assert_open_line(&of, "open:pin-new", true, "new uid 2 ca c2");
	case_end(&of);
}

// A kubeconfig that turns to the lost cluster under way.
static void test_recovery_that_becomes_the_source_is_not_accepted(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, both);
	tell(&of, "ana", EVENT_SESSION_OPEN, NULL, NULL);
	tell(&of, "ana", EVENT_INCIDENT_DECLARED, NULL, "{'id':'i-1'}");
	pinned(&of, "old", "{'uid':'1','ca_sha256':'c1'}");
	pinned(&of, "new", "{'uid':'2','ca_sha256':'c2'}");
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'new','fingerprint':{'uid':'1','ca_sha256':'c1'}}");
	assert_twin(&of, "new", "old");
	assert_waits(&of, "restore",
		"target new is the same cluster as old; correct the kubeconfig or the runbook");
	struct intent arm = intent_of(INTENT_ARM);
	assert_false(want(&of, &arm));
	tell(&of, "mei", EVENT_MODE_ARMED, NULL, NULL);
	struct intent repin = intent_of(INTENT_REPIN);
	repin.target = runbook_target(of.runbook, "new");
	repin.text = "why not";
	assert_false(want(&of, &repin));
	assert_non_null(strstr(of.why.message, "would be the same cluster"));
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'new','fingerprint':{'uid':'2','ca_sha256':'c2'}}");
	assert_true(want(&of, &repin));
	case_end(&of);
}

// A cluster that is made anew is another one, and as verified as the first was.
static void test_what_is_made_anew_is_verified(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "targets:\n"
			"  new: {role: recovery, created_by: make, kubernetes: {context: b}}\n"
			"steps:\n"
			"- {id: make, needs: [], run: {command: [x]}}\n");
	tell(&of, "ana", EVENT_SESSION_OPEN, NULL, NULL);
	tell(&of, "ana", EVENT_INCIDENT_DECLARED, NULL, "{'id':'i-1'}");
	tell(&of, "ana", EVENT_MODE_ARMED, NULL, NULL);
	pinned(&of, "new", "{'uid':'1','ca_sha256':'c1'}");
	tell(&of, "ana", EVENT_STEP_INTENT, "make", "{'role':'run'}");
	tell(&of, "relight", EVENT_STEP_RESULT, "make", "{'outcome':'success'}");
	struct intent repin = intent_of(INTENT_REPIN);
	repin.target = runbook_target(of.runbook, "new");
	static const char *const believed[] = {
		"{'target':'new','fingerprint':{'uid':'1','tls':'unverified'}}",
		"{'target':'new','fingerprint':{'uid':'2','tls':'unverified'}}"};
	for (size_t i = 0; i < 2; i++) {
		tell(&of, "relight", EVENT_TARGET_CHANGED, NULL, believed[i]);
		assert_false(state_repin_is_expected(of.state, repin.target));
		assert_false(want(&of, &repin)); // not without a reason
	}
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'new','fingerprint':{'uid':'2','ca_sha256':'c2'}}");
	assert_true(state_repin_is_expected(of.state, repin.target));
	assert_true(want(&of, &repin));
	case_end(&of);
}

static void test_twins_are_known_by_what_both_show(void **unused)
{
	static const struct {
		const char *old, *new;
		bool is_same;
	} cases[] = {
		{"{'uid':'1','ca_sha256':'c'}", "{'uid':'1','ca_sha256':'c'}", true},
		// Behind one proxy several clusters have its CA.
		{"{'uid':'1','ca_sha256':'c'}", "{'uid':'2','ca_sha256':'c'}", false},
		// A snapshot of etcd that was restored elsewhere has the UID of the lost cluster.
		{"{'uid':'1','ca_sha256':'c'}", "{'uid':'1','ca_sha256':'d'}", false},
		{"{'uid':'1','ca_sha256':'c'}", "{'ca_sha256':'c'}", true},
		{"{'uid':'1'}", "{'ca_sha256':'c'}", false},
		{"{}", "{}", false},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct incident_case of;
		case_begin(&of, both);
		pinned(&of, "old", cases[i].old);
		assert_twin(&of, "old", NULL);
		pinned(&of, "new", cases[i].new);
		pinned(&of, "shared", cases[i].old);
		assert_twin(&of, "old", cases[i].is_same ? "new" : NULL);
		assert_twin(&of, "new", cases[i].is_same ? "old" : NULL);
		assert_twin(&of, "shared", NULL);
		case_end(&of);
	}
}

// --- what another one answers ---

static const char watched[] =
	"targets:\n"
	"  k: {kubernetes: {context: a}}\n"
	"  other: {kubernetes: {context: b}}\n"
	"dependencies:\n"
	"- {id: db, check: {kubernetes: {target: k, readyz: true}}, every: 1s, stable: 2s}\n"
	"- {id: elsewhere, check: {kubernetes: {target: other, readyz: true}}, every: 1s}\n"
	"- {id: both, checks: [{command: [x]}, {kubernetes: {target: k, readyz: true}}]}\n"
	"steps:\n"
	"- {id: restore, needs: [], restores: [db], run: {command: [x]}}\n"
	"- {id: hold, needs: [], restores: [elsewhere]}\n";

static void changes(struct incident_case *of, const char *uid)
{
	char data[128];
	snprintf(data, sizeof data, "{'target':'k','fingerprint':{'uid':'%s'}}", uid);
	tell(of, "relight", EVENT_TARGET_CHANGED, NULL, data);
	sensed_doubt(of->sensed, of->state, of->facts.now.mono);
	due(of);
}

static void repins(struct incident_case *of, const char *uid)
{
	char data[128];
	snprintf(data, sizeof data, "{'target':'k','fingerprint':{'uid':'%s'},'why':'x'}", uid);
	tell(of, "mei", EVENT_TARGET_REPINNED, NULL, data);
}

static void assert_known(const struct incident_case *of, const char *dependency, enum status status,
	const char *message)
{
	const struct dependency_known *known =
		&of->state->dependencies[dependency_of(of, dependency)];
	assert_string_equal(status_word(known->status), status_word(status));
	assert_string_equal(known->message ? known->message : "", message);
}

static void begin_watched(struct incident_case *of)
{
	case_begin_armed(of, watched);
	pinned(of, "k", "{'uid':'1'}");
	pinned(of, "other", "{'uid':'7'}");
}

#define ANOTHER "another cluster answers: re-pin target k, or correct its kubeconfig"

static void test_another_cluster_unticks_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin_watched(&of);
	succeeds(&of, "restore");
	live(&of, 10, "db", "healthy");
	assert_step(&of, "restore", STEP_DONE);
	changes(&of, "2");
	assert_known(&of, "db", STATUS_UNKNOWN, ANOTHER);
	assert_expected(&of, "db", HELD);
	live(&of, 20, "db", "missing");
	assert_step(&of, "restore", STEP_DONE);
	assert_known(&of, "db", STATUS_UNKNOWN, ANOTHER);
	// The pinned one is back: it may have been the other one that answered last.
	size_t before = of.event_count;
	changes(&of, "1");
	// It is not known as before, for another reason.
	assert_int_equal(of.event_count, before + 2);
	const struct event *newest = of.events[of.event_count - 1];
	assert_int_equal(newest->kind, EVENT_DEPENDENCY_FRESH);
	assert_string_equal(json_text(newest->data, "status"), "unknown");
	assert_string_equal(json_text(newest->data, "message"),
		"another cluster answered in between: re-pin target k");
	live(&of, 30, "db", "missing");
	assert_step(&of, "restore", STEP_DONE);
	assert_int_equal(count_events(&of, EVENT_STEP_REGRESSED), 0);
	repins(&of, "1");
	now_is(&of, 31);
	sense(&of, "db", "missing");
	due(&of);
	assert_step(&of, "restore", STEP_DONE); // what was seen before does not count
	now_is(&of, 32);
	sense(&of, "db", "missing");
	due(&of);
	assert_step(&of, "restore", STEP_REGRESSED);
	case_end(&of);
}

// The last that was seen before it was known who answers may have been seen there.
static void test_another_cluster_ticks_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin_watched(&of);
	live(&of, 5, "db", "missing");
	succeeds(&of, "restore");
	live(&of, 6, "db", "healthy");
	assert_step(&of, "restore", STEP_VERIFYING);
	changes(&of, "2");
	live(&of, 30, "db", "healthy");
	assert_step(&of, "restore", STEP_VERIFYING);
	assert_known(&of, "db", STATUS_UNKNOWN, ANOTHER);
	repins(&of, "2");
	now_is(&of, 31);
	due(&of);
	assert_step(&of, "restore", STEP_VERIFYING);
	live(&of, 32, "db", "healthy");
	assert_step(&of, "restore", STEP_VERIFYING); // not for `stable` since
	live(&of, 34, "db", "healthy");
	assert_step(&of, "restore", STEP_DONE);
	case_end(&of);
}

static void test_what_asks_another_target_is_believed(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin_watched(&of);
	changes(&of, "2");
	live(&of, 30, "elsewhere", "healthy");
	assert_step(&of, "hold", STEP_DONE);
	assert_known(&of, "elsewhere", STATUS_HEALTHY, "as seen");
	live(&of, 40, "both", "healthy");
	assert_known(&of, "both", STATUS_UNKNOWN, ANOTHER);
	case_end(&of);
}

// A timeline tells what was seen on another one as if it were the pinned one.
static void test_it_is_not_believed_when_it_is_read(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin_watched(&of);
	status_is(&of, "db", "healthy");
	assert_true(state_is_healthy(of.state, dependency_of(&of, "db")));
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'uid':'2'}}");
	assert_false(state_is_healthy(of.state, dependency_of(&of, "db")));
	status_is(&of, "db", "missing");
	assert_known(&of, "db", STATUS_UNKNOWN, ANOTHER);
	assert_expected(&of, "db", AWAITED);
	tell(&of, "relight", EVENT_DEPENDENCY_FRESH, "db", "{'status':'healthy'}");
	assert_known(&of, "db", STATUS_UNKNOWN, ANOTHER);
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'uid':'1'}}");
	status_is(&of, "db", "healthy");
	assert_known(
		&of, "db", STATUS_UNKNOWN, "another cluster answered in between: re-pin target k");
	repins(&of, "1");
	status_is(&of, "db", "healthy");
	assert_true(state_is_healthy(of.state, dependency_of(&of, "db")));
	case_end(&of);
}

static void test_nor_is_a_cluster_that_the_runbook_does_not_name(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of,
		"targets: {k: {kubernetes: {uid: 0b1c}}}\n"
		"dependencies: [{id: api, check: {kubernetes: {target: k, readyz: true}}, "
		"every: 1s}]\n"
		"steps: [{id: a, manual: x}]\n");
	pinned(&of, "k", "{'uid':'77d0'}");
	live(&of, 5, "api", "healthy");
	assert_known(&of, "api", STATUS_UNKNOWN,
		"another cluster answers: its UID is 77d0, the runbook wants 0b1c");
	case_end(&of);
}

// What the source answers proves no recovery; of the source itself it is true.
static void test_the_lost_cluster_proves_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of,
		"targets:\n"
		"  old: {role: source, kubernetes: {context: a}}\n"
		"  new: {role: recovery, kubernetes: {context: b}}\n"
		"dependencies:\n"
		"- {id: was, check: {kubernetes: {target: old, readyz: true}}, every: 1s}\n"
		"- {id: is, check: {kubernetes: {target: new, readyz: true}}, every: 1s}\n"
		"steps: [{id: wait, restores: [is]}]\n");
	pinned(&of, "old", "{'uid':'1'}");
	live(&of, 1, "is", "healthy");
	pinned(&of, "new", "{'uid':'1'}");
	sensed_doubt(of.sensed, of.state, of.facts.now.mono);
	live(&of, 30, "is", "healthy");
	assert_known(&of, "is", STATUS_UNKNOWN,
		"the source answers: target new is the same cluster as old");
	assert_step(&of, "wait", STEP_READY);
	live(&of, 40, "was", "healthy");
	assert_known(&of, "was", STATUS_HEALTHY, "as seen");
	// It is the source's kubeconfig that leads to the recovery.
	tell(&of, "mei", EVENT_TARGET_REPINNED, NULL,
		"{'target':'new','fingerprint':{'uid':'2'},'why':'corrected'}");
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'old','fingerprint':{'uid':'2'}}");
	sensed_doubt(of.sensed, of.state, of.facts.now.mono);
	live(&of, 50, "was", "missing");
	assert_known(&of, "was", STATUS_UNKNOWN,
		"another cluster answers: target old is the same cluster as new");
	live(&of, 60, "is", "healthy");
	assert_known(&of, "is", STATUS_HEALTHY, "as seen");
	case_end(&of);
}

// What the sensor says where there is no kubeconfig for the target, whatever it makes of that.
static void nothing_leads_there(struct incident_case *of, int until, const char *status)
{
	for (int at = (int)seconds_now(of); at <= until; at++) {
		struct buf line = {0};
		now_is(of, at);
		buf_printf(&line,
			"{\"dependency\":\"api\",\"status\":\"%s\",\"message\":\"is not there\","
			"\"evidence\":{\"unreached\":\"k\"}}",
			status);
		cJSON *observation = cJSON_Parse(buf_str(&line));
		assert_int_equal(sensed_observe(of->sensed, of->state, observation,
					 of->facts.now.mono, NULL),
			0);
		of->sensed->last_heard = of->facts.now.mono;
		cJSON_Delete(observation);
		buf_fini(&line);
		due(of);
	}
}

static void test_a_target_that_was_reached_is_not_missing(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of,
		"targets: {k: {created_by: make, kubernetes: {}}}\n"
		"dependencies: [{id: api, check: {kubernetes: {target: k, readyz: true}}, "
		"every: 1s}]\n"
		"steps: [{id: make, restores: [api], run: {command: [x]}}]\n");
	nothing_leads_there(&of, 2, "missing");
	assert_known(&of, "api", STATUS_MISSING, "is not there");
	// One that was there before: it is still to be made.
	pinned(&of, "k", "{'uid':'1'}");
	nothing_leads_there(&of, 4, "unknown");
	assert_known(&of, "api", STATUS_MISSING, "is not there");
	succeeds(&of, "make");
	live(&of, 10, "api", "healthy");
	assert_step(&of, "make", STEP_DONE);
	nothing_leads_there(&of, 20, "missing"); // by a sensor that has not reached it
	assert_known(&of, "api", STATUS_UNKNOWN, "is not there");
	assert_step(&of, "make", STEP_DONE);
	assert_expected(&of, "api", HELD);
	// What answers that something is missing is believed.
	live(&of, 30, "api", "missing");
	assert_step(&of, "make", STEP_REGRESSED);
	case_end(&of);
}

static void test_nor_is_one_whose_maker_was_left_out(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of,
		"targets: {k: {created_by: make, kubernetes: {}}}\n"
		"dependencies: [{id: api, check: {kubernetes: {target: k, readyz: true}}, "
		"every: 1s}]\n"
		"steps: [{id: make, run: {command: [x]}}]\n");
	tell(&of, "mei", EVENT_STEP_SKIPPED, "make", "{'why':'it is there'}");
	nothing_leads_there(&of, 2, "missing");
	assert_known(&of, "api", STATUS_MISSING, "is not there");
	pinned(&of, "k", "{'uid':'1'}");
	nothing_leads_there(&of, 4, "unknown");
	assert_known(&of, "api", STATUS_UNKNOWN, "is not there");
	case_end(&of);
}

static void test_it_is_said_that_the_pinned_one_is_back(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "targets: {k: {kubernetes: {}}}\n"
			      "steps: [{id: a, target: k, run: {command: [x]}}]\n");
	pinned(&of, "k", "{'uid':'1','ca_sha256':'c'}");
	assert_false(state_pinned_is_back(of.state, 0));
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'uid':'2','ca_sha256':'c'}}");
	assert_false(state_pinned_is_back(of.state, 0));
	assert_open_line(&of, "open:pin-k", false, "k IS ANOTHER ONE NOW");
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'ca_sha256':'c'}}");
	assert_true(state_pinned_is_back(of.state, 0));
	assert_open_line(&of, "open:pin-k", false, "k IS THE PINNED ONE AGAIN, RE-PIN IT");
	assert_waits(&of, "a", "target k was another one in between; re-pin it with a reason");
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'k','fingerprint':{'uid':'1','tls':'unverified'}}");
	assert_false(state_pinned_is_back(of.state, 0));
	case_end(&of);
}

static void test_parts_of_a_pin(void **unused)
{
	(void)unused;
	char *value = pin_value("uid 1 ca_sha256 2", "ca_sha256");
	assert_string_equal(value, "2");
	free(value);
	assert_null(pin_value("uid 1 ca_sha256 2", "1"));
	assert_null(pin_value("uid 1 ca_sha256 2", "host_key"));
	assert_null(pin_value("uid", "uid"));
	assert_null(pin_value("", "uid"));
}

static void assert_said(const char *pin, const char *expected)
{
	struct buf said = {0};
	pin_say(pin, &said);
	assert_string_equal(buf_str(&said), expected);
	buf_fini(&said);
}

// What is long is shortened on purpose, at both ends; what is short stays as it is.
static void test_a_pin_as_it_is_shown(void **unused)
{
	(void)unused;
	assert_said("uid 12f30000-1111-2222-3333-444455559042 ca_sha256 9f3a0000aaaabbbb0c11",
		"uid 12f3..9042 ca 9f3a..0c11");
	assert_said("host_key 0123456789abc", "host_key 0123..9abc");
	assert_said("uid 0123456789ab", "uid 0123456789ab");
	assert_said("uid", "uid ?");
	assert_said("", "");
	struct buf said = {0};
	pin_say_much("uid 12f30000-1111-2222-3333-444455559042 "
		     "ca_sha256 9f3a0000aaaabbbb0123456789abcdef0123456789abcdef01234567cafe0c11",
		&said);
	assert_string_equal(buf_str(&said),
		"uid 12f30000-1111-2222-3333-444455559042 ca 9f3a0000aaaabbbb..cafe0c11");
	buf_fini(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_is_called_what_it_is),
		cmocka_unit_test(test_who_was_verified_and_is_only_believed_now_is_another),
		cmocka_unit_test(test_what_a_fingerprint_means),
		cmocka_unit_test(test_what_is_known_adds_up),
		cmocka_unit_test(test_a_target_is_pinned_before_a_step_acts_on_it),
		cmocka_unit_test(test_that_is_waived_by_the_targets_name),
		cmocka_unit_test(test_what_makes_the_target_does_not_wait_for_it),
		cmocka_unit_test(test_a_target_whose_maker_was_left_out_is_there),
		cmocka_unit_test(test_the_runbook_says_which_cluster_it_must_be),
		cmocka_unit_test(test_the_record_tells_what_the_kubeconfig_called_it),
		cmocka_unit_test(test_source_and_recovery_are_not_one_cluster),
		cmocka_unit_test(test_recovery_that_becomes_the_source_is_not_accepted),
		cmocka_unit_test(test_what_is_made_anew_is_verified),
		cmocka_unit_test(test_twins_are_known_by_what_both_show),
		cmocka_unit_test(test_another_cluster_unticks_nothing),
		cmocka_unit_test(test_another_cluster_ticks_nothing),
		cmocka_unit_test(test_what_asks_another_target_is_believed),
		cmocka_unit_test(test_it_is_not_believed_when_it_is_read),
		cmocka_unit_test(test_nor_is_a_cluster_that_the_runbook_does_not_name),
		cmocka_unit_test(test_the_lost_cluster_proves_nothing),
		cmocka_unit_test(test_a_target_that_was_reached_is_not_missing),
		cmocka_unit_test(test_nor_is_one_whose_maker_was_left_out),
		cmocka_unit_test(test_it_is_said_that_the_pinned_one_is_back),
		cmocka_unit_test(test_parts_of_a_pin),
		cmocka_unit_test(test_a_pin_as_it_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
