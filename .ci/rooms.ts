/** The house's plan (docs/architecture.md): which room is on which floor, and which floors a floor may import from. */

/** A file at the top of src/ is a room by itself, named as the file; any other file is in the room its folder names. */
export const FLOOR_OF = {
  main: 'main',
  serve: 'main',
  app: 'app',
  cli: 'cli',
  config: 'config',
  interactions: 'signin',
  provider: 'engine',
  admin: 'router',
  account: 'router',
  gate: 'router',
  narrow: 'router',
  http: 'edge',
  pages: 'edge',
  accounts: 'capability',
  policies: 'capability',
  factors: 'capability',
  sessions: 'capability',
  clients: 'capability',
  apis: 'capability',
  tokens: 'capability',
  pats: 'capability',
  keys: 'capability',
  jobs: 'capability',
  webhooks: 'capability',
  audit: 'capability',
  mail: 'capability',
  oauth: 'vocabulary',
  crypto: 'vocabulary',
  db: 'db',
} as const satisfies Record<string, Floor>;

export type Floor =
  | 'main'
  | 'app'
  | 'startup'
  | 'cli'
  | 'router'
  | 'signin'
  | 'engine'
  | 'edge'
  | 'capability'
  | 'vocabulary'
  | 'db'
  | 'config';

/** `startup` is what main.ts and app.ts move out of themselves: the other files at the top of src/. */
export const MAY_IMPORT: Record<Floor, readonly Floor[]> = {
  main: ['main', 'app', 'startup', 'edge', 'capability', 'vocabulary', 'db', 'config'],
  app: ['startup', 'router', 'signin', 'engine', 'edge', 'capability', 'vocabulary', 'db', 'config'],
  startup: ['startup', 'router', 'signin', 'engine', 'edge', 'capability', 'vocabulary', 'db', 'config'],
  cli: ['vocabulary', 'db', 'config'],
  router: ['edge', 'capability', 'vocabulary', 'db', 'config'],
  signin: ['engine', 'edge', 'capability', 'vocabulary', 'db', 'config'],
  engine: ['edge', 'capability', 'vocabulary', 'db', 'config'],
  edge: ['edge', 'vocabulary', 'config'],
  capability: ['capability', 'vocabulary', 'db', 'config'],
  vocabulary: ['config'],
  db: ['config'],
  config: [],
};

/** Below these floors the configuration is passed in: there config.ts may be imported for its types only. */
export const READS_CONFIG: readonly Floor[] = ['main', 'startup', 'cli'];

/** A room of words, without an index: its files are imported one by one. */
export const WORDS = 'oauth';

/** Packages that only these places may import. A place is a room, a file, or a file name in any room. */
export const PACKAGES: readonly { name: RegExp; places: RegExp }[] = [
  { name: /^oidc-provider\/lib\//, places: /^provider\/internals\.ts$/ },
  { name: /^oidc-provider$/, places: /^(provider|interactions)\// },
  { name: /^(pg|pg-(?!boss)[\w-]+|knex|@electric-sql\/[\w-]+)(\/|$)/, places: /^db\// },
  // It is given our database: no queue has a connection of its own.
  { name: /^pg-boss(\/|$)/, places: /^jobs\// },
  {
    name: /^(koa|@koa\/[\w-]+)(\/|$)/,
    places:
      /^((?!main|cli|config)[\w-]+\.ts|(http|pages|admin|account|gate|interactions|provider)\/.*|[\w-]+\/(.+\/)?routes\.ts)$/,
  },
  // As a global it can be seen by the rules about process.env and process.exit.
  { name: /^(node:)?process$/, places: /^$/ },
];

/** What a text may not contain outside of these places. `code` leaves comments and literals out. */
export const TEXTS: readonly { what: string; pattern: RegExp; in: 'code' | 'source'; places: RegExp }[] = [
  {
    what: 'only config.ts reads process.env',
    pattern: /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\s*\[/g,
    in: 'code',
    places: /^config\.ts$/,
  },
  {
    what: 'only main.ts and cli.ts call process.exit',
    pattern: /\bprocess\s*(\?\.|\.)\s*exit\b/g,
    in: 'code',
    places: /^(main|cli)\.ts$/,
  },
  { what: 'process is not taken apart', pattern: /[=(,]\s*process\s*[;,)\n]/g, in: 'code', places: /^$/ },
  {
    what: 'no suppressed checks',
    pattern: /biome-ignore|@?ts-(ignore|expect-error|nocheck)|eslint-disable/g,
    in: 'source',
    places: /^$/,
  },
  { what: 'nothing left for later', pattern: /\b(TODO|FIXME|XXX|HACK)\b/g, in: 'source', places: /^$/ },
];

/** Names that say nothing about what is inside. */
export const EMPTY_NAMES = /^(utils?|helpers?|services?|managers?|types?)$/;

export const MOST_LINES = 300;
