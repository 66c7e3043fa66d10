/** Names of local accounts of a Windows machine. Rule: what any of its tools would read as more than a name is none. */
import { anyCase, type Naming } from "./connector.ts";

export const naming: Naming = {
  fits: (name) => name === name.trim() && name !== "" && [...name].length <= 20 && !/["/\\[\]:;|=,+*?<>@%\p{C}]/u.test(name) && !/^[.\s]+$/.test(name) && !name.endsWith("."),
  same: anyCase,
  says: "the name of a local account: up to 20 characters, none of \" / \\ [ ] : ; | = , + * ? < > @ %",
};
export const NO_NAME = "this cannot be the name of a local account";
