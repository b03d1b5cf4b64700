// SPDX-License-Identifier: Apache-2.0
#include "relight/access_review.h"

#include <string.h>

#include "relight/json.h"

#define REASON_MAX_BYTES 400 // of the server's words in a message

static bool is_self(const struct access_question *question)
{
	return !question->as && question->group_count == 0;
}

const char *access_review_resource(const struct access_question *question)
{
	return is_self(question) ? "selfsubjectaccessreviews" : "subjectaccessreviews";
}

const char *access_review_path(const struct access_question *question)
{
	return is_self(question) ? "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
				 : "/apis/authorization.k8s.io/v1/subjectaccessreviews";
}

// --- what it is about ---

bool access_name_parse(const char *text, struct kubeapi_name *name, struct err *err)
{
	bool is_all = text[0] == '*' && (text[1] == '\0' || text[1] == '.');

	if (!is_all)
		return kubeapi_name_parse(text, name, err);
	memset(name, 0, sizeof *name);
	name->resource[0] = '*';
	if (text[1] && strlen(text + 2) >= sizeof name->group)
		return err_set(err, "%s: is too long for an API group", text);
	if (text[1])
		memcpy(name->group, text + 2, strlen(text + 2));
	return true;
}

void access_question_type(struct access_question *question, const struct kubeapi_type *type)
{
	bool is_namespace = !type->group[0] && strcmp(type->plural, "namespaces") == 0;

	question->group = type->group;
	question->resource = type->plural;
	if (is_namespace && question->name)
		question->namespace = question->name;
	else if (!type->is_namespaced)
		question->namespace = NULL;
}

// What is impersonated is no resource that discovery lists (kubernetes.io: "User impersonation").
static const struct {
	const char *resource, *group;
} virtual_resources[] = {
	{"users", ""},
	{"groups", ""},
	{"uids", "authentication.k8s.io"},
	{"userextras", "authentication.k8s.io"},
};

bool access_question_name(struct access_question *question, const struct kubeapi_name *name)
{
	bool is_all = strcmp(name->resource, "*") == 0, is_virtual = false;
	const char *group = is_all && !name->group[0] ? "*" : name->group;

	for (size_t i = 0; i < sizeof virtual_resources / sizeof *virtual_resources; i++)
		if (strcmp(question->verb, "impersonate") == 0 && !name->group[0] &&
			strcmp(name->resource, virtual_resources[i].resource) == 0) {
			group = virtual_resources[i].group;
			question->namespace = NULL;
			is_virtual = true;
		}
	if (!is_all && !is_virtual && !name->group[0])
		return false;
	question->group = group;
	question->resource = name->resource;
	return true;
}

// --- what is sent ---

static void add_part(cJSON *object, const char *key, const char *text)
{
	json_add_text(object, key, text && text[0] ? text : NULL);
}

static cJSON *attributes_of(const struct access_question *question)
{
	cJSON *attributes = json_object();

	json_add_text(attributes, "verb", question->verb);
	if (question->path) {
		json_add_text(attributes, "path", question->path);
		return attributes;
	}
	add_part(attributes, "group", question->group);
	add_part(attributes, "resource", question->resource);
	add_part(attributes, "subresource", question->subresource);
	add_part(attributes, "name", question->name);
	add_part(attributes, "namespace", question->namespace);
	return attributes;
}

#define SERVICE_ACCOUNT "system:serviceaccount:"

// The groups of a service account and of everybody who signs in, as the API server gives them to
// whoever is impersonated without groups.
static void add_own_groups(cJSON *groups, const char *as)
{
	size_t prefix = strlen(SERVICE_ACCOUNT);
	struct buf of_namespace = {0};

	if (strcmp(as, "system:anonymous") == 0) {
		json_append_text(groups, "system:unauthenticated");
		return;
	}
	if (strncmp(as, SERVICE_ACCOUNT, prefix) == 0) {
		buf_text(&of_namespace, "system:serviceaccounts:");
		buf_add(&of_namespace, as + prefix, strcspn(as + prefix, ":"));
		json_append_text(groups, "system:serviceaccounts");
		json_append_text(groups, buf_str(&of_namespace));
	}
	json_append_text(groups, "system:authenticated");
	buf_fini(&of_namespace);
}

static void add_subject(cJSON *spec, const struct access_question *question)
{
	cJSON *groups = cJSON_AddArrayToObject(spec, "groups");

	json_add_text(spec, "user", question->as);
	for (size_t i = 0; i < question->group_count; i++)
		json_append_text(groups, question->groups[i]);
	if (question->group_count == 0)
		add_own_groups(groups, question->as);
}

cJSON *access_review_new(const struct access_question *question)
{
	cJSON *review = json_object(), *spec = json_object();

	json_add_text(review, "apiVersion", "authorization.k8s.io/v1");
	json_add_text(review, "kind",
		is_self(question) ? "SelfSubjectAccessReview" : "SubjectAccessReview");
	json_add(spec, question->path ? "nonResourceAttributes" : "resourceAttributes",
		attributes_of(question));
	if (!is_self(question))
		add_subject(spec, question);
	json_add(review, "spec", spec);
	return review;
}

// --- what came back ---

static void say_subject(const struct access_question *question, struct buf *words)
{
	if (question->as)
		buf_text(words, question->as);
	for (size_t i = 0; i < question->group_count; i++)
		buf_printf(words, "%s%s",
			i > 0          ? ", "
			: question->as ? " of "
				       : "whoever is of ",
			question->groups[i]);
	if (!is_self(question))
		buf_byte(words, ' ');
}

// "deployments.apps/scale web in shop"
static void say_object(const struct access_question *question, struct buf *words)
{
	bool has_group = question->group && question->group[0] && strcmp(question->group, "*") != 0;

	if (question->path) {
		buf_text(words, question->path);
		return;
	}
	if (strcmp(question->resource, "*") == 0)
		buf_text(words, "everything");
	else
		buf_text(words, question->resource);
	if (has_group)
		buf_printf(words, strcmp(question->resource, "*") == 0 ? " in %s" : ".%s",
			question->group);
	if (question->subresource)
		buf_printf(words, "/%s", question->subresource);
	if (question->name)
		buf_printf(words, " %s", question->name);
	if (question->namespace && question->namespace[0])
		buf_printf(words, " in %s", question->namespace);
}

static void say_more(const char *text, struct buf *words)
{
	size_t length = text ? strlen(text) : 0;

	if (length == 0)
		return;
	buf_text(words, ": ");
	if (length <= REASON_MAX_BYTES) {
		buf_text(words, text);
		return;
	}
	length = REASON_MAX_BYTES;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--; // whole UTF-8 characters
	buf_add(words, text, length);
	buf_text(words, "...");
}

enum status access_review_judge(
	const struct access_question *question, const cJSON *answer, struct buf *words)
{
	const cJSON *status = json_get(answer, "status"), *allowed = json_get(status, "allowed");
	bool is_any_verb = strcmp(question->verb, "*") == 0;

	if (!cJSON_IsBool(allowed)) {
		buf_text(words, "the answer does not say whether it is allowed");
		return STATUS_UNKNOWN;
	}
	bool is_allowed = cJSON_IsTrue(allowed);
	say_subject(question, words);
	buf_printf(words, "%s %s ", is_allowed ? "may" : "may not",
		is_any_verb ? "do everything with" : question->verb);
	say_object(question, words);
	if (is_allowed)
		return STATUS_HEALTHY;
	say_more(json_text(status, "reason"), words);
	say_more(json_text(status, "evaluationError"), words);
	return STATUS_DEGRADED;
}
