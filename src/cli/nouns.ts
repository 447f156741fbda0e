import { apis } from './apis.ts';
import { audit } from './audit.ts';
import { clients } from './clients.ts';
import type { LocalCommand, Noun } from './command.ts';
import { keys } from './keys.ts';
import { pats } from './pats.ts';
import { policies } from './policies.ts';
import { rules } from './rules.ts';
import { tokens } from './tokens.ts';
import { users } from './users.ts';
import { webhooks } from './webhooks.ts';

/**
 * Everything that can follow `mintmark`. What runs here instead of in the server is loaded when it is asked for: the
 * database alone takes longer to load than a call of the API takes.
 */
export const NOUNS: Readonly<Record<string, Noun | LocalCommand>> = {
  serve: {
    about: 'start the server; the same as npm start',
    run: async () => (await import('./serve.ts')).serve(),
  },
  migrate: {
    about: 'bring the database up to date; starting the server does it too',
    run: async (common) => (await import('./migrate.ts')).migrate(common),
  },
  doctor: {
    about: 'look for what is wrong with the settings, the database and the server',
    run: async (common) => (await import('./doctor.ts')).doctor(common),
  },
  clients,
  apis,
  policies,
  users,
  tokens,
  pats,
  rules,
  webhooks,
  keys,
  audit,
};
