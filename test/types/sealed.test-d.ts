/** Ciphertext and plaintext never pass for each other. Rule: `tsc` is the test; types.test.ts runs it and strips the expectations. */
import { openBytes, type Sealed } from "../../src/crypto/envelope.ts";
import type { AccountId, VersionId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Box, Keyring } from "../../src/vault/keyring.ts";

declare const sealed: Sealed, key: Uint8Array, context: Uint8Array, vault: Keyring, stored: Box, whose: { account: AccountId; version: VersionId };

// @ts-expect-error ciphertext is not a secret
const secret: Secret = sealed;
// @ts-expect-error a secret is not ciphertext
const box: Sealed = Secret.of("x");
// @ts-expect-error bytes become ciphertext only by sealing, or by a deliberate asSealed at the database's edge
const bytes: Sealed = Buffer.from("x");
// @ts-expect-error what was opened is not ciphertext any more
const opened: Sealed = openBytes(key, context, sealed);
// @ts-expect-error a secret does not open: it is not a box
openBytes(key, context, Secret.of("x"));

// @ts-expect-error the vault seals secrets, not strings
vault.seal("hunter2", whose);
// @ts-expect-error nor what is sealed already
vault.seal(stored, whose);
// @ts-expect-error and opens boxes, not secrets
vault.open(Secret.of("x"), whose);
// @ts-expect-error a box is no secret
const unopened: Secret = stored;
void [vault.open(vault.seal(Secret.of("x"), whose), whose), unopened];

void [secret, box, bytes, opened];
