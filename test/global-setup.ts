/** Runs once before all tests. Rule: the first line refuses an old Node with a sentence. */
export default (): void => {
  if (Number(process.versions.node.split(".")[0]) < 22) throw new Error(`Lockstep needs Node 22 or later; this is ${process.version}. Run it through npm: it brings its own.`);
};
