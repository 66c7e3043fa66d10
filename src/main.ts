/** Where the program starts. Rule: refuse an old Node with a sentence, keep inspectors and core files out, then run the command. */
if (Number(process.versions.node.split(".")[0]) < 22) {
  console.error(`Lockstep needs Node 22 or newer; this is ${process.version}. Inside the project \`npm start\` brings its own.`);
  process.exit(1);
}
// SIGUSR1 would open a debugger port that reads every secret.
process.on("SIGUSR1", () => {});
const [{ run }, { environment }] = await Promise.all([import("./cli/index.ts"), import("./config/env.ts")]);
process.exitCode = await run(process.argv.slice(2), environment());
export {};
