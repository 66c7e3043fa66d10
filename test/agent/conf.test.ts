/** agent.conf: every mistake at once, each with its line; what is written is read again as it was meant. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { confText, ConfMistakes, parseConf } from "../../agent/conf.ts";

const KEY = `SHA256:${"a".repeat(43)}`,
  GOOD = `ServerName=broker.example\nUserName=operator\nBrokerKey=${KEY}\n`;
const mistakes = (text: string): readonly string[] => {
  try {
    parseConf(text);
    return [];
  } catch (e) {
    if (e instanceof ConfMistakes) return e.mistakes;
    throw e;
  }
};

it("takes what the portal's line writes, with port 8282 and the mode agent where nothing is said", () => {
  expect(parseConf(GOOD)).toEqual({
    ServerName: "broker.example",
    ServerPort: 8_282,
    UserName: "operator",
    BrokerKey: [KEY],
    Mode: "agent",
    Tls: "any",
  });
  expect(
    parseConf(
      `# a comment\n\n servername = 10.0.0.1 \nServerPort=443\nUserName=operator\nBrokerKey=${KEY}, ${KEY}\nMode=gateway\nAllow=db-1:5432 [2001:db8::1]:22\nTls=off\n`,
    ),
  ).toMatchObject({
    ServerName: "10.0.0.1",
    ServerPort: 443,
    BrokerKey: [KEY, KEY],
    Mode: "gateway",
    Allow: ["db-1:5432", "[2001:db8::1]:22"],
    Tls: "off",
  });
});
it("tells all mistakes at once, each with its line", () => {
  expect(mistakes("ServerName=a b\nServerPort=99999\nsomething\nColour=red\nMode=both\nMode=agent\n")).toEqual([
    "line 3: not Name=value",
    expect.stringMatching(/^line 4: there is no Colour\. Known: ServerName, /),
    "line 6: Mode stands twice",
    "line 1: ServerName must be a host name or an address",
    "line 2: ServerPort must be a number from 1 to 65535",
    "UserName is missing",
    "BrokerKey is missing",
    "line 5: Mode must be agent or gateway",
  ]);
});
it("whatever the text, it is read or refused by sentences; what was written is read as it was", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      for (const m of mistakes(text)) expect(m).toMatch(/^(line \d+: |\w+ is missing)/);
    }),
  );
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/),
    pair = fc.tuple(name, fc.integer({ min: 1, max: 65_535 })).map(([h, p]) => `${h}:${p}`);
  fc.assert(
    fc.property(
      name,
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom("agent", "gateway"),
      fc.array(pair, { maxLength: 5 }),
      (server, port, mode, allow) => {
        expect(
          parseConf(confText({ ServerName: server, ServerPort: port, UserName: "operator", BrokerKey: [KEY], Mode: mode, Allow: allow })),
        ).toMatchObject({ ServerName: server, ServerPort: port, Mode: mode, Allow: allow });
      },
    ),
  );
});
