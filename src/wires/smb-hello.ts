/** Does SMB (2 or newer) answer there? Rule: for onboarding alone; nothing is said of who we are, and there is nothing it could prove itself by before a login. */
import type { Link } from "../kernel/link.ts";
import { Fault } from "../kernel/fault.ts";

/** NEGOTIATE for the dialects 3.0 and 3.0.2 (MS-SMB2 2.2.3), signing required, in a NetBIOS frame. */
const hello = (): Buffer => {
  const header = Buffer.alloc(64), body = Buffer.alloc(40);
  header.write("\xfeSMB", 0, "latin1");
  header.writeUInt16LE(64, 4);
  header.writeUInt16LE(1, 14);
  body.writeUInt16LE(36, 0);
  body.writeUInt16LE(2, 2);
  body.writeUInt16LE(2, 4);
  body.writeUInt32LE(0x40, 8);
  body.fill(0x4c, 12, 28);
  body.writeUInt16LE(0x0300, 36);
  body.writeUInt16LE(0x0302, 38);
  return Buffer.concat([Buffer.from([0, 0, 0, header.length + body.length]), header, body]);
};
/** Rejects with Fault("upstream"). */
export const smbAnswers = async (link: Link, signal: AbortSignal): Promise<void> => {
  const stream = await link.connect(signal), at = `${link.address.host}:${link.address.port}`;
  try {
    const first = await new Promise<Buffer>((resolve, reject) => {
      const lost = (): void => reject(new Fault("upstream", `${at}: it does not answer as SMB does.`));
      stream.once("data", resolve).once("error", lost).once("close", lost);
      signal.addEventListener("abort", lost, { once: true });
      stream.write(hello());
    });
    // Any answer of SMB 2 and newer will do: one that wants 3.1.1 refuses these dialects, and a login settles which is spoken.
    if (first.subarray(4, 8).toString("latin1") !== "\xfeSMB") throw new Fault("upstream", `${at}: it does not answer as SMB does.`);
  } finally { stream.destroy(); }
};
