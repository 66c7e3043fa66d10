/** Stored texts that want to run, all five hundred. A few of them in every run: test/web/xss.test.ts. */
import { CORPUS } from "../web/xss-corpus.ts";
import { storedTexts } from "../web/xss-suite.ts";

storedTexts(CORPUS);
