/**
 * Personal access tokens: real OAuth tokens that people make for themselves, with a name, some scopes of one API and an
 * end. Owns the table pats and how a token of kind `pat` comes to be, is replaced and is taken back. Does not own the rows
 * they share with all tokens, nor when such a row lives (tokens), nor which parts of the API they open (admin).
 */
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Audit } from '#src/audit/index.ts';
import type { Database } from '#src/db/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { Mail } from '#src/mail/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { StatusLists, Tokens } from '#src/tokens/index.ts';
import { createIssue } from './issue.ts';
import { createListing } from './listing.ts';
import type { PatLimits, Pats } from './pat.ts';
import { createPresented } from './presented.ts';
import { warnOfExpiry } from './queries.ts';
import { createSigned } from './signed.ts';
import { createTakingBack } from './taking-back.ts';

/** Positions in lists of them are written as those in lists of tokens. */
export { TOKEN_POSITION as PAT_POSITION } from '#src/tokens/index.ts';
export { scopesOffered } from './new-pat.ts';
export type {
  Authenticated,
  MadePat,
  NewPat,
  Pat,
  PatFilter,
  PatFormat,
  PatLimits,
  PatPage,
  PatRefusal,
  PatStatus,
  Pats,
  UsablePat,
} from './pat.ts';
export { LONGEST_OVERLAP, NOWHERE, PAT_STATUSES } from './pat.ts';

export interface PatsDeps {
  readonly db: Database;
  readonly tokens: Pick<Tokens, 'find' | 'references'>;
  readonly apis: Pick<Apis, 'find'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly policies: Pick<Policies, 'get'>;
  readonly keys: Pick<Keys, 'keepFor' | 'sign' | 'verify'>;
  readonly statusLists: Pick<StatusLists, 'take' | 'uriOf'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly mail: Pick<Mail, 'enabled' | 'send'>;
  readonly issuer: string;
  readonly settings: PatLimits;
}

/** Time enough to make another one, also for who looks once a week. */
const WARN_BEFORE_SECONDS = 7 * 24 * 60 * 60;
const WARNINGS_A_TURN = 500;

export function createPats(deps: PatsDeps): Pats {
  const { db, tokens, settings } = deps;
  const signed = createSigned(deps);
  const presented = createPresented({ ...deps, signed, enabled: settings.enabled });
  const { references } = tokens;

  return {
    limits: settings,
    ...createIssue({ ...deps, references, signed }),
    ...createListing({ db, enabled: settings.enabled }),
    ...createTakingBack({ ...deps, presented, enabled: settings.enabled }),
    authenticate: presented.authenticate,
    noteUse: presented.noteUse,
    findValue: presented.findValue,
    close: presented.close,
    async warnExpiring() {
      // What is switched off cannot be replaced, and is dead already.
      const warned = settings.enabled ? await warnOfExpiry(db, WARN_BEFORE_SECONDS, WARNINGS_A_TURN) : 0;
      return { more: warned === WARNINGS_A_TURN };
    },
  };
}
