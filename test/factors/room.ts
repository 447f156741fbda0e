/** The room by itself on a real database, with a clock that the test moves and accounts made without their room. */
import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { createGuesses } from '#src/accounts/index.ts';
import { createDigests, createSeals } from '#src/crypto/index.ts';
import { type Database, openDatabase } from '#src/db/index.ts';
import { createFactors, type Factors } from '#src/factors/index.ts';
import { type Engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { remember } from '../support/vault.ts';

export const ISSUER = 'https://id.example.com';
const STEP_MS = 30_000;

export interface Room {
  readonly db: Database;
  readonly factors: Factors;
  /** A second instance: on Postgres with connections of its own; the embedded engine has but one. */
  readonly second: Factors;
  /** One that was started with these secret keys, newest first. */
  withKeys(keys: readonly Buffer[]): Factors;
  readonly keys: readonly Buffer[];
  account(): Promise<{ id: string; username: string }>;
  /** An account with an app that has been enrolled some time ago: no code of now is used up. */
  withTotp(): Promise<{ id: string; username: string; secret: string }>;
  /** The code an app shows, so many steps from now. */
  code(secret: string, steps?: number): string;
  sleep(seconds: number): void;
  /** For the guesses: what was counted is so much longer ago. */
  letPass(seconds: number): Promise<void>;
}

export function withRoom(engine: Engine): () => Room {
  const databases: Database[] = [];
  let fresh: TestDatabase | undefined;
  let room: Room | undefined;
  beforeAll(async () => {
    fresh = await freshDatabase(engine);
    const main = await openDatabase(fresh.config);
    databases.push(main);
    if (engine === 'postgres') databases.push(await openDatabase(fresh.config));
    room = makeRoom(main, databases[1] ?? main);
  });
  afterAll(async () => {
    await Promise.all(databases.map((db) => db.close()));
    await fresh?.drop();
  });
  return () => {
    if (!room) throw new Error('the room is open in tests and hooks only');
    return room;
  };
}

function makeRoom(main: Database, other: Database): Room {
  const keys = [randomBytes(32)];
  let time = Date.now();

  const open = (on: Database, secretKeys: readonly Buffer[]) => {
    const digests = createDigests(secretKeys);
    const seals = createSeals(secretKeys);
    const guesses = createGuesses({ db: on, digests });
    return createFactors({ db: on, digests, seals, guesses, issuer: ISSUER, now: () => time });
  };
  const factors = open(main, keys);

  async function account() {
    const username = `user-${randomBytes(6).toString('hex')}`;
    const { rows } = await main.query<{ id: string }>(
      'insert into users (username, username_key) values ($1, $1) returning id',
      [username],
    );
    return { id: rows[0]?.id ?? '', username };
  }

  const code = (secret: string, steps = 0) => hotp(rawBytes(secret), Math.floor(time / STEP_MS) + steps);

  return {
    db: main,
    factors,
    second: open(other, keys),
    withKeys: (secretKeys) => open(main, secretKeys),
    keys,
    account,
    async withTotp() {
      const owner = await account();
      const { enrolment, secret } = factors.totp.begin(owner);
      remember(secret);
      await factors.totp.confirm(owner.id, enrolment, code(secret));
      time += 10 * STEP_MS;
      return { ...owner, secret };
    },
    code,
    sleep(seconds) {
      time += seconds * 1000;
    },
    async letPass(seconds) {
      await main.query(
        `update guesses
            set last_at = last_at - make_interval(secs => $1),
                blocked_until = blocked_until - make_interval(secs => $1)`,
        [seconds],
      );
    },
  };
}

/** An app's arithmetic, not the server's library: RFC 4226 §5.3. */
function hotp(key: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 0xf) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** RFC 4648 §6, for text without padding. */
export function rawBytes(base32: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
