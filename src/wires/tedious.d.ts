/** Of tedious, what wires/tds.ts uses: the package itself is not there where this is compiled. */
declare module "tedious" {
  import type { EventEmitter } from "node:events";
  import type { Duplex } from "node:stream";
  type Column = { readonly value: unknown; readonly metadata: { readonly colName: string } };
  type Told = Error & { readonly number?: number };
  export class Request {
    constructor(sql: string, done: (error: Told | null | undefined, count: number | undefined, rows: readonly (readonly Column[])[]) => void);
  }
  export class Connection extends EventEmitter {
    constructor(config: {
      readonly server: string;
      readonly authentication: { readonly type: "default"; readonly options: { readonly userName: string; readonly password: string } };
      readonly options: Readonly<Record<string, string | number | boolean | (() => Promise<Duplex>)>>;
    });
    connect(done: (error?: Error) => void): void;
    execSqlBatch(request: Request): void;
    close(): void;
  }
}
