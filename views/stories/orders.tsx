/** Stories of what is left with a machine's agent for the end of a use, as its holder reads of it. */
import { RequestPage } from "../requests.tsx";
import { as, at, story, type Story } from "./fixed.tsx";
import { CAN, facts, STATES, STORY } from "./requests.tsx";

const LEFT = { agent: as<never>("agt_1"), wanted: at(40), due: at(40), expires: at(1480), fence: 1, epoch: 1, before: false };
export const ORDERS: readonly Story[] = (["placed", "sent", "called"] as const).map((state) =>
  story(`request checked out, its next password left with the agent, ${state}`, () => (
    <RequestPage
      f={facts(STATES["checked out"]!, CAN["as the requester"]!, {
        rotation: { state: state === "called" ? "probing" : "prepared", order: { ...LEFT, state } },
      })}
      me="requester"
      story={STORY}
      sessions={[]}
    />
  )),
);
