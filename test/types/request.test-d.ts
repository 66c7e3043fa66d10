/** Illegal moves of a request do not compile. Rule: `tsc` is the test (law step-by-domain, at compile time). */
import { approve, cancel, checkOut, close, deny, review, revoke, type Request, type Step } from "../../src/domain/request.ts";
import type { PersonId } from "../../src/kernel/ids.ts";
import type { Db, Reader, Tx } from "../../src/store/db.ts";
import { save } from "../../src/store/requests.ts";

declare const pending: Request<"pending">, approved: Request<"approved">, out: Request<"checked_out">, closed: Request<"closed">, any: Request;
declare const by: PersonId, at: Date, tx: Tx, db: Db, reader: Reader;

// The legal walk.
void [approve(pending, at, 60, 60), deny(pending, by, "", at), cancel(approved, by, "", at), checkOut(approved, at, 60), close(out, "checked_in", by, "", at), review(closed, by, "", at)];

// @ts-expect-error an approved request is not approved again
approve(approved, at, 60, 60);
// @ts-expect-error nothing is checked out before a vote
checkOut(pending, at, 60);
// @ts-expect-error a live checkout is closed, not cancelled
cancel(out, by, "", at);
// @ts-expect-error a pending request is denied, not revoked
revoke(pending, by, "", at);
// @ts-expect-error only what is closed is reviewed
review(out, by, "", at);
// @ts-expect-error the state must be known first
approve(any, at, 60, 60);
// @ts-expect-error the reason for closing is one of the list
close(out, "bored", by, "", at);
// @ts-expect-error a pending request has no end
void pending.until;
// @ts-expect-error a step is made by the domain alone
const forged: Step<"pending", "approved"> = { from: pending, to: approved };
// @ts-expect-error nor is one spent that was written by hand
void save(tx, { from: pending, to: approved });
// @ts-expect-error a step is spent in a transaction, not on the database itself
void save(db, approve(pending, at, 60, 60));
// @ts-expect-error nor on something that only reads
void save(reader, approve(pending, at, 60, 60));
// @ts-expect-error nobody makes a Tx but transaction()
const made: Tx = { q: reader.q, now: at, onCommit: () => {} };
void save(tx, approve(pending, at, 60, 60));
void [forged, made];
