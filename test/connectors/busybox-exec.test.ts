/** The BusyBox set against a real device over SSH without a shell: each list is one command. */
import { afterAll, beforeAll, describe } from "vitest";
import { busybox, type Device } from "../lab/busybox.ts";
import { shipped, world } from "./busybox-world.ts";
import { contract } from "./contract.ts";

const ROOT = { name: "root", password: "Root-Pw-1!x9Qz" }, SET = shipped("busybox");
let device: Device;
beforeAll(async () => { device = await busybox({ name: "box-exec", rootPassword: ROOT.password }); });
afterAll(async () => { await device?.destroy(); });

describe("over exec", () => { contract("busybox, exec", () => world(() => device, SET, ROOT, "ssh-exec"), { blind: true }); });
