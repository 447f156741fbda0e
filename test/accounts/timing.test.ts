/**
 * Does the time that a refusal takes tell why? Samples are interleaved, so that whatever else the machine does falls on
 * all of them alike, and compared as distributions: an average hides what an attacker with many samples sees.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { makePolicy } from '../policies/policy.ts';
import { registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import type { Form } from '../support/forms.ts';
import { createVisitor, type Page } from '../support/visitor.ts';
import { newName, withPlace } from './support.ts';

const WRONG = 'certainly not this one';
const ROUNDS = 60;
const TRIES = 3;
/** How often one refusal takes longer than the other: half of the time, if there is nothing to tell. */
const [LEAST, MOST] = [0.35, 0.65];

describe.each(ENGINES)('the time of a refusal on %s', (engine) => {
  const place = withPlace(engine);
  const names = new Map<string, () => string>();

  beforeAll(async () => {
    const { api, signIn } = place();
    const { id: policy_id } = await makePolicy(api, { primary: { updb: { max_attempts: 0 } } });
    const { id: noPasswords } = await makePolicy(api, { primary: { updb: { allowed: false, max_attempts: 0 } } });
    const { id: lockedAtOnce } = await makePolicy(api, { primary: { updb: { max_attempts: 1, lockout_duration: 0 } } });
    const [known, disabled, locked, forbidden] = await Promise.all([
      registerUser(api, { policy_id }),
      registerUser(api, { policy_id, disabled: true }),
      registerUser(api, { policy_id: lockedAtOnce }),
      registerUser(api, { policy_id }),
    ]);
    await api.patch(`/users/${forbidden.id}`, { policy_id: noPasswords });
    await signIn(locked.username, WRONG);
    const nobody = newName();
    names.set('wrong password', () => known.username);
    names.set('unknown user', () => nobody);
    names.set('disabled', () => disabled.username);
    names.set('locked', () => locked.username);
    names.set('forbidden by policy', () => forbidden.username);
  });

  /** Each from where it stands: a program at the token endpoint, a person at the login page. */
  const WAYS: [where: string, open: () => Promise<(username: string) => Promise<void>>][] = [
    [
      'the token endpoint',
      async () => async (username) => {
        expect(await place().signIn(username, WRONG)).toBe('refused');
      },
    ],
    [
      'the login page',
      async () => {
        const visitor = createVisitor(() => false);
        const page = (await visitor.open(`${place().server.url}/account`)) as Page;
        const form = page.forms.find(({ fields }) => fields.has('password')) as Form;
        return async (username) => {
          expect(await visitor.submit(form, { username, password: WRONG })).toMatchObject({ status: 400 });
        };
      },
    ],
  ];

  async function sample(refuse: (username: string) => Promise<void>): Promise<Map<string, number[]>> {
    const samples = new Map([...names.keys()].map((kind) => [kind, [] as number[]]));
    for (let round = 0; round < ROUNDS; round += 1) {
      // Who comes first changes: what one leaves behind in caches is not always the same one's luck.
      const kinds = [...names].map((_, n, all) => all[(n + round) % all.length] as [string, () => string]);
      for (const [kind, name] of kinds) {
        const started = performance.now();
        await refuse(name());
        samples.get(kind)?.push(performance.now() - started);
      }
    }
    return samples;
  }

  test.each(WAYS)(
    'at %s is the same for an unknown user, a wrong password, and everybody kept out otherwise',
    async (_, open) => {
      const refuse = await open();
      let told: Record<string, number> = {};
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        const samples = await sample(refuse);
        const reference = samples.get('wrong password') ?? [];
        told = Object.fromEntries([...samples].map(([kind, times]) => [kind, superiority(times, reference)]));
        if (Object.values(told).every((often) => often > LEAST && often < MOST)) return;
      }
      throw new Error(`longer than a wrong password's, how often: ${JSON.stringify(told)}`);
    },
    120_000,
  );
});

/** The common-language effect size of Mann and Whitney's test: how often a value of `a` is above one of `b`. */
function superiority(a: readonly number[], b: readonly number[]): number {
  const wins = a.flatMap((x) => b.map((y) => (x > y ? 1 : x === y ? 0.5 : 0)));
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
}
