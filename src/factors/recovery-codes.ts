import { randomInt } from 'node:crypto';
import { NotFound } from '#src/oauth/problems.ts';
import { parseRecoveryCode } from './code.ts';
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
  /** @param device a recognised one's id: strangers' guesses do not make its owner wait */
  use(accountId: string, code: string, device?: string): Promise<FactorVerdict>;
  /** @returns whether there were any, used or not */
  remove(accountId: string): Promise<boolean>;
}

export function createRecoveryCodes({ db, digests, guesses }: FactorsDeps): RecoveryCodes {
  const PURPOSE = 'recovery_code';

  return {
    async generate(accountId) {
      const codes = Array.from({ length: CODES }, newCode);
      const stored = codes.map((code) => digests.of(PURPOSE, accountId + code));
      await db.transaction(async (tx) => {
        // Two who renew at once take turns: the codes of only one of them live.
        if (!(await queries.lockAccount(tx, accountId))) throw new NotFound('user');
        await queries.deleteRecoveryCodes(tx, accountId);
        await queries.insertRecoveryCodes(tx, accountId, stored);
      });
      return codes.map((code) => `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`);
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

function newCode(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
