// SPDX-License-Identifier: Apache-2.0
#include "health_condition_types.h"
#include "health_rules.h"

#include <string.h>

// What workloads stand on: the fields are those of the Kubernetes API reference for each kind.

static bool is_text(const char *text, const char *wanted)
{
	return text && strcmp(text, wanted) == 0;
}

// Pressure is reported as a condition that is True when something is short.
static bool node_pressure(const struct subject *subject, struct health *out)
{
	static const char *const types[] = {
		"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const cJSON *condition = condition_find(subject->conditions, types[i]);
		if (condition_is(condition, "True"))
			return condition_say(out, STATUS_DEGRADED, condition);
	}
	return false;
}

// What others than the kubelet report of a node: the node problem detector names what is wrong
// ("KernelDeadlock", "FrequentKubeletRestart"), the monitoring agent of EKS what is wanted
// ("StorageReady").
static bool node_problem(const struct subject *subject, struct health *out)
{
	json_each (condition, subject->conditions) {
		const char *type = json_text(condition, "type");
		const struct condition_type *row = condition_type_find(type);
		bool is_problem = (row && row->meaning == MEANS_BAD) ||
				  (type && strncmp(type, "Frequent", 8) == 0);
		bool is_wanted = row && row->meaning == MEANS_PART;

		if ((is_problem && condition_is(condition, "True")) ||
			(is_wanted && condition_is(condition, "False")))
			return condition_say(out, STATUS_DEGRADED, condition);
	}
	return false;
}

static bool node(const struct subject *subject, struct health *out)
{
	const cJSON *ready = condition_find(subject->conditions, "Ready");

	if (!ready)
		return health_say(out, STATUS_PROGRESSING,
			"no Ready condition yet: its kubelet has not reported");
	// Unknown here is the control plane's finding that the kubelet fell silent: seen to be bad,
	// not unseen by us.
	if (!condition_is(ready, "True"))
		return condition_say(out, STATUS_DEGRADED, ready);
	if (node_pressure(subject, out) || node_problem(subject, out))
		return true;
	if (json_bool(subject->spec, "unschedulable", false))
		return health_say(out, STATUS_SUSPENDED,
			"ready, but cordoned: nothing new is scheduled here");
	return health_say(out, STATUS_HEALTHY, "ready");
}

// A bound claim that cannot become as large as it should be.
static bool claim_resize(const struct subject *subject, struct health *out)
{
	static const char *const failing[] = {"Infeasible", "ResizeFailed", NULL};

	json_each (resource, json_get(subject->status, "allocatedResourceStatuses"))
		if (cJSON_IsString(resource) && words_occur(resource->valuestring, failing))
			return health_say(out, STATUS_DEGRADED, "bound, but %s: %s",
				resource->string, resource->valuestring);
	json_each (condition, subject->conditions) {
		const char *type = json_text(condition, "type");
		if (type && text_ends_with(type, "Error") && condition_is(condition, "True"))
			return condition_say(out, STATUS_DEGRADED, condition);
	}
	return false;
}

static bool claim(const struct subject *subject, struct health *out)
{
	const char *phase = json_text(subject->status, "phase");
	const char *storage_class = json_text(subject->spec, "storageClassName");

	if (is_text(phase, "Bound"))
		return claim_resize(subject, out) || health_say(out, STATUS_HEALTHY, "bound");
	if (is_text(phase, "Lost"))
		return health_say(
			out, STATUS_DEGRADED, "lost: the volume that it was bound to is gone");
	if (phase && !is_text(phase, "Pending"))
		return health_say(out, STATUS_UNKNOWN, "phase %s", phase);
	return health_say(out, STATUS_PROGRESSING, "pending: no volume yet%s%s",
		storage_class ? " of class " : "", storage_class ? storage_class : "");
}

static bool volume(const struct subject *subject, struct health *out)
{
	const char *phase = json_text(subject->status, "phase"),
		   *message = json_text(subject->status, "message");

	if (is_text(phase, "Bound") || is_text(phase, "Available"))
		return health_say(
			out, STATUS_HEALTHY, is_text(phase, "Bound") ? "bound" : "available");
	if (is_text(phase, "Released"))
		return health_say(out, STATUS_DEGRADED,
			"released: its claim is gone, and nothing can bind it");
	if (is_text(phase, "Failed"))
		return health_say(out, STATUS_DEGRADED, "failed%s%s", message ? ": " : "",
			message ? message : "");
	return health_say(out, STATUS_PROGRESSING, "no volume yet");
}

static bool has_load_balancer(const struct subject *subject)
{
	const cJSON *ingress = json_path(subject->status, "loadBalancer.ingress");

	return cJSON_IsArray(ingress) && ingress->child;
}

static bool service(const struct subject *subject, struct health *out)
{
	const cJSON *ports = condition_find(subject->conditions, "LoadBalancerPortsError");

	if (!is_text(json_text(subject->spec, "type"), "LoadBalancer"))
		return health_say(out, STATUS_HEALTHY, "exists");
	if (condition_is(ports, "True"))
		return condition_say(out, STATUS_DEGRADED, ports);
	if (!has_load_balancer(subject))
		return health_say(
			out, STATUS_PROGRESSING, "no load balancer has been assigned yet");
	return health_say(out, STATUS_HEALTHY, "a load balancer is assigned");
}

static bool ingress(const struct subject *subject, struct health *out)
{
	if (!has_load_balancer(subject))
		return health_say(
			out, STATUS_PROGRESSING, "no load balancer has been assigned yet");
	return health_say(out, STATUS_HEALTHY, "a load balancer is assigned");
}

static bool namespace(const struct subject *subject, struct health *out)
{
	const char *phase = json_text(subject->status, "phase");

	if (is_text(phase, "Terminating"))
		return health_say(out, STATUS_PROGRESSING, "terminating");
	return health_say(out, STATUS_HEALTHY, "active");
}

static bool custom_resource_definition(const struct subject *subject, struct health *out)
{
	const cJSON *terminating = condition_find(subject->conditions, "Terminating");
	const cJSON *names = condition_find(subject->conditions, "NamesAccepted");
	const cJSON *established = condition_find(subject->conditions, "Established");

	if (!subject->conditions || !subject->conditions->child)
		return health_say(out, STATUS_PROGRESSING,
			"no conditions yet: the API server has not looked at it");
	if (condition_is(terminating, "True"))
		return condition_say(out, STATUS_PROGRESSING, terminating);
	if (condition_is(names, "False"))
		return condition_say(out, STATUS_DEGRADED, names);
	if (condition_is(established, "False"))
		// On the way to being served it is False with the reason Installing.
		return condition_say(out,
			is_text(json_text(established, "reason"), "Installing") ? STATUS_PROGRESSING
										: STATUS_DEGRADED,
			established);
	if (condition_is(established, "True"))
		return health_say(out, STATUS_HEALTHY, "established");
	return health_say(out, STATUS_PROGRESSING, "not established yet");
}

static bool api_service(const struct subject *subject, struct health *out)
{
	const cJSON *available = condition_find(subject->conditions, "Available");

	if (!available)
		return health_say(out, STATUS_PROGRESSING, "no Available condition yet");
	if (condition_is(available, "True"))
		return condition_say(out, STATUS_HEALTHY, available);
	// An aggregated API that does not answer breaks discovery, and deleting namespaces with it.
	return condition_say(out, STATUS_DEGRADED, available);
}

static bool autoscaler_conditions(const cJSON *conditions, struct health *out)
{
	const cJSON *able = condition_find(conditions, "AbleToScale");

	json_each (condition, conditions)
		if (condition_is(condition, "False") &&
			reason_is_failure(json_text(condition, "reason")))
			return condition_say(out, STATUS_DEGRADED, condition);
	if (condition_is(able, "True"))
		return condition_say(out, STATUS_HEALTHY, able);
	return health_say(
		out, STATUS_PROGRESSING, "it is not known yet whether it is able to scale");
}

// autoscaling/v1 keeps the conditions in an annotation, as JSON.
static bool autoscaler(const struct subject *subject, struct health *out)
{
	const char *text = json_text(json_get(subject->metadata, "annotations"),
		"autoscaling.alpha.kubernetes.io/conditions");

	if (subject->conditions || !text)
		return autoscaler_conditions(subject->conditions, out);
	cJSON *conditions = json_parse(text, strlen(text), NULL);
	bool decided = autoscaler_conditions(cJSON_IsArray(conditions) ? conditions : NULL, out);
	cJSON_Delete(conditions);
	return decided;
}

static bool disruption_budget(const struct subject *subject, struct health *out)
{
	long long healthy = json_int(subject->status, "currentHealthy", 0),
		  wanted = json_int(subject->status, "desiredHealthy", 0),
		  allowed = json_int(subject->status, "disruptionsAllowed", 0);

	if (!subject->status || !subject->status->child)
		return health_say(
			out, STATUS_PROGRESSING, "no status yet: its controller has not seen it");
	if (generation_rule(subject, out))
		return true;
	json_each (condition, subject->conditions)
		if (is_text(json_text(condition, "reason"), "SyncFailed"))
			return condition_say(out, STATUS_DEGRADED, condition);
	if (healthy < wanted)
		return health_say(out, STATUS_DEGRADED, "%lld of at least %lld pods are healthy",
			healthy, wanted);
	return health_say(out, STATUS_HEALTHY, "%lld disruptions allowed", allowed);
}

// Without the CA that signs for its server the API server cannot call a webhook, and refuses what
// it would be asked about. The annotations are those of cert-manager's CA injector.
static bool webhooks(const struct subject *subject, struct health *out)
{
	bool is_injected = false;

	json_each (annotation, json_get(subject->metadata, "annotations"))
		is_injected |= annotation->string &&
			       strncmp(annotation->string, "cert-manager.io/inject-", 23) == 0;
	json_each (webhook, json_get(subject->object, "webhooks")) {
		const char *bundle = json_path_text(webhook, "clientConfig.caBundle");
		const char *name = json_text(webhook, "name");

		if (is_injected && !(bundle && *bundle) &&
			json_path(webhook, "clientConfig.service"))
			return health_say(out, STATUS_PROGRESSING,
				"%s: its CA has not been injected yet", name ? name : "a webhook");
	}
	return health_say(out, STATUS_HEALTHY, "exists");
}

// Kinds that their API gives no status: there is nothing to wait for.
static bool just_exists(const struct subject *subject, struct health *out)
{
	if (subject->status && subject->status->child)
		return false;
	return health_say(out, STATUS_HEALTHY, "exists");
}

// Who has clients elsewhere keeps no addresses at all; those that are none of them ready are pods
// that do not answer.
static bool endpoints(const struct subject *subject, struct health *out)
{
	int ready = 0, unready = 0;

	json_each (subset, json_get(subject->object, "subsets")) {
		ready += cJSON_GetArraySize(json_get(subset, "addresses"));
		unready += cJSON_GetArraySize(json_get(subset, "notReadyAddresses"));
	}
	if (ready == 0 && unready > 0)
		return health_say(out, STATUS_DEGRADED, "none of %d addresses is ready", unready);
	if (ready == 0)
		return just_exists(subject, out);
	return health_say(out, STATUS_HEALTHY, "%d of %d addresses ready", ready, ready + unready);
}

// A slice's endpoint that says nothing of its conditions is ready (discovery.k8s.io/v1).
static bool endpoint_slice(const struct subject *subject, struct health *out)
{
	int ready = 0, count = 0;

	json_each (endpoint, json_get(subject->object, "endpoints")) {
		ready += json_bool(json_get(endpoint, "conditions"), "ready", true);
		count++;
	}
	if (count == 0)
		return just_exists(subject, out);
	return health_say(out, ready > 0 ? STATUS_HEALTHY : STATUS_DEGRADED,
		"%d of %d endpoints ready", ready, count);
}

const struct kind_rule health_platform[] = {
	{"", "Node", node},
	{"", "PersistentVolumeClaim", claim},
	{"", "PersistentVolume", volume},
	{"", "Service", service},
	{"", "Namespace", namespace},
	{"networking.k8s.io", "Ingress", ingress},
	{"extensions", "Ingress", ingress},
	{"apiextensions.k8s.io", "CustomResourceDefinition", custom_resource_definition},
	{"apiregistration.k8s.io", "APIService", api_service},
	{"autoscaling", "HorizontalPodAutoscaler", autoscaler},
	{"policy", "PodDisruptionBudget", disruption_budget},
	{"", "ConfigMap", just_exists},
	{"", "Secret", just_exists},
	{"", "ServiceAccount", just_exists},
	{"", "Endpoints", endpoints},
	{"", "Event", just_exists},
	{"", "LimitRange", just_exists},
	{"", "PodTemplate", just_exists},
	{"apps", "ControllerRevision", just_exists},
	{"coordination.k8s.io", "Lease", just_exists},
	{"discovery.k8s.io", "EndpointSlice", endpoint_slice},
	{"events.k8s.io", "Event", just_exists},
	{"networking.k8s.io", "NetworkPolicy", just_exists},
	{"networking.k8s.io", "IngressClass", just_exists},
	{"node.k8s.io", "RuntimeClass", just_exists},
	{"rbac.authorization.k8s.io", "Role", just_exists},
	{"rbac.authorization.k8s.io", "RoleBinding", just_exists},
	{"rbac.authorization.k8s.io", "ClusterRole", just_exists},
	{"rbac.authorization.k8s.io", "ClusterRoleBinding", just_exists},
	{"scheduling.k8s.io", "PriorityClass", just_exists},
	{"storage.k8s.io", "StorageClass", just_exists},
	{"storage.k8s.io", "CSIDriver", just_exists},
	{"storage.k8s.io", "CSINode", just_exists},
	{"admissionregistration.k8s.io", "MutatingWebhookConfiguration", webhooks},
	{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", webhooks},
	{.kind = NULL},
};
