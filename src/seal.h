// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SEAL_H
#define RELIGHT_SEAL_H

#include <stdbool.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/moment.h"

// Signatures by SSH keys, made and checked by ssh-keygen(1) (-Y sign, -Y verify; PROTOCOL.sshsig of
// OpenSSH). What is signed is a digest's 64 hexadecimal digits and a line feed: a record's head, or
// what a session says of itself (proof.h). Each has a namespace of its own, so that neither passes
// for the other.

#define SEAL_OF_HEAD    "relight-timeline"
#define SEAL_OF_SESSION "relight-session"

struct seal_terms {
	const char *space; // SEAL_OF_…
	// MONO_NONE: a key may ask for its passphrase or a touch on the terminal, and be waited
	// for. Else nothing is asked there, and what takes longer is given up.
	struct mono until;
};

struct seal_key {
	char *path;       // of a private key, or of a public one whose private half an agent has
	const char *from; // what chose it, for people
	bool is_temporary;
};

#define SEAL_KEY_AUTO "auto" // chooses by itself; a file of that name is ./auto

// The key to sign with: `given`, or, where that is NULL or SEAL_KEY_AUTO, the one that git signs
// with (gpg.format ssh, user.signingkey), else the first one of the SSH agent, else
// ~/.ssh/id_ed25519, id_ecdsa or id_rsa. False with `err`.
bool seal_choose(struct seal_key *key, const char *given, struct mono until, struct err *err);
void seal_key_fini(struct seal_key *key); // removes the file, if it was made here

// Signs. The armoured signature is appended. False with `err`.
bool seal_sign(const struct seal_key *key, const struct seal_terms *terms, const char *digest,
	struct buf *signature, struct err *err);

struct seal_signer {
	struct buf key; // "ED25519 SHA256:…"
	struct buf who; // the principal that the allowed signers give it; empty without such a file
	bool is_unasked; // not known to be wrong: ssh-keygen could not be asked
};
void seal_signer_fini(struct seal_signer *signer);

// Whether it is a signature over the digest, and, with `signers` (an allowed signers file, see
// ssh-keygen(1); NULL: whose key it is does not matter), by one whom that file allowed at `at`.
// False with `err`.
bool seal_verify(const struct seal_terms *terms, const char *digest, const char *signature,
	const char *signers, struct wall at, struct seal_signer *signer, struct err *err);

#endif
