/**
 * Authentication policies: what is demanded of users who sign in and of the passwords they choose. Owns which policies
 * there are and what they may say; does not own who has which (accounts), nor whether somebody has met one (sessions).
 *
 * There are few of them and every sign-in asks: they are kept in memory, and read again after any instance's change.
 */
import { randomId } from '#src/crypto/index.ts';
import { type Database, held } from '#src/db/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import { type AuthPolicy, DEFAULT_POLICY, type PolicySettings } from './policy.ts';
import * as queries from './queries.ts';
import { checkRules } from './rules.ts';
import { toPolicy, toValues } from './stored.ts';

export { type AuthPolicy, DEFAULT_POLICY, type PasswordPolicy, type PolicySettings } from './policy.ts';
export { LIMITS } from './rules.ts';

export interface Policies {
  find(id: string): Promise<AuthPolicy | undefined>;
  /** The policy of a user, which therefore exists. @throws {Error} when it does not */
  get(id: string): Promise<AuthPolicy>;
  /** In order of creation, those behind the position `after` ('0' is the start). */
  list(page: { after: string; limit: number }): Promise<{ items: AuthPolicy[]; next: string | undefined }>;
  /** @throws {Invalid} */
  create(settings: PolicySettings): Promise<AuthPolicy>;
  /** Writes what `change` makes of the present state. @throws {NotFound} @throws {Invalid} */
  update(id: string, change: (present: AuthPolicy) => PolicySettings): Promise<AuthPolicy>;
  /** @throws {NotFound} @throws {Conflict} for `default`, and while a user has it */
  remove(id: string): Promise<void>;
}

interface Known {
  readonly inOrder: readonly { readonly policy: AuthPolicy; readonly ordinal: string }[];
  readonly byId: ReadonlyMap<string, AuthPolicy>;
}

export function createPolicies({ db }: { db: Database }): Policies {
  const { present, write, forget } = held(db, 'auth_policies', load);
  const find = async (id: string) => (await present()).byId.get(id);

  return {
    find,

    async get(id) {
      const known = await find(id);
      if (known) return known;
      // Another instance made it and gave it to a user, and word of that has not come yet.
      forget();
      const policy = await find(id);
      if (!policy) throw new Error(`there is no authentication policy ${id}`);
      return policy;
    },

    async list({ after, limit }) {
      const behind = (await present()).inOrder.filter(({ ordinal }) => BigInt(ordinal) > BigInt(after));
      const page = behind.slice(0, limit);
      return {
        items: page.map(({ policy }) => policy),
        next: behind.length > limit ? page.at(-1)?.ordinal : undefined,
      };
    },

    async create(settings) {
      refuseFaults(settings);
      return toPolicy(await write(queries.insertPolicy(db, toValues(randomId(), settings))));
    },

    async update(id, change) {
      const updated = db.transaction(async (tx) => {
        const row = await queries.lockPolicy(tx, id);
        if (!row) throw new NotFound('authentication policy');
        const settings = change(toPolicy(row));
        refuseFaults(settings);
        return queries.updatePolicy(tx, toValues(id, settings));
      });
      return toPolicy(await write(updated));
    },

    async remove(id) {
      if (id === DEFAULT_POLICY) throw new Conflict('the default policy cannot be deleted');
      if (!(await write(queries.deletePolicy(db, id)))) throw new NotFound('authentication policy');
    },
  };
}

async function load(db: Database): Promise<Known> {
  const inOrder = (await queries.allPolicies(db)).map((row) => ({ policy: toPolicy(row), ordinal: row.ordinal }));
  return { inOrder, byId: new Map(inOrder.map(({ policy }) => [policy.id, policy])) };
}

function refuseFaults(settings: PolicySettings): void {
  const faults = checkRules(settings);
  if (faults.length > 0) throw new Invalid(faults);
}
