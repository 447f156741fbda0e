import { apis } from './apis.ts';
import { clients } from './clients.ts';
import type { LocalCommand, Noun } from './command.ts';
import { doctor } from './doctor.ts';
import { keys } from './keys.ts';
import { migrate } from './migrate.ts';
import { serve } from './serve.ts';
import { users } from './users.ts';

/** Everything that can follow `mintmark`. */
export const NOUNS: Readonly<Record<string, Noun | LocalCommand>> = {
  serve,
  migrate,
  doctor,
  clients,
  apis,
  users,
  keys,
};
