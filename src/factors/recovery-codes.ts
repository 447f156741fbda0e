import { randomInt } from 'node:crypto';
import { NotFound } from '#src/oauth/problems.ts';
import { parseRecoveryCode } from './code.ts';
import { enrolledOf } from './enrolled.ts';
import type { FactorsDeps } from './index.ts';
import * as queries from './queries.ts';
import { type FactorVerdict, limited } from './verdict.ts';

const CODES = 10;
/** 50 bits each: behind the limit of guesses and the key of the digests, nobody searches these. */
const LENGTH = 10;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export interface RecoveryCodes {
  /** Ten new ones, to be shown once; all that were there before are void. @throws {NotFound} */
  generate(accountId: string): Promise<string[]>;
  /** For who enrols a second factor: losing it must not mean losing the account. Undefined when some are left. */
  generateIfNone(accountId: string): Promise<string[] | undefined>;
  /** @param device a recognised one's id: strangers' guesses do not make its owner wait */
  use(accountId: string, code: string, device?: string): Promise<FactorVerdict>;
  /** @returns whether there were any, used or not */
  remove(accountId: string): Promise<boolean>;
}

export function createRecoveryCodes({ db, digests, guesses }: FactorsDeps): RecoveryCodes {
  const PURPOSE = 'recovery_code';

  /** Two who renew at once take turns: the codes of only one of them live. */
  function replace(accountId: string, codes: readonly string[], isDue: (left: number) => boolean): Promise<boolean> {
    const stored = codes.map((code) => digests.of(PURPOSE, accountId + code));
    return db.transaction(async (tx) => {
      if (!(await queries.lockAccount(tx, accountId))) throw new NotFound('user');
      const { recoveryCodesLeft } = await enrolledOf(tx, accountId);
      if (!isDue(recoveryCodesLeft)) return false;
      await queries.deleteRecoveryCodes(tx, accountId);
      await queries.insertRecoveryCodes(tx, accountId, stored);
      return true;
    });
  }

  return {
    async generate(accountId) {
      const codes = newCodes();
      await replace(accountId, codes, () => true);
      return codes.map(shown);
    },

    async generateIfNone(accountId) {
      const codes = newCodes();
      return (await replace(accountId, codes, (left) => left === 0)) ? codes.map(shown) : undefined;
    },

    async use(accountId, text, device) {
      const code = parseRecoveryCode(text);
      if (code === undefined) return { outcome: 'malformed' };
      const wanted = digests.allOf(PURPOSE, accountId + code);
      return limited(guesses, { accountId, device }, () => queries.useRecoveryCode(db, accountId, wanted));
    },

    remove: (accountId) => queries.deleteRecoveryCodes(db, accountId),
  };
}

function newCodes(): string[] {
  return Array.from({ length: CODES }, newCode);
}

function newCode(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

function shown(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}
