/** The command line as a process, before and without src/main.ts. */
import { run } from "../../src/cli/index.ts";
process.exitCode = await run(process.argv.slice(2), process.env);
