/** Words of dependents for pages, which see types of the domain alone; a test compares them with the domain's own. */
import type { Form, What } from "../src/domain/dependent.ts";

export const ACTIONS: readonly Extract<What, { does: "service" }>["action"][] = ["restart", "reload", "stop", "start"];
type Logon = Extract<What, { does: "logon" }>["of"];
export const KEEPERS: readonly Logon[] = ["service", "task", "pool"];
export const KEEPER_SAYS: Readonly<Record<Logon, string>> = { service: "service", task: "scheduled task", pool: "application pool" };
export const FORMS: readonly Form[] = ["plain", "quoted", "json", "url", "pgpass", "xml"];
export const FORM_SAYS: Readonly<Record<Form, string>> = {
  plain: "as it is",
  quoted: "in single quotes, as a shell reads it",
  json: "in double quotes, as JSON and YAML read it",
  url: "as a part of an address (%-encoded)",
  pgpass: "as .pgpass has it (\\ before : and \\)",
  xml: "as XML text",
};
