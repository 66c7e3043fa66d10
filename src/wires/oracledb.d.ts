/** Of oracledb, what wires/oracle.ts uses: the package itself is not there where this is compiled. */
declare module "oracledb" {
  type Binds = Readonly<Record<string, string | number>>;
  export type Connection = {
    execute(
      sql: string,
      binds: Binds,
      options: { readonly outFormat: number; readonly maxRows: number; readonly autoCommit: boolean },
    ): Promise<{ rows?: readonly Record<string, unknown>[] }>;
    changePassword(user: string, old: string, to: string): Promise<void>;
    close(options?: { readonly drop: boolean }): Promise<void>;
  };
  const oracledb: {
    readonly OUT_FORMAT_OBJECT: number;
    readonly thin: boolean;
    getConnection(o: { readonly user: string; readonly password: string; readonly connectString: string }): Promise<Connection>;
  };
  export default oracledb;
}
declare module "oracledb/lib/thin/sqlnet/ntTcp.js" {
  import type { Duplex } from "node:stream";
  /** The transport; its own `connect` calls the other two. */
  type Transport = { stream: Duplex; connStream: Duplex; connected: boolean; port: number };
  const ntTcp: {
    readonly prototype: {
      ntConnect(this: Transport, address: { host: string; port: number }): Promise<void>;
      tlsConnect(this: Transport, context: unknown, stream: Duplex): Promise<void>;
      renegTLS(this: Transport): Promise<void>;
      printPacket(): void;
    };
  };
  export default ntTcp;
}
