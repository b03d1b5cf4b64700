// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <string.h>

// What runs: the fields are those of the Kubernetes API reference, workload resources (apps/v1,
// batch/v1, core/v1).

static int64_t count_of(const cJSON *object, const char *key)
{
	return json_int(object, key, 0);
}

static int64_t wanted_replicas(const struct subject *subject)
{
	return json_int(subject->spec, "replicas", 1);
}

static bool no_status_yet(const struct subject *subject, struct health *out)
{
	if (subject->status && subject->status->child)
		return false;
	return health_say(out, STATUS_PROGRESSING, "no status yet: its controller has not seen it");
}

static bool replica_failure(const struct subject *subject, struct health *out)
{
	const cJSON *failure = condition_find(subject->conditions, "ReplicaFailure");

	return condition_is(failure, "True") && condition_say(out, STATUS_DEGRADED, failure);
}

// The rollout is over, and yet fewer are available than may ever be: an outage, not the cluster at
// work.
static bool lost_availability(
	const struct subject *subject, const cJSON *progressing, struct health *out)
{
	const cJSON *available = condition_find(subject->conditions, "Available");
	const char *reason = json_text(progressing, "reason");

	if (!condition_is(available, "False") || !reason ||
		strcmp(reason, "NewReplicaSetAvailable") != 0)
		return false;
	return health_say(out, STATUS_DEGRADED, "%lld of %lld available, below the minimum",
		(long long)count_of(subject->status, "availableReplicas"),
		(long long)wanted_replicas(subject));
}

static bool deployment(const struct subject *subject, struct health *out)
{
	const cJSON *progressing = condition_find(subject->conditions, "Progressing");
	const char *reason = json_text(progressing, "reason");
	long long wanted = wanted_replicas(subject), total = count_of(subject->status, "replicas"),
		  updated = count_of(subject->status, "updatedReplicas"),
		  available = count_of(subject->status, "availableReplicas");

	if (json_bool(subject->spec, "paused", false))
		return health_say(out, STATUS_SUSPENDED, "the deployment is paused");
	if (no_status_yet(subject, out) || generation_rule(subject, out))
		return true;
	if (reason && strcmp(reason, "ProgressDeadlineExceeded") == 0)
		return condition_say(out, STATUS_DEGRADED, progressing);
	if (replica_failure(subject, out) ||
		(available < wanted && lost_availability(subject, progressing, out)))
		return true;
	if (updated < wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld updated", updated, wanted);
	if (total > updated)
		return health_say(out, STATUS_PROGRESSING, "%lld old replicas are still going",
			total - updated);
	if (available < wanted)
		return health_say(
			out, STATUS_PROGRESSING, "%lld of %lld available", available, wanted);
	return health_say(out, STATUS_HEALTHY, "%lld of %lld available", available, wanted);
}

static bool stateful_set(const struct subject *subject, struct health *out)
{
	const cJSON *strategy = json_get(subject->spec, "updateStrategy");
	const char *type = json_text(strategy, "type");
	const char *current = json_text(subject->status, "currentRevision");
	const char *update = json_text(subject->status, "updateRevision");
	long long wanted = wanted_replicas(subject),
		  ready = count_of(subject->status, "readyReplicas"),
		  updated = count_of(subject->status, "updatedReplicas"),
		  total = count_of(subject->status, "replicas");
	long long kept = json_int(json_get(strategy, "rollingUpdate"), "partition", 0);

	if (no_status_yet(subject, out) || generation_rule(subject, out))
		return true;
	if (ready < wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld ready", ready, wanted);
	if (total > wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld replicas too many are still going",
			total - wanted);
	if (type && strcmp(type, "OnDelete") == 0)
		return health_say(out, STATUS_HEALTHY, "%lld of %lld ready", ready, wanted);
	if (current && update && strcmp(current, update) != 0 && updated < wanted - kept)
		return health_say(
			out, STATUS_PROGRESSING, "%lld of %lld updated", updated, wanted - kept);
	if (kept > 0 && kept < wanted)
		return health_say(out, STATUS_HEALTHY,
			"%lld of %lld ready; the update is held at ordinal %lld", ready, wanted,
			kept);
	return health_say(out, STATUS_HEALTHY, "%lld of %lld ready", ready, wanted);
}

static bool daemon_set(const struct subject *subject, struct health *out)
{
	const char *type = json_text(json_get(subject->spec, "updateStrategy"), "type");
	long long wanted = count_of(subject->status, "desiredNumberScheduled"),
		  updated = count_of(subject->status, "updatedNumberScheduled"),
		  available = count_of(subject->status, "numberAvailable");

	if (no_status_yet(subject, out) || generation_rule(subject, out))
		return true;
	if (updated < wanted && !(type && strcmp(type, "OnDelete") == 0))
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld updated", updated, wanted);
	if (available < wanted)
		return health_say(
			out, STATUS_PROGRESSING, "%lld of %lld available", available, wanted);
	return health_say(out, STATUS_HEALTHY, "%lld of %lld available", available, wanted);
}

static bool replica_set(const struct subject *subject, struct health *out)
{
	long long wanted = wanted_replicas(subject),
		  available = count_of(subject->status, "availableReplicas"),
		  total = count_of(subject->status, "replicas");

	if (no_status_yet(subject, out) || generation_rule(subject, out) ||
		replica_failure(subject, out))
		return true;
	if (available < wanted)
		return health_say(
			out, STATUS_PROGRESSING, "%lld of %lld available", available, wanted);
	if (total > wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld replicas too many are still going",
			total - wanted);
	return health_say(out, STATUS_HEALTHY, "%lld of %lld available", available, wanted);
}

// --- pods ---

// A waiting reason that will not pass by waiting: ErrImagePull, ImagePullBackOff, CrashLoopBackOff,
// InvalidImageName, CreateContainerConfigError, RunContainerError …
static bool is_stuck(const char *reason)
{
	static const char *const words[] = {"error", "backoff", "invalid", NULL};

	return strncmp(reason, "Err", 3) == 0 || words_occur(reason, words);
}

static bool container_trouble(const struct subject *subject, const char *list, struct health *out)
{
	json_each (container, json_get(subject->status, list)) {
		const cJSON *waiting = json_path(container, "state.waiting");
		const char *reason = json_text(waiting, "reason"),
			   *message = json_text(waiting, "message");
		const char *name = json_text(container, "name");

		if (reason && is_stuck(reason))
			return health_say(out, STATUS_DEGRADED, "%s: %s%s%s",
				name ? name : "a container", reason,
				message && *message ? ": " : "", message ? message : "");
	}
	return false;
}

// Of a container that is not ready and has ended before: why it ended.
static bool container_restarts(const struct subject *subject, struct health *out)
{
	json_each (container, json_get(subject->status, "containerStatuses")) {
		const cJSON *ended = json_path(container, "lastState.terminated");
		const char *reason = json_text(ended, "reason"),
			   *name = json_text(container, "name");

		if (ended && !json_bool(container, "ready", false))
			return health_say(out, STATUS_DEGRADED,
				"%s: not ready after %lld restarts; last: %s, exit %lld",
				name ? name : "a container",
				(long long)count_of(container, "restartCount"),
				reason ? reason : "ended", (long long)count_of(ended, "exitCode"));
	}
	return false;
}

static bool pod_failed(const struct subject *subject, struct health *out)
{
	const char *reason = json_text(subject->status, "reason"),
		   *message = json_text(subject->status, "message");

	if (reason || message)
		return health_say(out, STATUS_DEGRADED, "%s%s%s", reason ? reason : "",
			reason && message ? ": " : "", message ? message : "");
	json_each (container, json_get(subject->status, "containerStatuses")) {
		const cJSON *ended = json_path(container, "state.terminated");
		const char *why = json_text(ended, "reason"), *name = json_text(container, "name");

		if (ended && count_of(ended, "exitCode") != 0)
			return health_say(out, STATUS_DEGRADED, "%s: %s, exit %lld",
				name ? name : "a container", why ? why : "failed",
				(long long)count_of(ended, "exitCode"));
	}
	return health_say(out, STATUS_DEGRADED, "the pod has failed");
}

static bool pod_running(const struct subject *subject, bool restarts_always, struct health *out)
{
	const cJSON *ready = condition_find(subject->conditions, "Ready");

	if (!restarts_always)
		return health_say(out, STATUS_PROGRESSING, "running; it is meant to end");
	if (condition_is(ready, "True"))
		return health_say(out, STATUS_HEALTHY, "running and ready");
	if (container_restarts(subject, out))
		return true;
	if (ready)
		return condition_say(out, STATUS_PROGRESSING, ready);
	return health_say(out, STATUS_PROGRESSING, "running, not ready yet");
}

// Whether it is annotated as one that serves, although its containers are not restarted.
static bool is_to_serve(const struct subject *subject)
{
	const char *text = json_text(json_get(subject->metadata, "annotations"),
		"argocd.argoproj.io/ignore-restart-policy");

	return text && strcmp(text, "true") == 0;
}

static bool pod(const struct subject *subject, struct health *out)
{
	const char *phase = json_text(subject->status, "phase");
	const char *policy = json_text(subject->spec, "restartPolicy");
	const cJSON *scheduled = condition_find(subject->conditions, "PodScheduled");
	// A pod that is a task is judged by its end: until then Kubernetes may still retry it.
	bool restarts_always = !policy || strcmp(policy, "Always") == 0 || is_to_serve(subject);

	if (!phase)
		return health_say(out, STATUS_PROGRESSING, "no status yet: it is not scheduled");
	if (strcmp(phase, "Succeeded") == 0)
		return health_say(out, STATUS_HEALTHY, "ended with success");
	if (strcmp(phase, "Failed") == 0)
		return pod_failed(subject, out);
	if (restarts_always && (container_trouble(subject, "initContainerStatuses", out) ||
				       container_trouble(subject, "containerStatuses", out)))
		return true;
	if (strcmp(phase, "Running") == 0)
		return pod_running(subject, restarts_always, out);
	if (strcmp(phase, "Pending") != 0)
		return health_say(
			out, STATUS_UNKNOWN, "the phase is %s: its node does not answer", phase);
	if (condition_is(scheduled, "False"))
		return condition_say(out, STATUS_PROGRESSING, scheduled);
	return health_say(out, STATUS_PROGRESSING, "pending");
}

// --- jobs ---

static bool job(const struct subject *subject, struct health *out)
{
	const cJSON *failed = condition_find(subject->conditions, "Failed");
	// Set as soon as it is certain, before the last pods have ended.
	const cJSON *failing = condition_find(subject->conditions, "FailureTarget");
	long long wanted = json_int(subject->spec, "completions", 1),
		  done = count_of(subject->status, "succeeded");

	if (condition_is(failed, "True") || condition_is(failing, "True"))
		return condition_say(
			out, STATUS_DEGRADED, condition_is(failed, "True") ? failed : failing);
	if (condition_is(condition_find(subject->conditions, "Complete"), "True"))
		return health_say(out, STATUS_HEALTHY, "%lld of %lld done", done, wanted);
	if (json_bool(subject->spec, "suspend", false) ||
		condition_is(condition_find(subject->conditions, "Suspended"), "True"))
		return health_say(out, STATUS_SUSPENDED, "the job is suspended");
	return health_say(out, STATUS_PROGRESSING, "%lld of %lld done, %lld running, %lld failed",
		done, wanted, (long long)count_of(subject->status, "active"),
		(long long)count_of(subject->status, "failed"));
}

static bool cron_job(const struct subject *subject, struct health *out)
{
	const char *scheduled = json_text(subject->status, "lastScheduleTime");
	const char *succeeded = json_text(subject->status, "lastSuccessfulTime");
	const cJSON *active = json_get(subject->status, "active");
	struct wall last_start, last_success;

	if (json_bool(subject->spec, "suspend", false))
		return health_say(out, STATUS_SUSPENDED, "the cron job is suspended");
	if (!scheduled || !wall_parse(scheduled, &last_start))
		return health_say(out, STATUS_HEALTHY, "has not been due yet");
	if (cJSON_IsArray(active) && active->child)
		return health_say(out, STATUS_HEALTHY, "a run is active since %s", scheduled);
	if (!succeeded || !wall_parse(succeeded, &last_success) || last_success.us < last_start.us)
		return health_say(out, STATUS_DEGRADED, "the run of %s did not succeed", scheduled);
	return health_say(out, STATUS_HEALTHY, "the run of %s succeeded", scheduled);
}

const struct kind_rule health_workloads[] = {
	{"apps", "Deployment", deployment},
	{"extensions", "Deployment", deployment},
	{"apps", "StatefulSet", stateful_set},
	{"apps", "DaemonSet", daemon_set},
	{"extensions", "DaemonSet", daemon_set},
	{"apps", "ReplicaSet", replica_set},
	{"extensions", "ReplicaSet", replica_set},
	{"", "ReplicationController", replica_set},
	{"", "Pod", pod},
	{"batch", "Job", job},
	{"batch", "CronJob", cron_job},
	{.kind = NULL},
};
