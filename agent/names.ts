/** What this machine calls itself. Rule: what agent.conf says counts; a host name that is no such name is made one. */
import { hostname } from "node:os";
import type { Conf } from "./conf.ts";

export const nameOf = (conf: Pick<Conf, "HostName">): string =>
  conf.HostName ??
  (hostname()
    .replace(/[^A-Za-z0-9.-]/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, 63) ||
    "host");
