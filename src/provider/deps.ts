import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Audit } from '#src/audit/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { Factors } from '#src/factors/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Pats } from '#src/pats/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { SignIns } from '#src/sessions/index.ts';
import type { SessionList, StatusLists, TokenList, Tokens } from '#src/tokens/index.ts';
import type { Webhooks } from '#src/webhooks/index.ts';

export interface ProviderDeps {
  readonly issuer: string;
  /** Sign cookies: the first signs, all verify. */
  readonly cookieKeys: readonly string[];
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly audit: Pick<Audit, 'record'>;
  readonly clients: Clients;
  readonly factors: Factors;
  readonly pages: Pages;
  readonly pats: Pick<Pats, 'authenticate' | 'findValue' | 'noteUse' | 'revokeShown'>;
  readonly policies: Policies;
  readonly sessionList: SessionList;
  readonly signIns: SignIns;
  readonly tokens: Tokens;
  readonly tokenList: TokenList;
  readonly keys: Keys;
  readonly statusLists: StatusLists;
  readonly webhooks: Pick<Webhooks, 'tokenIssued'>;
}
