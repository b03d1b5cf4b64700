// SPDX-License-Identifier: Apache-2.0
#include "relight/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "health_case.h"

// Kinds that no rule knows, judged by how controllers commonly report.

#define CUSTOM(metadata, spec, status)                                                             \
	"{'apiVersion':'db.example.io/v1','kind':'Store','metadata':{" metadata "},'spec':{" spec  \
	"},'status':{" status "}}"
#define CONDITION(type, status, reason)                                                            \
	"{'type':'" type "','status':'" status "','reason':'" reason "','message':'m'}"

static void conventions(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{CUSTOM("'deletionTimestamp':'2026-07-03T11:00:00Z','finalizers':['example.io/"
			"guard']",
			 "", "'conditions':[" CONDITION("Ready", "True", "Up") "]"),
			STATUS_PROGRESSING, "example.io/guard", "convention/deletion"},
		{CUSTOM("", "'suspend':true",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "]"),
			STATUS_SUSPENDED, "spec.suspend", "convention/suspend"},
		{CUSTOM("'generation':7", "",
			 "'observedGeneration':6,'conditions':[" CONDITION(
				 "Ready", "True", "Up") "]"),
			STATUS_PROGRESSING, "generation 6 of 7", "convention/generation"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "True", "Up") "]"),
			STATUS_HEALTHY, "Up: m", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Available", "False", "DialFailed") "]"),
			STATUS_DEGRADED, "DialFailed: m", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "False", "Creating") "]"),
			STATUS_PROGRESSING, "Creating", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "Unknown", "Odd") "]"),
			STATUS_PROGRESSING, "Odd", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "Stalled", "True", "Quota") "]"),
			STATUS_DEGRADED, "Quota", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "Reconciling", "True", "Again") "]"),
			STATUS_PROGRESSING, "Again", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "CacheReady", "False", "Cold") "]"),
			STATUS_HEALTHY, "Up", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION(
				 "example.io/disk-ready", "False", "DiskMissing") "]"),
			STATUS_DEGRADED, "DiskMissing", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("DriverInstalled", "True", "Done") "]"),
			STATUS_HEALTHY, "Done", "convention/conditions"},
		{CUSTOM("'generation':2", "",
			 "'conditions':[{'type':'Ready','status':'True','observedGeneration':1}]"),
			STATUS_PROGRESSING, "older generation", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "],'phase':'Failed'"),
			STATUS_DEGRADED, "Failed", "convention/phase"},
		// Whatever number it is, it is not the one that was seen.
		{CUSTOM("'generation':1e300", "",
			 "'observedGeneration':1,'conditions':[" CONDITION(
				 "Ready", "True", "Up") "]"),
			STATUS_PROGRESSING, "newest spec", "convention/generation"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Synced", "True", "Up") "," CONDITION(
				 "Ready", "Maybe", "Odd") "]"),
			STATUS_UNKNOWN, "Odd", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "Progressing", "Odd") "]"),
			STATUS_PROGRESSING, "Odd", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "False", "DoesNotExist") "]"),
			STATUS_PROGRESSING, "DoesNotExist", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "False", "PeerDoesNotExist") "]"),
			STATUS_DEGRADED, "PeerDoesNotExist", "convention/conditions"},
		{CUSTOM("", "", "'phase':'Wibble','nodes':[{'name':'a','health':'ok'}]"),
			STATUS_UNKNOWN, "Wibble", "convention/phase"},
		{CUSTOM("", "", "'phase':'ScalingDown'"), STATUS_PROGRESSING, "ScalingDown",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'Ready','message':'all up'"), STATUS_HEALTHY, "all up",
			"convention/phase"},
		{CUSTOM("", "", "'state':'Flummoxed','readyReplicas':1,'replicas':1"),
			STATUS_UNKNOWN, "Flummoxed", "convention/phase"},
		{CUSTOM("", "", "'desiredState':'Ready'"), STATUS_UNKNOWN, "nothing in its status",
			"none"},
		{CUSTOM("", "", "'readyToUse':true"), STATUS_HEALTHY, "readyToUse",
			"convention/flags"},
		{CUSTOM("", "", "'readyToUse':false,'error':{'message':'no snapshot class'}"),
			STATUS_DEGRADED, "no snapshot class", "convention/error"},
		{CUSTOM("", "'replicas':5", "'readyReplicas':3"), STATUS_PROGRESSING,
			"3 of 5 ready", "convention/replicas"},
		{CUSTOM("", "",
			 "'members':[{'name':'a','conditions':[" CONDITION("Ready", "True",
				 "Up") "]},{'name':'b','conditions':[" CONDITION("Ready", "False",
				 "DiskLost") "]}]"),
			STATUS_DEGRADED, "members b: DiskLost", "convention/parts"},
		{CUSTOM("", "'size':3", ""), STATUS_PROGRESSING, "no status yet",
			"convention/silence"},
		{"{'apiVersion':'jobs.example.io/"
		 "v1','kind':'ImportJob','status':{'phase':'Running'}}",
			STATUS_PROGRESSING, "Running", "convention/phase"},
	};
	EXPECT(examples);
}

static void types_are_read_from_their_last_words(void **state)
{
	(void)state;
	static const struct example examples[] = {
		// Whole words only: this is no Stalled.
		{CUSTOM("", "", "'conditions':[" CONDITION("AgentInstalled", "True", "Done") "]"),
			STATUS_HEALTHY, "Done", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("db.example.io/sync-failed", "True", "R") "]"),
			STATUS_DEGRADED, "R", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("TableSynchronized", "False", "Odd") "]"),
			STATUS_DEGRADED, "Odd", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("VolumeScalingUp", "True", "More") "]"),
			STATUS_PROGRESSING, "More", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("ShardPaused", "True", "ByHand") "]"),
			STATUS_SUSPENDED, "ByHand", "convention/conditions"},
		// A step on the way says nothing of the end.
		{CUSTOM("", "", "'conditions':[" CONDITION("PlanCreated", "True", "Done") "]"),
			STATUS_UNKNOWN, "nothing in its status", "none"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("PlanCreated", "False", "QuotaExceeded") "]"),
			STATUS_DEGRADED, "QuotaExceeded", "convention/conditions"},
		// Nor does a type that nobody knows.
		{CUSTOM("", "", "'conditions':[" CONDITION("Upgradeable", "False", "Pinned") "]"),
			STATUS_UNKNOWN, "nothing in its status", "none"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "Upgradeable", "False", "Pinned") "]"),
			STATUS_HEALTHY, "Up", "convention/conditions"},
		// The goal is reached, whatever its steps still say.
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Completed", "True", "Done") "," CONDITION(
				 "HooksCompleted", "Unknown", "Pending") "]"),
			STATUS_HEALTHY, "Done", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[{'type':'Ready','status':true}]"), STATUS_HEALTHY,
			"Ready is True", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Available", "Degraded", "Some") "]"),
			STATUS_DEGRADED, "Some", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[]"), STATUS_PROGRESSING, "no conditions yet",
			"convention/conditions"},
	};
	EXPECT(examples);
}

static void reasons_tell_a_failure_from_what_is_under_way(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "False", "UnpackingArchive") "]"),
			STATUS_PROGRESSING, "Unpacking", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "False", "RestoreNotComplete") "]"),
			STATUS_PROGRESSING, "NotComplete", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "False", "PausedByUser") "]"),
			STATUS_SUSPENDED, "Paused", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "False", "Flummoxed") "]"),
			STATUS_DEGRADED, "Flummoxed", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[{'type':'Ready','status':'False'}]"),
			STATUS_PROGRESSING, "Ready is False", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[{'type':'Ready','status':'False','severity':'Error',"
			 "'reason':'Waiting'}]"),
			STATUS_DEGRADED, "Waiting", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[{'type':'Ready','status':'False','severity':'Info',"
			 "'reason':'Odd'}]"),
			STATUS_PROGRESSING, "Odd", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "True", "LastSyncFailed") "]"),
			STATUS_DEGRADED, "LastSyncFailed", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("StaticPodsAvailable", "True",
				 "Up") "," CONDITION("OverridesAllowed", "True",
				 "NoUnsupportedOverrides") "]"),
			STATUS_HEALTHY, "Up", "convention/conditions"},
		// A part that has failed is heard beside a whole that speaks well.
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "CacheReady", "False", "CacheCorrupt") "]"),
			STATUS_DEGRADED, "CacheCorrupt", "convention/conditions"},
	};
	EXPECT(examples);
}

static void words_and_numbers(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{"{'apiVersion':'x.example.io/"
		 "v1','kind':'ImportRun','status':{'state':'STATE_RUNNING'}}",
			STATUS_PROGRESSING, "STATE_RUNNING", "convention/phase"},
		{CUSTOM("", "", "'state':'STATE_RUNNING'"), STATUS_HEALTHY, "STATE_RUNNING",
			"convention/phase"},
		// An unspecific reason beside something that is under way.
		{CUSTOM("", "",
			 "'conditions':[{'type':'Ready','status':'False','reason':'Parts'},{"
			 "'type':'Pending','status':'True','reason':'SomeParts'}]"),
			STATUS_PROGRESSING, "Parts", "convention/conditions"},
		{CUSTOM("", "", "'phase':'PENDING_RERUN'"), STATUS_PROGRESSING, "PENDING_RERUN",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'UPDATE_ROLLBACK_COMPLETE'"), STATUS_DEGRADED, "ROLLBACK",
			"convention/phase"},
		{CUSTOM("", "", "'state':'In Sync'"), STATUS_HEALTHY, "In Sync",
			"convention/phase"},
		{CUSTOM("", "", "'ready':'2/3'"), STATUS_PROGRESSING, "2 of 3 ready",
			"convention/replicas"},
		{CUSTOM("", "", "'ready':'3/3'"), STATUS_HEALTHY, "3 of 3 ready",
			"convention/replicas"},
		{CUSTOM("", "", "'ready':'3/x'"), STATUS_UNKNOWN, "nothing", "none"},
		{CUSTOM("", "", "'racks':{'a':{'members':3,'readyMembers':1}}"), STATUS_PROGRESSING,
			"racks a: 1 of 3 ready", "convention/parts"},
		{CUSTOM("", "", "'synced':false"), STATUS_PROGRESSING, "status.synced is false",
			"convention/flags"},
		{CUSTOM("", "", "'ready':'False'"), STATUS_PROGRESSING, "status.ready is false",
			"convention/flags"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "SplitBrainDetected", "True", "R") "]"),
			STATUS_DEGRADED, "SplitBrainDetected", "convention/conditions"},
		{CUSTOM("", "", "'healthy':false"), STATUS_DEGRADED, "status.healthy is false",
			"convention/flags"},
		{CUSTOM("", "", "'lastSyncFailed':true"), STATUS_DEGRADED, "lastSyncFailed",
			"convention/flags"},
		{CUSTOM("", "", "'initialized':true"), STATUS_UNKNOWN, "nothing", "none"},
		{CUSTOM("", "", "'errors':[{'message':'no route'}]"), STATUS_DEGRADED, "no route",
			"convention/error"},
		{CUSTOM("", "",
			 "'conditions':[{'type':'Ready','status':'True'}],'clusters':[{"
			 "'name':'a','health':'Unknown','applied':false}]"),
			STATUS_PROGRESSING, "clusters a: applied is false", "convention/parts"},
		{CUSTOM("", "",
			 "'conditions':[{'type':'Complete','status':'False','reason':'Planned',"
			 "'message':'Failed'}]"),
			STATUS_DEGRADED, "Planned: Failed", "convention/conditions"},
		{CUSTOM("", "", "'parents':[]"), STATUS_PROGRESSING, "accepted it yet",
			"convention/parents"},
		{CUSTOM("", "", "'parents':[{'name':'gw','conditions':[]}]"), STATUS_PROGRESSING,
			"parents gw: no conditions yet", "convention/parts"},
		{CUSTOM("", "'enabled':false", "'phase':'Ready'"), STATUS_SUSPENDED,
			"spec.enabled is false", "convention/suspend"},
		{CUSTOM("'annotations':{'db.example.io/paused':'true'}", "", "'phase':'Ready'"),
			STATUS_SUSPENDED, "annotation db.example.io/paused", "convention/pause"},
		{CUSTOM("'annotations':{'db.example.io/paused':'false'}", "", "'phase':'Ready'"),
			STATUS_HEALTHY, "Ready", "convention/phase"},
		// What is mirrored from elsewhere is no word of the object's own.
		{CUSTOM("", "",
			 "'conditions':[" CONDITION(
				 "Ready", "True", "Up") "],'atProvider':{'status':'stopped'}"),
			STATUS_HEALTHY, "Up", "convention/conditions"},
	};
	EXPECT(examples);
}

static void what_is_said_in_other_words(void **state)
{
	(void)state;
	static const struct example examples[] = {
		// A list that nobody fills is no silence beside a phase.
		{CUSTOM("", "", "'conditions':[],'phase':'Ready'"), STATUS_HEALTHY, "phase Ready",
			"convention/phase"},
		// The operation that is under way now, unlike what once was.
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True",
				 "Up") "],'lastOperation':{'state':'Error','description':"
				       "'quota'}"),
			STATUS_DEGRADED, "lastOperation: state Error: quota", "convention/parts"},
		{CUSTOM("", "", "'lastBackup':{'state':'Error'},'phase':'Ready'"), STATUS_HEALTHY,
			"Ready", "convention/phase"},
		{CUSTOM("", "", "'atProvider':{'status':'FAILED'}"), STATUS_DEGRADED,
			"status FAILED", "convention/mirror"},
		{CUSTOM("", "", "'sync':{'error':'timeout'},'phase':'Ready'"), STATUS_DEGRADED,
			"sync: timeout", "convention/parts"},
		{CUSTOM("", "", "'bindingError':{'description':'no such client'},'phase':'Ready'"),
			STATUS_DEGRADED, "no such client", "convention/error"},
		{CUSTOM("", "", "'lastError':'timeout','phase':'Ready'"), STATUS_UNKNOWN,
			"lastError: timeout", "convention/trouble"},
		{CUSTOM("", "", "'lastError':'null','phase':'Ready'"), STATUS_HEALTHY, "Ready",
			"convention/phase"},
		{CUSTOM("", "", "'error':'None','phase':'Ready'"), STATUS_HEALTHY, "Ready",
			"convention/phase"},
		{CUSTOM("", "",
			 "'centres':{'dc1':{'store':{'conditions':[" CONDITION(
				 "Ready", "False", "DiskLost") "]}}}"),
			STATUS_DEGRADED, "centres store: DiskLost", "convention/parts"},
		// A word that is only perhaps a phase makes no unknown one good.
		{CUSTOM("", "", "'specStatus':'Valid','phase':'Flummoxed'"), STATUS_UNKNOWN,
			"Flummoxed", "convention/phase"},
		{CUSTOM("", "", "'result':'failed'"), STATUS_DEGRADED, "result failed",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'CREATE_COMPLETE'"), STATUS_HEALTHY, "CREATE",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'StoreReady'"), STATUS_HEALTHY, "StoreReady",
			"convention/phase"},
		// A step on the way.
		{CUSTOM("", "", "'phase':'NetworkReady'"), STATUS_UNKNOWN, "NetworkReady",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'Failing over'"), STATUS_PROGRESSING, "Failing over",
			"convention/phase"},
		{CUSTOM("", "", "'state':'Running (3/3)'"), STATUS_HEALTHY, "Running",
			"convention/phase"},
		{CUSTOM("", "", "'conditions':[" CONDITION("Ready", "False", "NotProvisioned") "]"),
			STATUS_PROGRESSING, "NotProvisioned", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[{'type':'Ready','status':'False','message':'Waiting for "
			 "more replicas'}]"),
			STATUS_PROGRESSING, "Waiting", "convention/conditions"},
		// A step as often as the end.
		{CUSTOM("", "", "'phase':'Created'"), STATUS_UNKNOWN, "Created",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'Active (Degraded)'"), STATUS_DEGRADED, "Degraded",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'BuildComplete'"), STATUS_UNKNOWN, "BuildComplete",
			"convention/phase"},
		{CUSTOM("", "", "'phase':'Running','startedAt':'2026-07-03T11:00:00Z'"),
			STATUS_PROGRESSING, "Running", "convention/phase"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "MissingSecret", "True", "Gone") "]"),
			STATUS_DEGRADED, "MissingSecret: Gone", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "ImportFailedOnSync", "True", "Gone") "]"),
			STATUS_DEGRADED, "ImportFailedOnSync", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("QuotaNotExceeded", "True", "R") "]"),
			STATUS_HEALTHY, "R", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION(
				 "QuotaNotExceeded", "False", "QuotaExceeded") "]"),
			STATUS_DEGRADED, "QuotaExceeded", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "AgentNotRegistered", "True", "Soon") "]"),
			STATUS_PROGRESSING, "Soon", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[" CONDITION("WaitingForImage", "True", "Soon") "]"),
			STATUS_PROGRESSING, "Soon", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "FailedOver", "True", "Once") "]"),
			STATUS_HEALTHY, "Up", "convention/conditions"},
		{CUSTOM("", "",
			 "'clusterConditions':[" CONDITION("Ready", "False", "DiskLost") "]"),
			STATUS_DEGRADED, "clusterConditions: DiskLost", "convention/parts"},
		{CUSTOM("'generation':3", "", "'lastReconciledGeneration':2,'phase':'Ready'"),
			STATUS_PROGRESSING, "generation 2 of 3", "convention/generation"},
		// A type that nobody knows, told by its reason where nothing speaks for the whole.
		{CUSTOM("", "", "'conditions':[" CONDITION("Wiring", "False", "SyncError") "]"),
			STATUS_DEGRADED, "SyncError", "convention/conditions"},
		{CUSTOM("", "", "'conditions':[{'status':'False','reason':'SyncError'}]"),
			STATUS_DEGRADED, "a condition: SyncError", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "," CONDITION(
				 "Wiring", "False", "SyncError") "]"),
			STATUS_HEALTHY, "Up", "convention/conditions"},
		{CUSTOM("", "",
			 "'conditions':[" CONDITION("Running", "True", "On") "," CONDITION(
				 "Complete", "True", "Done") "]"),
			STATUS_HEALTHY, "Done", "convention/conditions"},
		{CUSTOM("", "'disabled':true",
			 "'conditions':[" CONDITION("Ready", "True", "Up") "]"),
			STATUS_SUSPENDED, "spec.disabled", "convention/pause"},
		{CUSTOM("", "'disabled':true", "'phase':'Failed'"), STATUS_DEGRADED, "Failed",
			"convention/phase"},
		{CUSTOM("'annotations':{'db.example.io/reconcile':'disabled'}", "",
			 "'phase':'Ready'"),
			STATUS_SUSPENDED, "db.example.io/reconcile", "convention/pause"},
	};
	EXPECT(examples);
}

static void numbers_under_any_name(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{CUSTOM("", "", "'nodesReady':2,'nodesExpected':3"), STATUS_PROGRESSING,
			"2 of 3 ready", "convention/replicas"},
		{CUSTOM("", "", "'desiredNumberScheduled':3,'numberReady':1"), STATUS_PROGRESSING,
			"1 of 3 ready", "convention/replicas"},
		{CUSTOM("", "'replicas':3", "'readyReplicas':3,'readyWorkers':1,'workers':2"),
			STATUS_PROGRESSING, "1 of 2 ready", "convention/replicas"},
		// What there is of room is no part that should be there.
		{CUSTOM("", "", "'availableBytes':10,'totalBytes':90"), STATUS_UNKNOWN, "nothing",
			"none"},
		{CUSTOM("", "'backoffLimit':3", "'failed':4"), STATUS_DEGRADED, "4 failed",
			"convention/job"},
		{CUSTOM("", "", "'succeeded':1"), STATUS_HEALTHY, "1 of 1 done", "convention/job"},
		{CUSTOM("", "", "'succeeded':1,'active':1"), STATUS_PROGRESSING, "1 running",
			"convention/job"},
		// Settings, as opposed to an object of which only the metadata is known.
		{"{'apiVersion':'x.example.io/v1','kind':'Palette','metadata':{},'colours':[]}",
			STATUS_HEALTHY, "no spec", "convention/silence"},
		{"{'apiVersion':'x.example.io/v1','kind':'Palette','state':'offline'}",
			STATUS_DEGRADED, "state offline", "convention/silence"},
		{"{'apiVersion':'x.example.io/v1','kind':'Palette','spec':{},'status':'Ready'}",
			STATUS_HEALTHY, "status Ready", "convention/silence"},
		{"{'apiVersion':'x.example.io/v1','kind':'Palette','metadata':{}}",
			STATUS_PROGRESSING, "no status yet", "convention/silence"},
	};
	EXPECT(examples);
}

static void expect_since(const char *object, const char *wanted, bool is_told)
{
	struct health health;
	struct wall at = WALL_NONE;

	judge(object, "2026-07-03T12:00:00Z", &health);
	if (wanted)
		assert_true(wall_parse(wanted, &at));
	assert_int_equal(health.since.us, at.us);
	assert_int_equal(health.tells_since, is_told);
}

static void since_is_when_something_last_moved(void **state)
{
	(void)state;
	expect_since(CUSTOM("", "", "'phase':'Ready'"), NULL, false);
	expect_since(CUSTOM("'creationTimestamp':'2026-07-01T00:00:00Z'", "", "'phase':'Creating'"),
		"2026-07-01T00:00:00Z", false);
	expect_since("{'apiVersion':'a/v1','kind':'A','metadata':{'creationTimestamp':"
		     "'2026-07-01T00:00:00Z'}}",
		"2026-07-01T00:00:00Z", true); // nobody has looked after it since
	expect_since(CUSTOM("'creationTimestamp':'2026-07-01T00:00:00Z'", "",
			     "'conditions':[{'type':'Ready','status':'False','lastTransitionTime':"
			     "'2026-07-03T11:00:00Z'},{'type':'X','lastUpdateTime':"
			     "'2026-07-03T11:30:00Z','lastHeartbeatTime':'2026-07-03T11:59:00Z'}]"),
		"2026-07-03T11:30:00Z", true);
	// Not the future, and not what is only planned.
	expect_since(CUSTOM("", "",
			     "'startTime':'2026-07-03T10:00:00Z','nextBackupTime':"
			     "'2026-07-03T11:00:00Z','endTime':'2027-01-01T00:00:00Z'"),
		"2026-07-03T10:00:00Z", true);
	expect_since("{'apiVersion':'v1','kind':'Pod','status':{'containerStatuses':[{'state':{"
		     "'running':{'startedAt':'2026-07-03T11:10:00Z'}}}]}}",
		"2026-07-03T11:10:00Z", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conventions),
		cmocka_unit_test(types_are_read_from_their_last_words),
		cmocka_unit_test(reasons_tell_a_failure_from_what_is_under_way),
		cmocka_unit_test(words_and_numbers),
		cmocka_unit_test(what_is_said_in_other_words),
		cmocka_unit_test(numbers_under_any_name),
		cmocka_unit_test(since_is_when_something_last_moved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
