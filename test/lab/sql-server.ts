/**
 * What stands in for SQL Server behind TDS: logins, rights, the few statements of ours. Rule: it knows the statements by their shape as an
 * independent lexer reads it, and does what Microsoft documents of each; it shows that values arrive whole, and nothing about SQL Server.
 */
import { createHash, randomBytes } from "node:crypto";
import { doors, EVERYONE, kill, look, sessionsOf, setHash, setOwn, setText } from "../../src/connectors/mssql/statements.ts";
import { certificate, type Certificate } from "./certificate.ts";
import { scratch } from "./scratch.ts";
import { tdsServer, type Answers, type Said, type Table, type TdsServer, type Value } from "./tds.ts";
import { shape, valuesIn } from "./tsql.ts";

export type SqlLogin = {
  name: string;
  type: "S" | "U";
  hash: string;
  policed: boolean;
  disabled: boolean;
  locked: boolean;
  denied: boolean;
  /** CONNECT SQL, as CREATE LOGIN grants it. */
  granted: boolean;
  rights: Set<string>;
  /** Of its logins that are open, by session id; `going`: over before anybody can end them. */
  sessions: Set<number>;
  going: Set<number>;
};
const VERSION = "16.0.1000.6",
  hashed = (text: string, salt: Buffer): string =>
    `0x0200${salt.toString("hex")}${createHash("sha512").update(Buffer.from(text, "utf16le")).update(salt).digest("hex")}`
      .toUpperCase()
      .replace("0X", "0x");
/** As PWDCOMPARE judges. */
export const opens = (hash: string, text: string): boolean =>
  /^0x0200[0-9A-F]{136}$/i.test(hash) && hashed(text, Buffer.from(hash.slice(6, 14), "hex")) === `0x${hash.slice(2).toUpperCase()}`;
const SHAPES = Object.fromEntries(
  Object.entries({
    look: look("x"),
    doors: doors("x"),
    everyone: EVERYONE,
    sessions: sessionsOf("x"),
    kill: kill(1),
    hash: setHash("x", "0x00"),
    text: setText("x", "y"),
    own: setOwn("x", "y", "z"),
  }).map(([verb, sql]) => [shape(sql), verb]),
);

export type SqlServer = TdsServer & {
  readonly certificate: Certificate;
  add(name: string, password: string, o?: Partial<Pick<SqlLogin, "policed" | "type">> & { rights?: readonly string[] }): SqlLogin;
  find(name: string): SqlLogin | undefined;
  everybody(): string[];
  /** What it writes down: logins, and statements as its traces show them. */
  log(): readonly string[];
  minLength: number;
  windowsOnly: boolean;
};
export const sqlServer = async (): Promise<SqlServer> => {
  const logins = new Map<string, SqlLogin>(),
    log: string[] = [],
    made = await certificate(await scratch("sql-server", false));
  const find = (name: string): SqlLogin | undefined => logins.get(name.trimEnd().toLowerCase()),
    state = { minLength: 8, windowsOnly: false };
  const has = (l: SqlLogin, right: string): number => Number(l.rights.has(right) || l.rights.has("CONTROL SERVER")),
    sees = (l: SqlLogin, other: SqlLogin): boolean => l === other || has(l, "ALTER ANY LOGIN") === 1,
    mighty = (l: SqlLogin): number => Number(l.name === "sa"),
    connects = (l: SqlLogin): number => Number(l.granted) + Number(l.rights.has("CONTROL SERVER"));
  const no = (error: number, says: string): Said => ({ error, says });
  const set = (by: SqlLogin, name: string, to: { hash?: string; text?: string; old?: string }): Said | null => {
    const l = find(name),
      missing = no(15_151, `Cannot alter the login '${name}', because it does not exist or you do not have permission.`);
    if (l?.type !== "S") return missing;
    const own = l === by && to.old !== undefined && opens(l.hash, to.old);
    if (!own && has(by, "ALTER ANY LOGIN") === 0) return missing;
    if (l.rights.has("CONTROL SERVER") && !own && !by.rights.has("CONTROL SERVER")) return missing;
    if (to.hash !== undefined && l.policed)
      return no(15_128, "The CHECK_POLICY and CHECK_EXPIRATION options cannot be turned OFF when MUST_CHANGE is ON.");
    if (to.hash !== undefined && !/^0x0200[0-9A-F]{136}$/i.test(to.hash))
      return no(15_021, "Invalid value given for parameter PASSWORD. Specify a valid parameter value.");
    if (to.text !== undefined && l.policed && to.text.length < state.minLength)
      return no(15_116, "Password validation failed. The password does not meet the operating system policy requirements because it is too short.");
    l.hash = to.hash ?? hashed(to.text!, randomBytes(4));
    return null;
  };
  const table = (columns: Table["columns"], ...rows: Record<string, Value>[]): Table => ({ columns, rows });
  const VERBS: Record<string, (by: SqlLogin, values: string[]) => Table | Said | null> = {
    look: (by, values) => {
      const l = find(values.at(-1)!),
        seen = l && sees(by, l) ? l : undefined;
      return table(
        { may: "int", me: "text", version: "text", name: "text", type: "text", policed: "bit", hash: "text" },
        {
          may: has(by, "ALTER ANY LOGIN"),
          me: by.name,
          version: VERSION,
          name: seen?.name ?? null,
          type: seen?.type ?? null,
          policed: seen?.type === "S" ? seen.policed : null,
          hash: seen?.type === "S" && has(by, "CONTROL SERVER") ? seen.hash : null,
        },
      );
    },
    doors: (by, values) => {
      const l = find(values.at(-2)!),
        seen = l?.type === "S" && sees(by, l) ? l : undefined,
        int = (b: boolean | undefined): number | null => (b === undefined ? null : Number(b));
      return table(
        { windows: "int", name: "text", disabled: "bit", locked: "int", expired: "int", must: "int", mighty: "int", granted: "int", denied: "int" },
        {
          windows: Number(state.windowsOnly),
          name: seen?.name ?? null,
          disabled: seen?.disabled ?? null,
          locked: int(seen?.locked),
          expired: seen ? 0 : null,
          must: seen ? 0 : null,
          mighty: seen ? mighty(seen) : null,
          granted: seen ? connects(seen) : 0,
          denied: Number(seen?.denied ?? false),
        },
      );
    },
    everyone: (by) =>
      table(
        { may: "int", name: "text", disabled: "bit", locked: "int", mighty: "int", controls: "int" },
        ...[...logins.values()]
          .filter((l) => l.type === "S" && sees(by, l))
          .map((l) => ({
            may: has(by, "ALTER ANY LOGIN"),
            name: l.name,
            disabled: l.disabled,
            locked: Number(l.locked),
            mighty: mighty(l),
            controls: Number(l.rights.has("CONTROL SERVER")),
          })),
      ),
    sessions: (by, values) => {
      const sees = has(by, "VIEW SERVER STATE"),
        theirs = find(values.at(-1)!),
        ids = sees === 1 && theirs ? [...theirs.sessions, ...theirs.going] : [];
      return table({ sees: "int", id: "int" }, ...(ids.length > 0 ? ids : [null]).map((id) => ({ sees, id })));
    },
    kill: (by, [id]) => {
      if (has(by, "ALTER ANY CONNECTION") === 0) return no(6_102, "User does not have permission to use the KILL statement.");
      return [...logins.values()].some((l) => l.sessions.delete(Number(id))) ? null : no(6_106, `Process ID ${id} is not an active process ID.`);
    },
    hash: (by, [name, hash]) => set(by, name!, { hash: hash! }),
    text: (by, [name, text]) => set(by, name!, { text: text! }),
    own: (by, [name, text, old]) => set(by, name!, { text: text!, old: old! }),
  };
  const answers: Answers = {
    login: (user, password) => {
      const l = find(user),
        wrong = no(18_456, `Login failed for user '${user}'.`);
      log.push(`login ${user}`);
      if (l?.type !== "S" || state.windowsOnly || l.denied || mighty(l) + connects(l) === 0) return wrong;
      if (l.locked) return no(18_486, `Login failed for user '${user}' because the account is currently locked out.`);
      return !opens(l.hash, password) ? wrong : l.disabled ? no(18_470, `Login failed for user '${user}'. Reason: The account is disabled.`) : null;
    },
    batch: (user, sql) => {
      let form: string;
      try {
        form = shape(sql);
      } catch {
        return no(105, "Unclosed quotation mark after the character string.");
      }
      const verb = SHAPES[form];
      // Its traces put a comment in the place of a statement with a password in it.
      log.push(verb === "text" || verb === "own" ? `${user}: -- 'alter login' was found in the text of this event.` : `${user}: ${sql}`);
      if (verb === undefined) return /^select 1 /i.test(`${sql} `) ? table({ one: "int" }, { one: 1 }) : no(102, "Incorrect syntax.");
      return VERBS[verb]!(find(user)!, valuesIn(sql));
    },
  };
  const server = await tdsServer({ certificate: made, answers });
  return {
    host: server.host,
    get port() {
      return server.port;
    },
    start: () => server.start(),
    stop: () => server.stop(),
    certificate: made,
    find,
    log: () => log,
    add: (name, password, o = {}) => {
      const l: SqlLogin = {
        name,
        type: o.type ?? "S",
        hash: hashed(password, randomBytes(4)),
        policed: o.policed ?? false,
        disabled: false,
        locked: false,
        denied: false,
        granted: true,
        sessions: new Set(),
        going: new Set(),
        rights: new Set(o.rights ?? []),
      };
      logins.set(name.toLowerCase(), l);
      return l;
    },
    everybody: () => [...logins.values()].map((l) => `${l.name}:${l.hash}:${l.type}`).sort(),
    get minLength() {
      return state.minLength;
    },
    set minLength(n) {
      state.minLength = n;
    },
    get windowsOnly() {
      return state.windowsOnly;
    },
    set windowsOnly(b) {
      state.windowsOnly = b;
    },
  };
};
