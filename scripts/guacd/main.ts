/** `npm run guacd`: fetches guacd and runs it until Ctrl-C, for a broker started by hand. `-- --get` fetches it and ends. */
import { getGuacd } from "./get.ts";
import { startGuacd } from "./start.ts";
import { scratch } from "../../test/lab/scratch.ts";

const main = async (): Promise<void> => {
  if (process.argv.includes("--get")) return console.log((await getGuacd()).program);
  const at = process.argv.indexOf("--port"), guacd = await startGuacd(await scratch("guacd", false), at < 0 ? 4_822 : Number(process.argv[at + 1]));
  console.log(`guacd on 127.0.0.1:${String(guacd.port)}. Start the broker with\n  LOCKSTEP_GUACD=127.0.0.1:${String(guacd.port)} LOCKSTEP_GUACD_HOME=${guacd.home}\nCtrl-C ends it.`);
  await new Promise<void>((resolve) => { for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => { resolve(); }); });
  await guacd.destroy();
};
await main().catch((e: unknown) => { console.error(e instanceof Error ? e.message : String(e)); process.exitCode = 1; });
