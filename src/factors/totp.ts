import { randomBytes } from 'node:crypto';
import { verifySync } from 'otplib';
import { SealedUnderAnotherKey, type Seals } from '#src/crypto/index.ts';
import type { Db } from '#src/db/index.ts';
import { parseTotpCode } from './code.ts';
import { createEnrolments } from './enrolment.ts';
import type { FactorsDeps } from './index.ts';
import { type Presented, present } from './otpauth.ts';
import * as queries from './queries.ts';
import { removal, type Unless } from './removal.ts';
import { type FactorVerdict, limited } from './verdict.ts';

/** RFC 4226 §4 R6. */
const SECRET_BYTES = 20;
/** One step before and one after: phones' clocks (RFC 6238 §6). */
const TOLERANCE_SECONDS = 30;

/** One who enrols: the name is for the app's list. */
interface Owner {
  readonly id: string;
  readonly username: string;
}

export interface TotpEnrolment extends Presented {
  /** Brings the secret back with the first code; sealed for this account, good for 15 minutes. */
  readonly enrolment: string;
}

export interface Totp {
  /** Stores nothing. */
  begin(account: Owner): TotpEnrolment;
  /** The same one, to show the page again; undefined when it has expired or is another account's. */
  resume(account: Owner, enrolment: string): TotpEnrolment | undefined;
  /** The code that confirms is used up by it. */
  confirm(
    accountId: string,
    enrolment: string,
    code: string,
  ): Promise<'confirmed' | 'refused' | 'malformed' | 'expired' | 'exists'>;
  /** @param device a recognised one's id: strangers' guesses do not make its owner wait */
  verify(accountId: string, code: string, device?: string): Promise<FactorVerdict>;
  /** @returns whether there was one @throws {Conflict} with what `unless` says of what is there now */
  remove(accountId: string, unless?: Unless): Promise<boolean>;
  /**
   * At the start: what older secret keys have sealed is sealed under the newest, so that those can be given up.
   *
   * @returns how many secrets are lost, because their key was given up before
   */
  resealOld(): Promise<number>;
}

const PAGE = 500;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
const contextOf = (accountId: string) => `TOTP secret of ${accountId}`;

export function createTotp({ db, seals, guesses, issuer, now = Date.now }: FactorsDeps): Totp {
  const enrolments = createEnrolments(seals, now);

  /** The time step whose code this is, by our clock. */
  function stepOf(secret: Buffer, code: string): number | undefined {
    const epoch = Math.floor(now() / 1000);
    const result = verifySync({ secret, token: code, epoch, epochTolerance: TOLERANCE_SECONDS });
    return result.valid && 'timeStep' in result ? result.timeStep : undefined;
  }

  async function use(accountId: string, code: string): Promise<boolean> {
    const row = await queries.findTotp(db, accountId);
    if (!row) return false;
    // Sealed under a key that was given up, it fits no code any more: recovery codes and administrators are there for that.
    const secret = openIfPossible(seals, row.secret, contextOf(accountId));
    const step = secret && stepOf(secret, code);
    return step !== undefined && queries.useTotpStep(db, accountId, step, row.secret);
  }

  return {
    begin({ id, username }) {
      const secret = randomBytes(SECRET_BYTES);
      return { enrolment: enrolments.seal(id, secret), ...present(secret, username, issuer) };
    },

    resume({ id, username }, enrolment) {
      const secret = enrolments.open(id, enrolment);
      return secret && { enrolment, ...present(secret, username, issuer) };
    },

    async confirm(accountId, enrolment, text) {
      const secret = enrolments.open(accountId, enrolment);
      if (!secret) return 'expired';
      const code = parseTotpCode(text);
      if (code === undefined) return 'malformed';
      const step = stepOf(secret, code);
      if (step === undefined) return 'refused';
      const sealed = seals.seal(secret, contextOf(accountId));
      return (await queries.insertTotp(db, accountId, sealed, step)) ? 'confirmed' : 'exists';
    },

    async verify(accountId, text, device) {
      const code = parseTotpCode(text);
      if (code === undefined) return { outcome: 'malformed' };
      return limited(guesses, { accountId, device }, () => use(accountId, code));
    },

    remove: (accountId, unless) => removal(db, accountId, (tx) => queries.deleteTotp(tx, accountId), unless),

    resealOld: () => resealOld(db, seals),
  };
}

async function resealOld(db: Db, seals: Seals): Promise<number> {
  let lost = 0;
  let rows: queries.SealedTotpRow[];
  let after = BEFORE_ALL;
  do {
    rows = await queries.listTotpSecrets(db, after, PAGE);
    after = rows.at(-1)?.account_id ?? after;
    const old = rows.filter(({ secret }) => !seals.isNewest(secret));
    const changes = old.flatMap(({ account_id, secret }) => {
      const opened = openIfPossible(seals, secret, contextOf(account_id));
      return opened ? [{ accountId: account_id, from: secret, to: seals.seal(opened, contextOf(account_id)) }] : [];
    });
    lost += old.length - changes.length;
    await queries.resealTotpSecrets(db, changes);
  } while (rows.length === PAGE);
  return lost;
}

function openIfPossible(seals: Seals, sealed: Buffer, context: string): Buffer | undefined {
  try {
    return seals.open(sealed, context);
  } catch (error) {
    if (error instanceof SealedUnderAnotherKey) return undefined;
    throw error;
  }
}
