// SPDX-License-Identifier: Apache-2.0
#include "seal.h"

#include <errno.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/clock.h"
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
		err_errno(err, errno, "%s", name);
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
static char *ask_tool(const char *const *argv, struct mono until)
{
	const struct tool tool = {.argv = argv, .input = "", .until = until};
	struct buf out = {0}, words = {0};
	char *line = NULL;
	if (tool_run(&tool, &out, &words, NULL) == 0 && buf_str(&out)[0] != '\n' && out.length)
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
static bool choose_of_git(struct seal_key *key, struct mono until, struct err *err)
{
	static const char *const format[] = {"git", "config", "--get", "gpg.format", NULL};
	static const char *const signing[] = {
		"git", "config", "--type=path", "--get", "user.signingkey", NULL};
	char *is = ask_tool(format, until);
	char *value = is && strcmp(is, "ssh") == 0 ? ask_tool(signing, until) : NULL;
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

static bool is_over(struct mono until)
{
	return mono_known(until) && clock_mono().us >= until.us;
}

// False without `err`: there is no agent, or it has no key.
static bool choose_of_agent(struct seal_key *key, struct mono until, struct err *err)
{
	static const char *const list[] = {"ssh-add", "-L", NULL};
	const char *agent = getenv("SSH_AUTH_SOCK");
	char *line = agent && agent[0] ? ask_tool(list, until) : NULL;
	key->from = "the first key of the SSH agent";
	if (!line && is_over(until))
		return err_set(err, "the SSH agent at %s does not answer", agent);
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

bool seal_choose(struct seal_key *key, const char *given, struct mono until, struct err *err)
{
	struct err why = {0};
	*key = (struct seal_key){.from = "--key"};
	if (given && strcmp(given, SEAL_KEY_AUTO) != 0) {
		key->path = memory_copy_text(given);
		return access(given, R_OK) == 0 || err_errno(err, errno, "%s", given);
	}
	if (choose_of_git(key, until, &why))
		return true;
	if (!why.message[0] && choose_of_agent(key, until, &why))
		return true;
	if (!why.message[0] && choose_of_home(key))
		return true;
	if (why.message[0]) {
		*err = why;
		return false;
	}
	return err_set(err, "no key: git signs with none of SSH, no SSH agent has one, and "
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

static void write_message(struct buf *message, const char *digest)
{
	buf_printf(message, "%s\n", digest);
}

// A key that is asked for nothing on a terminal fails at once where it needs that.
static const char *const silently[] = {"SSH_ASKPASS_REQUIRE=never", NULL};
static const char *const without_agent[] = {"SSH_ASKPASS_REQUIRE=never", "SSH_AUTH_SOCK=", NULL};

static bool run_signer(
	const struct tool *tool, const char *path, struct buf *signature, struct err *err)
{
	struct buf words = {0};
	int code = tool_run(tool, signature, &words, err);
	bool is_locked = strstr(buf_str(&words), "passphrase") != NULL;
	if (code > 0 || (code == 0 && signature->length == 0))
		refuse(err, path, &words);
	buf_fini(&words);
	if (code == 0 && signature->length > 0)
		return true;
	struct err why = *err;
	buf_clear(signature);
	if (code == TOOL_LATE)
		err_set(err, "%s: %s: the SSH agent hangs, or the key waits to be touched", path,
			why.message);
	else if (code > 0 && mono_known(tool->until) && is_locked)
		err_set(err, "%s: it has a passphrase, and no SSH agent has it: ssh-add %s", path,
			path);
	return false;
}

// Where nobody waits for long, first without the agent: one that hangs holds up only the keys that
// nobody else has.
bool seal_sign(const struct seal_key *key, const struct seal_terms *terms, const char *digest,
	struct buf *signature, struct err *err)
{
	const char *const argv[] = {
		"ssh-keygen", "-Y", "sign", "-f", key->path, "-n", terms->space, NULL};
	struct buf message = {0};
	write_message(&message, digest);
	struct tool tool = {.argv = argv, .input = buf_str(&message), .until = terms->until};
	bool is_signed = false;
	if (mono_known(terms->until)) {
		struct err ignored;
		tool.environment = without_agent;
		is_signed = run_signer(&tool, key->path, signature, &ignored);
		tool.environment = silently;
	}
	is_signed = is_signed || run_signer(&tool, key->path, signature, err);
	buf_fini(&message);
	return is_signed;
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
	const struct seal_terms *terms;
	const char *file;    // the signature
	const char *signers; // NULL: any
	struct buf message, time;
};

// `err` is for what kept it from being asked; its exit code is the caller's to judge.
static int ask(const struct checking *checking, const char *const *argv, const char *input,
	struct buf *out, struct buf *words, struct seal_signer *signer, struct err *err)
{
	const struct tool tool = {.argv = argv, .input = input, .until = checking->terms->until};
	int code = tool_run(&tool, out, words, err);
	signer->is_unasked = code < 0;
	return code;
}

static bool check_signature(
	const struct checking *checking, struct seal_signer *signer, struct err *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "check-novalidate", "-n",
		checking->terms->space, "-s", checking->file, NULL};
	struct buf out = {0}, words = {0};
	int code = ask(checking, argv, buf_str(&checking->message), &out, &words, signer, err);
	if (code == 0)
		take_key(signer, buf_str(&out));
	else if (code > 0)
		refuse(err,
			strcmp(checking->terms->space, SEAL_OF_HEAD) == 0
				? "no signature of this head"
				: "not what was signed",
			&words);
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
	int code = ask(checking, argv, "", &out, &words, signer, err);
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
	const struct checking *checking, struct seal_signer *signer, struct err *err)
{
	const char *const argv[] = {"ssh-keygen", "-Y", "verify", "-f", checking->signers, "-I",
		buf_str(&signer->who), "-n", checking->terms->space, "-s", checking->file, "-O",
		buf_str(&checking->time), NULL};
	struct buf out = {0}, words = {0};
	int code = ask(checking, argv, buf_str(&checking->message), &out, &words, signer, err);
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

bool seal_verify(const struct seal_terms *terms, const char *digest, const char *signature,
	const char *signers, struct wall at, struct seal_signer *signer, struct err *err)
{
	char *file = write_temporary(signature, err);
	signer->is_unasked = file == NULL;
	if (!file)
		return false;
	struct checking checking = {.terms = terms, .file = file, .signers = signers};
	write_message(&checking.message, digest);
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
