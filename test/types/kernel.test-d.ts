/** What must not compile. Rule: `tsc` is the test; a line that starts to compile fails it as an unused @ts-expect-error. */
import { Fault } from "../../src/kernel/fault.ts";
import { newId, type AccountId, type Id, type RequestId } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { never } from "../../src/kernel/never.ts";
import { Secret } from "../../src/kernel/secret.ts";

const secret = Secret.of("x");
const print = (text: string): string => text;

// @ts-expect-error a Secret is not a string
print(secret);
// @ts-expect-error a Secret is not bytes
const bytes: Uint8Array = secret;
// @ts-expect-error nobody builds one but Secret.of and Secret.ofBytes
new Secret();
// @ts-expect-error a look-alike is not a Secret
const lookAlike: Secret = { wipe() {}, toString: () => "", toJSON: () => "", [Symbol.dispose]() {} };
// @ts-expect-error it has no contents to read
void secret.value;

const request: RequestId = newId("request", systemRandom);
// @ts-expect-error a request is not an account
const account: AccountId = request;
// @ts-expect-error a bare string is no id
const bare: Id<"session"> = "ses_00000000000000000000";
// @ts-expect-error there is no such noun
newId("melon", systemRandom);

// @ts-expect-error the list of faults is closed
new Fault("teapot", "x");
// @ts-expect-error a forgotten case does not compile
const forgotten = (state: "a" | "b"): number => { if (state === "a") return 1; return never(state); };

void [bytes, lookAlike, account, bare, forgotten];
