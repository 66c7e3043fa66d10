/** Line icons, 16 × 16. Rule: always beside a word, so they are hidden from screen readers. */
const PATHS = {
  home: "M2 7.5 8 2.5l6 5V13a1 1 0 0 1-1 1H9.8v-4H6.2v4H3a1 1 0 0 1-1-1z",
  ask: "M10.5 2.5a3 3 0 0 0-2.9 3.8L2.5 11.4v2.1h2.1l.9-.9v-1.4h1.4v-1.4h1.1l1.7-1.1A3 3 0 1 0 10.5 2.5zM11.2 5h.01",
  votes: "M2.5 8.5 6 12l7.5-8",
  accounts: "M3 3h10v3.4H3zM3 9.6h10V13H3zM5 4.7h.01M5 11.3h.01",
  targets: "M2.5 3.5h11v7h-11zM6 13.5h4M8 10.5v3",
  agents: "M8 2.2v5.3M5.8 4.4 8 2.2l2.2 2.2M2.5 9.5h11v4h-11zM4.8 11.5h.01M7.2 11.5h3.8",
  bulk: "M5.5 2.5h8v8h-8zM2.5 5.5v8h8",
  schedules: "M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3M8 8.5V11l1.5 1",
  sessions: "M2.5 3h11v10h-11zM5 6l2 2-2 2M8.5 10h2.5",
  rotations: "M13 8a5 5 0 0 1-9 3M3 8a5 5 0 0 1 9-3M12 2v3H9M4 14v-3h3",
  audit: "M4 2h6l2.5 2.5V14H4zM6 7h4.5M6 9.5h4.5M6 12h3",
  people:
    "M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.8 13.5c.2-2.6 1.9-4 4.2-4s4 1.4 4.2 4M10.5 3.2a2.2 2.2 0 0 1 0 4.1M12 9.8c1.3.5 2.1 1.8 2.2 3.7",
  locks: "M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  policies: "M8 1.8 13 4v3.8c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4V4z",
  me: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM3 14c.3-2.6 2.2-4 5-4s4.7 1.4 5 4",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 14 14",
  mail: "M2.5 4h11v8.5h-11zM2.5 4.5 8 9l5.5-4.5",
  lock: "M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  keys: "M1.5 4h13v8h-13zM4 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M12 6.7h.01M4.5 9.5h7",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  out: "M9.5 3H3.5v10h6M7 8h7M11.5 5.5 14 8l-2.5 2.5",
} as const;
export type IconName = keyof typeof PATHS;
export const Icon = ({ name }: { name: IconName }) => (
  <svg
    class="icon"
    viewBox="0 0 16 16"
    width="16"
    height="16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.4"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={PATHS[name]} />
  </svg>
);
export const Mark = () => (
  <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    <rect width="24" height="24" rx="6" />
    <path d="M7 6v11h6M11 13h6V6" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
);
