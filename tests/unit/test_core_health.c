// SPDX-License-Identifier: Apache-2.0
#include "relight/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "health_case.h"

#define DEPLOYMENT(replicas, status)                                                               \
	"{'apiVersion':'apps/"                                                                     \
	"v1','kind':'Deployment','metadata':{'name':'api','generation':3},'spec':{'replicas'"      \
	":" replicas "},'status':{" status "}}"

static void deployments(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{DEPLOYMENT("3", "'observedGeneration':3,'replicas':3,'updatedReplicas':3,'"
				 "availableReplicas':3"),
			STATUS_HEALTHY, "3 of 3 available", "builtin/Deployment"},
		{DEPLOYMENT("3", "'observedGeneration':2,'replicas':3,'updatedReplicas':3,'"
				 "availableReplicas':3"),
			STATUS_PROGRESSING, "generation 2 of 3", "builtin/Deployment"},
		{DEPLOYMENT("3", "'observedGeneration':3,'replicas':4,'updatedReplicas':2,'"
				 "availableReplicas':3"),
			STATUS_PROGRESSING, "2 of 3 updated", "builtin/Deployment"},
		{DEPLOYMENT("3", "'observedGeneration':3,'replicas':4,'updatedReplicas':3,'"
				 "availableReplicas':4"),
			STATUS_PROGRESSING, "1 old replicas", "builtin/Deployment"},
		{DEPLOYMENT("3", "'observedGeneration':3,'replicas':3,'updatedReplicas':3,'"
				 "availableReplicas':1"),
			STATUS_PROGRESSING, "1 of 3 available", "builtin/Deployment"},
		{DEPLOYMENT("0", "'observedGeneration':3"), STATUS_HEALTHY, "0 of 0",
			"builtin/Deployment"},
		{DEPLOYMENT("3", ""), STATUS_PROGRESSING, "no status yet", "builtin/Deployment"},
		{DEPLOYMENT("3", "'observedGeneration':3,'replicas':3,'updatedReplicas':1,'"
				 "conditions':[{'type':'Progressing',"
				 "'status':'False','reason':'ProgressDeadlineExceeded','message':'"
				 "timed out'}]"),
			STATUS_DEGRADED, "ProgressDeadlineExceeded: timed out",
			"builtin/Deployment"},
		{DEPLOYMENT("3", "'observedGeneration':3,'conditions':[{'type':'ReplicaFailure','"
				 "status':'True',"
				 "'reason':'FailedCreate','message':'exceeded quota'}]"),
			STATUS_DEGRADED, "exceeded quota", "builtin/Deployment"},
		{"{'apiVersion':'apps/v1','kind':'Deployment','spec':{'paused':true}}",
			STATUS_SUSPENDED, "paused", "builtin/Deployment"},
	};
	EXPECT(examples);
}

#define FINISHED_ROLLOUT                                                                           \
	DEPLOYMENT("3",                                                                            \
		"'observedGeneration':3,'replicas':3,'updatedReplicas':3,'availableReplicas':0,'"  \
		"conditions':["                                                                    \
		"{'type':'Progressing','status':'True','reason':'NewReplicaSetAvailable'},"        \
		"{'type':'Available','status':'False','lastTransitionTime':'2026-07-03T11:58:00Z'" \
		"}]")

static void a_finished_rollout_below_its_minimum_is_degraded(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{FINISHED_ROLLOUT, STATUS_DEGRADED, "0 of 3 available, below the minimum",
			"builtin/Deployment"},
	};
	EXPECT(examples);
}

#define STATEFUL_SET(strategy, status)                                                             \
	"{'apiVersion':'apps/"                                                                     \
	"v1','kind':'StatefulSet','metadata':{'generation':1},'spec':{'replicas':3,"               \
	"'updateStrategy':{" strategy "}},'status':{'observedGeneration':1," status "}}"

static void other_workloads(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{STATEFUL_SET("", "'readyReplicas':3,'replicas':3,'currentRevision':'a','"
				  "updateRevision':'a'"),
			STATUS_HEALTHY, "3 of 3 ready", "builtin/StatefulSet"},
		{STATEFUL_SET("", "'readyReplicas':2,'replicas':3"), STATUS_PROGRESSING,
			"2 of 3 ready", "builtin/StatefulSet"},
		{STATEFUL_SET("", "'readyReplicas':3,'replicas':3,'updatedReplicas':1,'"
				  "currentRevision':'a','updateRevision':'b'"),
			STATUS_PROGRESSING, "1 of 3 updated", "builtin/StatefulSet"},
		{STATEFUL_SET("'rollingUpdate':{'partition':2}",
			 "'readyReplicas':3,'replicas':3,'updatedReplicas':1,'currentRevision':'a',"
			 "'updateRevision':'b'"),
			STATUS_HEALTHY, "held at ordinal 2", "builtin/StatefulSet"},
		{STATEFUL_SET("'type':'OnDelete'",
			 "'readyReplicas':3,'replicas':3,'updatedReplicas':0,'"
			 "currentRevision':'a','updateRevision':'b'"),
			STATUS_HEALTHY, "3 of 3 ready", "builtin/StatefulSet"},
		{"{'apiVersion':'apps/"
		 "v1','kind':'DaemonSet','status':{'desiredNumberScheduled':2,'"
		 "updatedNumberScheduled':2,"
		 "'numberAvailable':1}}",
			STATUS_PROGRESSING, "1 of 2 available", "builtin/DaemonSet"},
		{"{'apiVersion':'apps/"
		 "v1','kind':'DaemonSet','status':{'desiredNumberScheduled':2,'"
		 "updatedNumberScheduled':2,"
		 "'numberAvailable':2}}",
			STATUS_HEALTHY, "2 of 2", "builtin/DaemonSet"},
		{"{'apiVersion':'apps/"
		 "v1','kind':'ReplicaSet','spec':{'replicas':2},'status':{'replicas':2,'"
		 "availableReplicas':2}}",
			STATUS_HEALTHY, "2 of 2", "builtin/ReplicaSet"},
		{"{'apiVersion':'batch/"
		 "v1','kind':'Job','spec':{'completions':4},'status':{'succeeded':1,'active':2,'"
		 "failed':1}}",
			STATUS_PROGRESSING, "1 of 4 done, 2 running, 1 failed", "builtin/Job"},
		{"{'apiVersion':'batch/"
		 "v1','kind':'Job','status':{'conditions':[{'type':'Failed','status':'True',"
		 "'reason':'BackoffLimitExceeded','message':'too many'}]}}",
			STATUS_DEGRADED, "BackoffLimitExceeded", "builtin/Job"},
		{"{'apiVersion':'batch/"
		 "v1','kind':'Job','status':{'succeeded':1,'conditions':[{'type':'Complete','"
		 "status':'True'}]}}",
			STATUS_HEALTHY, "1 of 1 done", "builtin/Job"},
		{"{'apiVersion':'batch/v1','kind':'Job','status':{'conditions':[{'type':'"
		 "FailureTarget','status':'True','reason':'BackoffLimitExceeded'}]}}",
			STATUS_DEGRADED, "BackoffLimit", "builtin/Job"},
		{"{'apiVersion':'batch/v1','kind':'Job','spec':{'suspend':true}}", STATUS_SUSPENDED,
			"suspended", "builtin/Job"},
		{"{'apiVersion':'batch/"
		 "v1','kind':'CronJob','status':{'lastScheduleTime':'2026-07-03T01:00:00Z',"
		 "'lastSuccessfulTime':'2026-07-02T01:05:00Z'}}",
			STATUS_DEGRADED, "did not succeed", "builtin/CronJob"},
		{"{'apiVersion':'batch/"
		 "v1','kind':'CronJob','status':{'lastScheduleTime':'2026-07-03T01:00:00Z',"
		 "'lastSuccessfulTime':'2026-07-03T01:05:00Z'}}",
			STATUS_HEALTHY, "succeeded", "builtin/CronJob"},
	};
	EXPECT(examples);
}

#define POD(spec, status) "{'apiVersion':'v1','kind':'Pod','spec':{" spec "},'status':{" status "}}"

static void pods(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{POD("", "'phase':'Running','conditions':[{'type':'Ready','status':'True'}]"),
			STATUS_HEALTHY, "ready", "builtin/Pod"},
		{POD("", "'phase':'Running','conditions':[{'type':'Ready','status':'False','reason'"
			 ":'ContainersNotReady'}]"),
			STATUS_PROGRESSING, "ContainersNotReady", "builtin/Pod"},
		{POD("", "'phase':'Running','containerStatuses':[{'name':'web','ready':false,'"
			 "restartCount':4,'state':{'waiting':"
			 "{'reason':'CrashLoopBackOff','message':'back-off 5m'}}}]"),
			STATUS_DEGRADED, "web: CrashLoopBackOff: back-off 5m", "builtin/Pod"},
		{POD("", "'phase':'Pending','initContainerStatuses':[{'name':'init','state':{'"
			 "waiting':{'reason':"
			 "'ErrImagePull'}}}]"),
			STATUS_DEGRADED, "init: ErrImagePull", "builtin/Pod"},
		{POD("", "'phase':'Pending','containerStatuses':[{'name':'web','state':{'waiting':{"
			 "'reason':'ContainerCreating'}}}]"),
			STATUS_PROGRESSING, "pending", "builtin/Pod"},
		{POD("", "'phase':'Running','containerStatuses':[{'name':'web','ready':false,'"
			 "restartCount':2,'state':{'running':"
			 "{}},'lastState':{'terminated':{'reason':'OOMKilled','exitCode':137}}}]"),
			STATUS_DEGRADED,
			"web: not ready after 2 restarts; last: OOMKilled, exit 137",
			"builtin/Pod"},
		{POD("", "'phase':'Pending','conditions':[{'type':'PodScheduled','status':'False','"
			 "reason':'Unschedulable',"
			 "'message':'0/3 nodes are available'}]"),
			STATUS_PROGRESSING, "Unschedulable: 0/3 nodes", "builtin/Pod"},
		{POD("", "'phase':'Failed','reason':'Evicted','message':'low on disk'"),
			STATUS_DEGRADED, "Evicted: low on disk", "builtin/Pod"},
		{POD("", "'phase':'Failed','containerStatuses':[{'name':'web','state':{'terminated'"
			 ":{'reason':'Error','exitCode':3}}}]"),
			STATUS_DEGRADED, "web: Error, exit 3", "builtin/Pod"},
		{POD("", "'phase':'Succeeded'"), STATUS_HEALTHY, "success", "builtin/Pod"},
		{POD("", "'phase':'Unknown'"), STATUS_UNKNOWN, "Unknown", "builtin/Pod"},
		{POD("", ""), STATUS_PROGRESSING, "not scheduled", "builtin/Pod"},
		{POD("'restartPolicy':'Never'",
			 "'phase':'Running','conditions':[{'type':'Ready','status':'True'}]"),
			STATUS_PROGRESSING, "meant to end", "builtin/Pod"},
	};
	EXPECT(examples);
}

#define NODE(spec, conditions)                                                                     \
	"{'apiVersion':'v1','kind':'Node','spec':{" spec "},'status':{'conditions':[" conditions   \
	"]}}"
#define READY(value) "{'type':'Ready','status':'" value "','reason':'KubeletReady'}"

#define WEBHOOK(annotations, bundle)                                                               \
	"{'apiVersion':'admissionregistration.k8s.io/v1','kind':"                                  \
	"'ValidatingWebhookConfiguration','metadata':{'annotations':{" annotations                 \
	"}},'webhooks':[{'name':'w.example.io','clientConfig':{'service':{}" bundle "}}]}"

static void platform(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{NODE("", READY("True")), STATUS_HEALTHY, "ready", "builtin/Node"},
		{NODE("'unschedulable':true", READY("True")), STATUS_SUSPENDED, "cordoned",
			"builtin/Node"},
		{NODE("", READY("Unknown")), STATUS_DEGRADED, "KubeletReady", "builtin/Node"},
		{NODE("", READY("True") ",{'type':'DiskPressure','status':'True','reason':'"
					"KubeletHasDiskPressure'}"),
			STATUS_DEGRADED, "DiskPressure", "builtin/Node"},
		// Others than the kubelet report, too.
		{NODE("", READY("True") ",{'type':'FrequentKubeletRestart','status':'True','reason'"
					":'Frequent','message':'5 in an hour'}"),
			STATUS_DEGRADED, "5 in an hour", "builtin/Node"},
		{NODE("", READY("True") ",{'type':'StorageReady','status':'False','reason':'Xfs'}"),
			STATUS_DEGRADED, "Xfs", "builtin/Node"},
		{NODE("", READY("True") ",{'type':'KernelDeadlock','status':'False'}"),
			STATUS_HEALTHY, "ready", "builtin/Node"},
		{"{'apiVersion':'v1','kind':'PersistentVolumeClaim','status':{'phase':'Bound'}}",
			STATUS_HEALTHY, "bound", "builtin/PersistentVolumeClaim"},
		{"{'apiVersion':'v1','kind':'PersistentVolumeClaim','status':{'phase':'Bound','"
		 "allocatedResourceStatuses':{'storage':'ControllerResizeInfeasible'}}}",
			STATUS_DEGRADED, "storage: ControllerResize",
			"builtin/PersistentVolumeClaim"},
		{"{'apiVersion':'v1','kind':'Service','spec':{'type':'LoadBalancer'},'status':{'"
		 "conditions':[{'type':'LoadBalancerPortsError','status':'True','reason':'Mixed'}]}"
		 "}",
			STATUS_DEGRADED, "Mixed", "builtin/Service"},
		{"{'apiVersion':'v1','kind':'PersistentVolumeClaim','spec':{'storageClassName':'"
		 "gp3'},'status':{'phase':'Pending'}}",
			STATUS_PROGRESSING, "gp3", "builtin/PersistentVolumeClaim"},
		{"{'apiVersion':'v1','kind':'PersistentVolumeClaim','status':{'phase':'Lost'}}",
			STATUS_DEGRADED, "lost", "builtin/PersistentVolumeClaim"},
		{"{'apiVersion':'v1','kind':'Service','spec':{'type':'LoadBalancer'},'status':{'"
		 "loadBalancer':{}}}",
			STATUS_PROGRESSING, "load balancer", "builtin/Service"},
		{"{'apiVersion':'v1','kind':'Service','spec':{'type':'ClusterIP'}}", STATUS_HEALTHY,
			"exists", "builtin/Service"},
		{"{'apiVersion':'v1','kind':'ConfigMap','data':{'a':'b'}}", STATUS_HEALTHY,
			"exists", "builtin/ConfigMap"},
		{"{'apiVersion':'v1','kind':'Namespace','status':{'phase':'Terminating'}}",
			STATUS_PROGRESSING, "terminating", "builtin/Namespace"},
		{"{'apiVersion':'apiregistration.k8s.io/"
		 "v1','kind':'APIService','status':{'conditions':[{'type':'Available',"
		 "'status':'False','reason':'MissingEndpoints'}]}}",
			STATUS_DEGRADED, "MissingEndpoints", "builtin/APIService"},
		{"{'apiVersion':'autoscaling/"
		 "v2','kind':'HorizontalPodAutoscaler','status':{'conditions':[{'type':'"
		 "AbleToScale',"
		 "'status':'True','reason':'ReadyForNewScale'},{'type':'ScalingActive','status':'"
		 "False','reason':"
		 "'FailedGetResourceMetric'}]}}",
			STATUS_DEGRADED, "FailedGetResourceMetric",
			"builtin/HorizontalPodAutoscaler"},
		{"{'apiVersion':'policy/"
		 "v1','kind':'PodDisruptionBudget','status':{'currentHealthy':1,'desiredHealthy':2}"
		 "}",
			STATUS_DEGRADED, "1 of at least 2", "builtin/PodDisruptionBudget"},
		{WEBHOOK("'cert-manager.io/inject-ca-from':'x'", ""), STATUS_PROGRESSING,
			"w.example.io: its CA", "builtin/ValidatingWebhookConfiguration"},
		{WEBHOOK("'cert-manager.io/inject-ca-from':'x'", ",'caBundle':'LS0t'"),
			STATUS_HEALTHY, "exists", "builtin/ValidatingWebhookConfiguration"},
		{WEBHOOK("", ""), STATUS_HEALTHY, "exists",
			"builtin/ValidatingWebhookConfiguration"},
		{"{'apiVersion':'v1','kind':'Namespace','metadata':{'deletionTimestamp':"
		 "'2026-07-03T11:00:00Z'},'status':{'phase':'Terminating','conditions':[{'type':"
		 "'NamespaceDeletionDiscoveryFailure','status':'False'},{'type':"
		 "'NamespaceContentRemaining','status':'True','reason':'SomeResourcesRemain',"
		 "'message':'2 pods'}]}}",
			STATUS_PROGRESSING, "SomeResourcesRemain: 2 pods", "convention/deletion"},
	};
	EXPECT(examples);
}

static void what_is_no_object_is_unknown(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{"[]", STATUS_UNKNOWN, "no Kubernetes object", "none"},
		{"{'kind':7}", STATUS_UNKNOWN, "no Kubernetes object", "none"},
		{"{'kind':'Pod','apiVersion':'v1','metadata':[],'spec':3,'status':'x'}",
			STATUS_PROGRESSING, "no status", "builtin/Pod"},
		{"{'kind':'Deployment','apiVersion':'apps/"
		 "v1','status':{'conditions':[3,null,[],{'type':{}}]}}",
			STATUS_PROGRESSING, "0 of 1", "builtin/Deployment"},
	};
	EXPECT(examples);
	struct health health;
	health_judge(NULL, WALL_NONE, &health);
	assert_int_equal(health.status, STATUS_UNKNOWN);
}

static void long_messages_are_cut_at_a_whole_character(void **state)
{
	(void)state;
	char object[4096], words[2100] = "";
	struct health health;

	for (int i = 0; i < 1000; i++)
		strcat(words, "\xC3\xA9");
	snprintf(object, sizeof object,
		"{'kind':'Pod','apiVersion':'v1','status':{'phase':'Failed','reason':'E','message':"
		"'%s'}}",
		words);
	judge(object, NULL, &health);
	size_t length = strlen(health.message);
	assert_in_range(length, HEALTH_MESSAGE_BYTES - 3, HEALTH_MESSAGE_BYTES - 1);
	assert_int_equal((unsigned char)health.message[length - 1], 0xA9);
	assert_int_equal((unsigned char)health.message[length - 2], 0xC3);
}

static void items_of_a_list_get_its_kind(void **state)
{
	(void)state;
	const char *text = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"status\":{"
			   "\"phase\":\"Succeeded\"}},"
			   "{\"kind\":\"Own\",\"apiVersion\":\"x/v1\"}]}";
	cJSON *list = json_parse(text, strlen(text), NULL);
	struct health health;

	assert_true(health_is_list(list));
	cJSON *first = cJSON_GetObjectItem(list, "items")->child;
	assert_false(health_is_list(first));
	health_name_item(first, list);
	health_name_item(first->next, list);
	assert_string_equal(json_text(first->next, "kind"), "Own");
	health_judge(first, WALL_NONE, &health);
	assert_string_equal(health.rule, "builtin/Pod");
	assert_int_equal(health.status, STATUS_HEALTHY);
	cJSON_Delete(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deployments),
		cmocka_unit_test(a_finished_rollout_below_its_minimum_is_degraded),
		cmocka_unit_test(other_workloads),
		cmocka_unit_test(pods),
		cmocka_unit_test(platform),
		cmocka_unit_test(what_is_no_object_is_unknown),
		cmocka_unit_test(long_messages_are_cut_at_a_whole_character),
		cmocka_unit_test(items_of_a_list_get_its_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
