// SPDX-License-Identifier: Apache-2.0
#include "relight/session.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"

char *session_person(void)
{
	const char *named = getenv("RELIGHT_OPERATOR");
	struct passwd *user = named && named[0] ? NULL : getpwuid(getuid());
	struct buf name = {0};
	if (named && named[0])
		buf_text(&name, named);
	else if (user)
		buf_text(&name, user->pw_name);
	else
		buf_printf(&name, "uid %u", (unsigned)getuid());
	return buf_take(&name);
}

// SHA-256 of a file in pieces; false leaves `hex` empty.
static bool hash_file(const char *path, char hex[65])
{
	unsigned char piece[64 * 1024], digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_good = fd >= 0 && context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	ssize_t got = 0;
	hex[0] = '\0';
	while (is_good && (got = read(fd, piece, sizeof piece)) > 0)
		is_good = EVP_DigestUpdate(context, piece, (size_t)got) == 1;
	if (is_good && got == 0 && EVP_DigestFinal_ex(context, digest, &length) == 1)
		for (unsigned i = 0; i < length; i++)
			snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	EVP_MD_CTX_free(context);
	if (fd >= 0)
		close(fd);
	return hex[0] != '\0';
}

static void add_loginuid(cJSON *out)
{
	struct buf text = {0};
	long uid = -1;
	if (file_read(AT_FDCWD, "/proc/self/loginuid", 32, &text, NULL))
		uid = strtol(buf_str(&text), NULL, 10);
	if (uid >= 0 && uid < 4294967295L) // the kernel's "not set" is (uid_t)-1
		json_add_int(out, "loginuid", uid);
	buf_fini(&text);
}

cJSON *session_describe(const char *executable, enum identity identity)
{
	cJSON *out = json_object();
	char host[256] = "", hex[65], tty[256];
	struct passwd *user = getpwuid(getuid());
	gethostname(host, sizeof host - 1);
	json_add_text(out, "host", host);
	json_add_text(out, "user", user ? user->pw_name : NULL);
	json_add_int(out, "uid", (int64_t)getuid());
	add_loginuid(out);
	if (ttyname_r(STDIN_FILENO, tty, sizeof tty) == 0)
		json_add_text(out, "tty", tty);
	json_add_text(out, "ssh_client", getenv("SSH_CLIENT"));
	if (hash_file(executable, hex))
		json_add_text(out, "exe_sha256", hex);
	json_add_text(out, "identity", identity_word(identity));
	return out;
}
