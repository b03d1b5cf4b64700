// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relight/json.h"
#include "relight/kubeapi.h"
#include "relight/manifest.h"
#include "relight/memory.h"

// What a Secret holds: `data` in base64, `stringData` as it is; and what kubectl keeps of it in an
// annotation.

#define MASKED "[masked]"

static const char *const holders[] = {"data", "stringData"};
#define HOLDERS (sizeof holders / sizeof *holders)

static bool is_secret(const cJSON *object)
{
	const char *kind = json_text(object, "kind"), *version = json_text(object, "apiVersion");

	return kind && version && strcmp(kind, "Secret") == 0 && strcmp(version, "v1") == 0;
}

static const cJSON *items_of(const cJSON *object)
{
	const cJSON *items = json_get(object, "items");

	return cJSON_IsArray(items) ? items : NULL;
}

bool manifest_is_secret_resource(const char *resource)
{
	struct kubeapi_name name;

	return kubeapi_name_parse(resource, &name, NULL) && !name.group[0] &&
	       (strcasecmp(name.resource, "secret") == 0 ||
		       strcasecmp(name.resource, "secrets") == 0);
}

// --- finding ---------------------------------------------------------------------------------------------------------------

bool manifest_is_filled_secret(const cJSON *object)
{
	bool holds = false;

	for (size_t i = 0; is_secret(object) && i < HOLDERS; i++)
		holds |= cJSON_GetArraySize(json_get(object, holders[i])) > 0;
	json_each (item, items_of(object))
		holds |= manifest_is_filled_secret(item);
	return holds;
}

static bool is_held(const char *path)
{
	for (size_t i = 0; path && i < HOLDERS; i++) {
		size_t length = strlen(holders[i]);

		if (path[0] == '/' && strncmp(path + 1, holders[i], length) == 0 &&
			(path[length + 1] == '/' || path[length + 1] == '\0'))
			return true;
	}
	return false;
}

// A value of null takes a key out.
static bool has_text(const cJSON *held)
{
	json_each (value, held)
		if (cJSON_IsString(value))
			return true;
	return cJSON_IsString(held);
}

bool manifest_is_filling_patch(const cJSON *body)
{
	cJSON *parsed = cJSON_IsString(body) ? manifest_text(body->valuestring, NULL) : NULL;
	bool fills = false;

	if (parsed)
		fills = !cJSON_IsString(parsed) && manifest_is_filling_patch(parsed);
	else if (cJSON_IsArray(body))
		json_each (operation, body)
			fills |= is_held(json_text(operation, "path")) &&
				 has_text(json_get(operation, "value"));
	for (size_t i = 0; cJSON_IsObject(body) && i < HOLDERS; i++)
		fills |= has_text(json_get(body, holders[i]));
	cJSON_Delete(parsed);
	return fills;
}

bool manifest_holds_secret(const char *text, size_t length_bytes, const char *file)
{
	struct manifest manifest = {0};
	struct err err = {0};
	bool holds;

	// Most files need not be taken apart for this.
	if (!memmem(text, length_bytes, "Secret", strlen("Secret")))
		return false;
	holds = !manifest_read(&manifest, text, length_bytes, file, true, &err);
	for (size_t i = 0; !holds && i < manifest.count; i++)
		holds = manifest_is_filled_secret(manifest.objects[i].value);
	manifest_fini(&manifest);
	return holds;
}

// --- declaring ---------------------------------------------------------------------------------------------------------

// The value that base64 stands for, where it is a text. Line feeds do not count, as for the server.
static void declare_decoded(struct mask *mask, const char *name, const char *text)
{
	size_t length = strlen(text);
	unsigned char *bytes = memory_zeroed(length + 4, 1);
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	int count = 0, rest = 0;

	if (!context)
		memory_exhausted();
	EVP_DecodeInit(context);
	bool is_good = EVP_DecodeUpdate(context, bytes, &count, (const unsigned char *)text,
			       (int)length) >= 0 &&
		       EVP_DecodeFinal(context, bytes + count, &rest) >= 0;
	EVP_ENCODE_CTX_free(context);
	size_t total = is_good ? (size_t)count + (size_t)rest : 0;
	bytes[total] = '\0';
	if (total > 0 && !memchr(bytes, '\0', total))
		mask_secret(mask, name, (const char *)bytes);
	OPENSSL_cleanse(bytes, length + 4);
	free(bytes);
}

static void declare(struct mask *mask, const char *owner, const cJSON *held, bool is_encoded)
{
	struct buf name = {0};

	json_each (value, held) {
		if (!cJSON_IsString(value))
			continue;
		buf_clear(&name);
		buf_printf(&name, "%s.%s", owner, value->string ? value->string : "");
		mask_secret(mask, buf_str(&name), value->valuestring);
		if (is_encoded)
			declare_decoded(mask, buf_str(&name), value->valuestring);
	}
	buf_fini(&name);
}

static void declare_held(struct mask *mask, const char *owner, const cJSON *object)
{
	for (size_t i = 0; i < HOLDERS; i++)
		declare(mask, owner, json_get(object, holders[i]), i == 0);
}

void manifest_declare_secrets(const cJSON *object, struct mask *mask)
{
	const char *name = json_path_text(object, "metadata.name");

	json_each (item, items_of(object))
		manifest_declare_secrets(item, mask);
	if (is_secret(object))
		declare_held(mask, name ? name : "secret", object);
}

// A JSON patch names where each value goes: below /data it is base64.
static void declare_operations(const cJSON *operations, struct mask *mask)
{
	json_each (operation, operations) {
		const cJSON *value = json_get(operation, "value");
		const char *path = json_text(operation, "path");

		if (cJSON_IsObject(value))
			declare(mask, "patch", value, true);
		if (!cJSON_IsString(value) || !path)
			continue;
		mask_secret(mask, "patch", value->valuestring);
		declare_decoded(mask, "patch", value->valuestring);
	}
}

void manifest_declare_patch(const cJSON *body, struct mask *mask)
{
	cJSON *parsed = cJSON_IsString(body) ? manifest_text(body->valuestring, NULL) : NULL;

	if (parsed && !cJSON_IsString(parsed))
		manifest_declare_patch(parsed, mask);
	else if (cJSON_IsArray(body))
		declare_operations(body, mask);
	else if (cJSON_IsObject(body))
		declare_held(mask, "patch", body);
	cJSON_Delete(parsed);
}

// --- hiding ------------------------------------------------------------------------------------------------------------

static void hide(cJSON *object, const char *key)
{
	const cJSON *held = json_get(object, key);
	cJSON *masked;

	if (!held || cJSON_IsNull(held))
		return;
	if (cJSON_IsObject(held)) {
		masked = json_object();
		json_each (value, held)
			json_add_text(masked, value->string, MASKED);
	} else {
		masked = cJSON_CreateString(MASKED);
	}
	if (!masked || !cJSON_ReplaceItemInObjectCaseSensitive(object, key, masked))
		memory_exhausted();
}

static void hide_held(cJSON *object)
{
	cJSON *annotations = (cJSON *)json_path(object, "metadata.annotations");

	for (size_t i = 0; i < HOLDERS; i++)
		hide(object, holders[i]);
	if (annotations)
		hide(annotations, "kubectl.kubernetes.io/last-applied-configuration");
}

void manifest_redact(cJSON *object)
{
	json_each (item, items_of(object))
		manifest_redact((cJSON *)item);
	if (is_secret(object))
		hide_held(object);
}

void manifest_redact_patch(cJSON *body)
{
	if (cJSON_IsString(body)) {
		if (!cJSON_SetValuestring(body, MASKED))
			memory_exhausted();
		return;
	}
	if (cJSON_IsObject(body))
		hide_held(body);
	else
		json_each (operation, body)
			hide((cJSON *)operation, "value");
}
