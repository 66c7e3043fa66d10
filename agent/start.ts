/** What the bundle begins with. Rule: an older Node is refused with a sentence, and a signal ends it in order. */
import { main } from "./main.ts";

if (Number(process.versions.node.split(".")[0]) < 22) {
  process.stderr.write(`lockstep-agent needs Node 22 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
const over = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => over.abort());
// Nothing it carries or waits for is worth more than ending when it was told to.
void main(process.argv.slice(2), over.signal).then((code) => process.exit(code));
