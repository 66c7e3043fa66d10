/** Prints the API's description: `npm run -s openapi > openapi.json`. Rule: made from the served list itself; nothing is started. */
import { apiRoutes, type ApiDeps } from "../src/web/api/index.ts";
import { documentOf } from "../src/web/api/openapi.ts";

/** Describing calls no verb, so no part of the broker is needed. */
const nothing = {} as ApiDeps;
process.stdout.write(`${JSON.stringify(documentOf(apiRoutes(nothing)), null, 2)}\n`);
