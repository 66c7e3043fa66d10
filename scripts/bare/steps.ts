/** README's promises, as steps. Rule: a step says what it wants to see; what is only an exit code is not seen. */
import type { Ran } from "./machine.ts";

export type Step = { readonly what: string; readonly script: string; readonly alone?: true; readonly want: (r: Ran) => boolean };
const ok = (r: Ran): boolean => r.code === 0;
const says = (text: RegExp, code = 0) => (r: Ran): boolean => r.code === code && text.test(r.out);

/** As in a terminal: the whole group hears Ctrl-C; npm ends at once, the demo when it has cleaned up. What stood before is all that stands then. */
const CTRL_C = `cd /root/lockstep
look() { ps -e -o comm= | grep -v -x -e ps -e sh -e grep -e sort | sort; sort /proc/mounts; ls -A /tmp; }
look > /root/before
setsid npm run demo > /root/demo.log 2>&1 & pid=$!
for i in $(seq 600); do grep -q "Ctrl-C ends everything" /root/demo.log && break; kill -0 $pid 2>/dev/null || break; sleep 0.2; done
grep -q "Ctrl-C ends everything" /root/demo.log || { cat /root/demo.log; exit 1; }
node -e 'fetch("http://127.0.0.1:8282/login").then((r) => process.exit(r.status === 200 ? 0 : 1))' || { echo no portal; exit 1; }
kill -s INT -- -$pid; wait $pid; echo "npm ended with $?"
for i in $(seq 150); do [ -z "$(ps -o pid= -s $pid)" ] && break; sleep 0.2; done; ps -o pid=,args= -s $pid
look > /root/after; diff /root/before /root/after && echo nothing is left
`;
const plain = (script: string): string => `exec setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/plain sh -c '${script}'\n`;
/** Node and the portal, without root: the first page answers, and Ctrl-C ends it. */
const START = plain(`cd /home/plain/lockstep; setsid npm start > /home/plain/start.log 2>&1 & pid=$!
for i in $(seq 600); do grep -q "Lockstep is up" /home/plain/start.log && break; kill -0 $pid 2>/dev/null || break; sleep 0.2; done
node -e "fetch(\\"http://127.0.0.1:8282/login\\").then((r) => { console.log(\\"portal answers\\", r.status); })"; npx lockstep doctor
kill -s INT -- -$pid; wait $pid; cat /home/plain/start.log`);

/** `tests` null: not `npm test`; []: all of it. */
export const steps = (tests: readonly string[] | null): Step[] => [
  { what: "root: npm ci", script: "cd /root/lockstep && npm ci", want: ok },
  { what: "root: npm run demo -- --once", script: "cd /root/lockstep && npm run demo -- --once", want: says(/\n\{"ok":true,.*"desktop":"walked".*\}\n$/) },
  { what: "root: npm run demo, Ctrl-C leaves nothing", script: CTRL_C, alone: true, want: says(/nothing is left/) },
  ...(tests ? [{ what: ["root: npm test", ...tests].join(" "), script: `cd /root/lockstep && npm test -- ${tests.join(" ")}`, want: ok }] : []),
  { what: "no root: npm ci", script: `useradd -m -u 1000 plain && cp -a /root/fresh /home/plain/lockstep && chown -R 1000:1000 /home/plain\n${plain("cd /home/plain/lockstep && npm ci")}`, want: ok },
  { what: "no root: npm start, the portal answers", script: START, alone: true, want: says(/portal answers 200[\s\S]*ok {3}Broker/) },
  { what: "no root: npm run demo says what it needs", script: plain("cd /home/plain/lockstep && npm run -s demo"), want: says(/^The demo needs root; run the same command with sudo\.\n$/, 1) },
];
