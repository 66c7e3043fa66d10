/** What every fragment may need of the answer it stands in. Rule: values only; a view asks nothing and decides nothing. */
import { createContext, useContext } from "hono/jsx";

export type HereNow = {
  readonly nonce: string;
  /** The token of this login session; "" before login. */
  readonly csrf: string;
  readonly now: Date;
  readonly path: string;
  /** How people reach the portal. */
  readonly origin: string;
  /** A mail server is set. */
  readonly mails: boolean;
  readonly ssh: { readonly host: string; readonly port: number };
};
export const Here = createContext<HereNow>({ nonce: "", csrf: "", now: new Date(0), path: "/", origin: "http://127.0.0.1:8282", mails: true, ssh: { host: "localhost", port: 2222 } });
export const here = (): HereNow => useContext(Here);
