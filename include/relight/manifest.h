// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_MANIFEST_H
#define RELIGHT_MANIFEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/mask.h"
#include "relight/yaml.h"

// Kubernetes objects as people write them down: read into JSON, checked for what every object has,
// named as kubectl names them, and what is secret in them kept from the record.

#define MANIFEST_MAX_BYTES   (4u << 20) // of one file
#define MANIFEST_MAX_OBJECTS 5000       // of one action

struct manifest_object {
	cJSON *value;
	int line, column; // in its file; 0: nowhere
};

// Objects in the order in which they were written. Zeroed is empty.
struct manifest {
	struct manifest_object *objects;
	size_t count, capacity;
};
void manifest_fini(struct manifest *manifest); // frees the objects; then it is empty

// Adds the objects of a file: JSON, or YAML as kubectl reads it, of any number of documents. Those
// of a List are added one by one. `file` is for messages. False with `err`, which has the place:
// it cannot be read, or one of them has not what every object has: apiVersion, kind and
// metadata.name (or, with `may_generate`, metadata.generateName).
bool manifest_read(struct manifest *manifest, const char *text, size_t length_bytes,
	const char *file, bool may_generate, struct err *err);
// Adds one that is JSON already, or those of a List; `value` is copied. False with `err`.
bool manifest_add(
	struct manifest *manifest, const cJSON *value, bool may_generate, struct err *err);

// Puts in what the variables of a text stand for. False with `err`.
typedef bool manifest_expand(void *context, const char *text, struct buf *out, struct err *err);
// The JSON that a tree means. With `expand`, texts are templates: a plain one that has variables is
// a number or truth value again where what came of it reads like one, a quoted one stays a text.
// NULL with `err` and its place in `file`: a number that JSON cannot hold exactly, or what `expand`
// says. The caller frees.
cJSON *manifest_value(const struct yaml_node *node, const char *file, manifest_expand *expand,
	void *context, struct err *err);
// A text that is JSON or one YAML document, for example the body of a patch. NULL with `err`.
cJSON *manifest_text(const char *text, struct err *err);

// Appends the value as YAML in block style, ending in a line feed.
void manifest_write(const cJSON *value, struct buf *out);

// Takes out what a server keeps of an object and refuses to be given: its uid, resourceVersion,
// managedFields and so on. Only from one that came from a server, which is known by its
// creationTimestamp: nobody writes that, while the others may be meant. True: it did.
bool manifest_strip_export(cJSON *object);

// "deployment.apps/case-api", as kubectl names it.
void manifest_name(const char *kind, const char *group, const char *name, struct buf *out);
// The group of an apiVersion: "apps" of "apps/v1", "" of "v1"; and its version. Both are cut to
// their room.
void manifest_group_version(const char *api_version, char group[256], char version[64]);

// --- secrets ---

// Whether it is a Secret with anything in it, or a List with one.
bool manifest_is_filled_secret(const cJSON *object);
// Whether the body of a patch (an object, a JSON patch, or a text of either) puts a text into a
// Secret.
bool manifest_is_filling_patch(const cJSON *body);
// Whether a file of objects holds a Secret with anything in it. One that cannot be read as objects
// is said to, if the word stands in it.
bool manifest_holds_secret(const char *text, size_t length_bytes, const char *file);
// Declares what a Secret holds (data and stringData) to the mask; a List's Secrets too. Others are
// left alone.
void manifest_declare_secrets(const cJSON *object, struct mask *mask);
// Puts "[masked]" in the place of what a Secret holds.
void manifest_redact(cJSON *object);
// The same for what a patch puts into a Secret: an object, a JSON patch, or a text of either.
void manifest_declare_patch(const cJSON *body, struct mask *mask);
void manifest_redact_patch(cJSON *body);
// Whether a resource as kubectl writes it names Secrets.
bool manifest_is_secret_resource(const char *resource);

#endif
