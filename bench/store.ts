/** The token store without a server in front of it: a million tokens in minutes, by the code that commits every other one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDigests, timeOrderedSecret } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { createTokens, type Tokens } from '#src/tokens/index.ts';
import { ascending } from './figures.ts';

export const CLIENT = 'bench';

/** @param key as one of MINTMARK_SECRET_KEYS: what a server beside it must know to find these tokens */
export async function openStore(db: Database, key: Buffer): Promise<Tokens> {
  await db.query(`insert into clients (client_id, registration) values ($1, '{}') on conflict do nothing`, [CLIENT]);
  return createTokens({ db, digests: createDigests([key]) });
}

export interface NewTokens {
  readonly audience: string;
  readonly scope: string;
  readonly clientId?: string;
  /** Seconds. */
  readonly lifetime: number;
  /** Milliseconds since 1970: when the next one says it was made, if not now. */
  readonly madeAt?: () => number;
}

/** Issues one, as a client credentials request does. */
async function issue(
  tokens: Tokens,
  { audience, scope, lifetime, clientId = CLIENT, madeAt }: NewTokens,
): Promise<string> {
  const value = timeOrderedSecret(madeAt?.());
  const id = tokens.idFor('token', value);
  const now = Math.floor(Date.now() / 1000);
  await tokens.units.run(async () => {
    tokens.units.open().tokens.set(id, {
      id,
      kind: 'access_token',
      format: 'opaque',
      clientId,
      accountId: undefined,
      grantId: undefined,
      grantType: 'client_credentials',
      scope,
      audience,
      userCode: undefined,
      issuedAt: now,
      expiresAt: now + lifetime,
      consumedAt: undefined,
      status: undefined,
      remainder: {},
    });
  });
  return value;
}

const AT_ONCE = 256;

/** As fast as it goes. */
export async function fill(tokens: Tokens, count: number, like: NewTokens): Promise<string[]> {
  const values: string[] = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) values.push(await issue(tokens, like));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return values;
}

/** A steady `rate` a second, in small steps; slower when the store does not follow. Calls `issued` after each step. */
export async function issueSteadily(
  tokens: Tokens,
  { count, rate, like }: { count: number; rate: number; like: NewTokens },
  issued: (soFar: number) => Promise<void>,
): Promise<void> {
  const from = performance.now();
  for (let done = 0; done < count; ) {
    const due = Math.min(count, Math.ceil(((performance.now() - from) / 1000) * rate));
    const step = Math.min(due - done, AT_ONCE);
    if (step <= 0) {
      await sleep(5);
      continue;
    }
    await Promise.all(Array.from({ length: step }, () => issue(tokens, like)));
    done += step;
    await issued(done);
  }
}

/** In microseconds, one after the other: what a single look-up waits. */
export async function timeEach(values: readonly string[], act: (value: string) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (const value of values) {
    const from = performance.now();
    await act(value);
    times.push((performance.now() - from) * 1000);
  }
  return ascending(times);
}
