// SPDX-License-Identifier: Apache-2.0
#include "seal.h"

#include <errno.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/memory.h"
#include "tool.h"

// --- files for a moment ----------------------------------------------------------------------------------------------

// A file of this content that nobody else can read; its path is the caller's to unlink and free.
static char *write_temporary(const char *text, struct err *err)
{
	const char *folder = getenv("TMPDIR");
	struct buf path = {0};
	buf_printf(&path, "%s/relight-seal-XXXXXX", folder && folder[0] == '/' ? folder : "/tmp");
	char *name = buf_take(&path);
	int fd = mkostemp(name, O_CLOEXEC);
	bool is_written = fd >= 0 && file_write(fd, text, strlen(text), NULL);
	if (!is_written) {
		err_errno(err, errno, "seal: %s", name);
		if (fd >= 0)
			unlink(name);
		free(name);
		name = NULL;
	}
	if (fd >= 0)
		close(fd);
	return name;
}

// --- the key ---------------------------------------------------------------------------------------------------------

// The first line that a tool prints, if it succeeds and prints one.
static char *ask_tool(const char *const *argv)
{
	struct buf out = {0}, words = {0};
	char *line = NULL;
	if (tool_run(argv, "", &out, &words, NULL) == 0 && buf_str(&out)[0] != '\n' && out.length)
		line = memory_copy_bytes(out.data, strcspn(out.data, "\n"));
	buf_fini(&out);
	buf_fini(&words);
	return line;
}

static bool take_public(struct seal_key *key, const char *text, struct err *err)
{
	key->path = write_temporary(text, err);
	key->is_temporary = key->path != NULL;
	return key->path;
}

// False without `err`: git signs with none of SSH.
static bool choose_of_git(struct seal_key *key, struct err *err)
{
	static const char *const format[] = {"git", "config", "--get", "gpg.format", NULL};
	static const char *const signing[] = {
		"git", "config", "--type=path", "--get", "user.signingkey", NULL};
	char *is = ask_tool(format);
	char *value = is && strcmp(is, "ssh") == 0 ? ask_tool(signing) : NULL;
	bool is_chosen = false;
	key->from = "git's user.signingkey";
	if (value && (strncmp(value, "key::", 5) == 0 || strncmp(value, "ssh-", 4) == 0)) {
		is_chosen = take_public(key, value + (value[0] == 'k' ? 5 : 0), err);
	} else if (value) {
		key->path = value;
		value = NULL;
		is_chosen = true;
	}
	free(value);
	free(is);
	return is_chosen;
}

static bool choose_of_agent(struct seal_key *key, struct err *err)
{
	static const char *const list[] = {"ssh-add", "-L", NULL};
	const char *agent = getenv("SSH_AUTH_SOCK");
	char *line = agent && agent[0] ? ask_tool(list) : NULL;
	key->from = "the first key of the SSH agent";
	bool is_chosen = line && take_public(key, line, err);
	free(line);
	return is_chosen;
}

static bool choose_of_home(struct seal_key *key)
{
	static const char *const names[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
	const char *home = getenv("HOME");
	key->from = "the key in ~/.ssh";
	for (size_t i = 0; home && i < sizeof names / sizeof *names; i++) {
		struct buf path = {0};
		buf_printf(&path, "%s/.ssh/%s", home, names[i]);
		if (access(buf_str(&path), R_OK) == 0) {
			key->path = buf_take(&path);
			return true;
		}
		buf_fini(&path);
	}
	return false;
}

bool seal_choose(struct seal_key *key, const char *given, struct err *err)
{
	struct err why = {0};
	*key = (struct seal_key){.from = "--key"};
	if (given) {
		key->path = memory_copy_text(given);
		return access(given, R_OK) == 0 || err_errno(err, errno, "seal: %s", given);
	}
	if (choose_of_git(key, &why) || choose_of_agent(key, &why) || choose_of_home(key))
		return true;
	if (why.message[0]) {
		*err = why;
		return false;
	}
	return err_set(err, "seal: no key: git signs with none of SSH, no SSH agent has one, and "
			    "there is none in ~/.ssh; name one with --key FILE");
}

void seal_key_fini(struct seal_key *key)
{
	if (key->is_temporary)
		unlink(key->path);
	free(key->path);
	*key = (struct seal_key){0};
}

// --- signing ---------------------------------------------------------------------------------------------------------

// Its last line says why.
static bool refuse(struct err *err, const char *what, struct buf *words)
{
	char *text = words->data;
	while (words->length > 0 && strchr("\r\n", text[words->length - 1]))
		text[--words->length] = '\0';
	const char *feed = words->length ? strrchr(text, '\n') : NULL;
	return err_set(err, "%s: ssh-keygen: %s", what,
		feed            ? feed + 1
		: words->length ? text
				: "it gives no reason");
}

static void write_message(struct buf *message, const char *head)
{
	buf_printf(message, "%s\n", head);
}

bool seal_sign(const struct seal_key *key, const char *head, struct buf *signature, struct err *err)
{
	const char *const argv[] = {
		"ssh-keygen", "-Y", "sign", "-f", key->path, "-n", SEAL_NAMESPACE, NULL};
	struct buf message = {0}, words = {0};
	write_message(&message, head);
	int code = tool_run(argv, buf_str(&message), signature, &words, err);
	if (code > 0 || (code == 0 && signature->length == 0))
		refuse(err, key->path, &words);
	if (code != 0)
		err_prefix(err, "seal");
	buf_fini(&message);
	buf_fini(&words);
	return code == 0 && signature->length > 0;
}

// --- checking --------------------------------------------------------------------------------------------------------

void seal_signer_fini(struct seal_signer *signer)
{
	buf_fini(&signer->key);
	buf_fini(&signer->who);
}

// `Good "relight-timeline" signature with ED25519 key SHA256:…`
static void take_key(struct seal_signer *signer, const char *said)
{
	const char *with = strstr(said, "with ");
	const char *key = with ? strstr(with, " key ") : NULL;
	if (!key)
		return;
	buf_add(&signer->key, with + 5, (size_t)(key - with) - 5);
	buf_byte(&signer->key, ' ');
	buf_add(&signer->key, key + 5, strcspn(key + 5, " \r\n"));
}

struct checking {
	const char *file;    // the signature
	const char *signers; // NULL: any
	struct buf message, time;
};

static bool check_signature(
	const struct checking *checking, struct seal_signer *signer, struct err *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "check-novalidate", "-n", SEAL_NAMESPACE,
		"-s", checking->file, NULL};
	struct buf out = {0}, words = {0};
	int code = tool_run(argv, buf_str(&checking->message), &out, &words, err);
	if (code == 0)
		take_key(signer, buf_str(&out));
	else if (code > 0)
		refuse(err, "no signature of this head", &words);
	buf_fini(&out);
	buf_fini(&words);
	return code == 0;
}

static bool find_signer(
	const struct checking *checking, struct seal_signer *signer, struct err *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "find-principals", "-f", checking->signers,
		"-s", checking->file, "-O", buf_str(&checking->time), NULL};
	struct buf out = {0}, words = {0};
	int code = tool_run(argv, "", &out, &words, err);
	if (code == 0)
		buf_add(&signer->who, buf_str(&out), strcspn(buf_str(&out), "\r\n"));
	else if (code > 0)
		err_set(err, "signed with %s, whom %s did not allow then", buf_str(&signer->key),
			checking->signers);
	buf_fini(&out);
	buf_fini(&words);
	return code == 0;
}

// With the namespaces and the times that the file gives the signer.
static bool check_signer(
	const struct checking *checking, const struct seal_signer *signer, struct err *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "verify", "-f", checking->signers, "-I",
		buf_str(&signer->who), "-n", SEAL_NAMESPACE, "-s", checking->file, "-O",
		buf_str(&checking->time), NULL};
	struct buf out = {0}, words = {0};
	int code = tool_run(argv, buf_str(&checking->message), &out, &words, err);
	if (code > 0)
		refuse(err, buf_str(&signer->who), &words);
	buf_fini(&out);
	buf_fini(&words);
	return code == 0;
}

// verify-time=20260703030542Z
static void write_time(struct wall at, struct buf *out)
{
	char text[WALL_TEXT_BYTES];
	wall_format(at, text);
	buf_text(out, "verify-time=");
	for (const char *c = text; *c && *c != '.'; c++)
		if (*c >= '0' && *c <= '9')
			buf_byte(out, *c);
	buf_byte(out, 'Z');
}

bool seal_verify(const char *head, const char *signature, const char *signers, struct wall at,
	struct seal_signer *signer, struct err *err)
{
	char *file = write_temporary(signature, err);
	if (!file)
		return false;
	struct checking checking = {.file = file, .signers = signers};
	write_message(&checking.message, head);
	write_time(at, &checking.time);
	bool is_good = check_signature(&checking, signer, err) &&
		       (!signers || (find_signer(&checking, signer, err) &&
					    check_signer(&checking, signer, err)));
	unlink(file);
	free(file);
	buf_fini(&checking.message);
	buf_fini(&checking.time);
	return is_good;
}
