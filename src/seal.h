// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SEAL_H
#define RELIGHT_SEAL_H

#include <stdbool.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/moment.h"

// The signature over a record's head, made and checked by ssh-keygen(1) (-Y sign, -Y verify;
// PROTOCOL.sshsig of OpenSSH). What is signed is the head's 64 hexadecimal digits and a line feed.

#define SEAL_NAMESPACE "relight-timeline"

struct seal_key {
	char *path;       // of a private key, or of a public one whose private half an agent has
	const char *from; // what chose it, for people
	bool is_temporary;
};

// The key to sign with: `given`, else the one that git signs with (gpg.format ssh,
// user.signingkey), else the first one of the SSH agent, else ~/.ssh/id_ed25519, id_ecdsa or
// id_rsa. False with `err`.
bool seal_choose(struct seal_key *key, const char *given, struct err *err);
void seal_key_fini(struct seal_key *key); // removes the file, if it was made here

// Signs; asks on the terminal only where the key needs that (a passphrase, a touch). The armoured
// signature is appended. False with `err`.
bool seal_sign(
	const struct seal_key *key, const char *head, struct buf *signature, struct err *err);

struct seal_signer {
	struct buf key; // "ED25519 SHA256:…"
	struct buf who; // the principal that the allowed signers give it; empty without such a file
};
void seal_signer_fini(struct seal_signer *signer);

// Whether it is a signature over the head, and, with `signers` (an allowed signers file, see
// ssh-keygen(1); NULL: whose key it is does not matter), by one whom that file allowed at `at`.
// False with `err`.
bool seal_verify(const char *head, const char *signature, const char *signers, struct wall at,
	struct seal_signer *signer, struct err *err);

#endif
