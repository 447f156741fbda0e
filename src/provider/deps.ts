import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { StatusLists, TokenList, Tokens } from '#src/tokens/index.ts';

export interface ProviderDeps {
  readonly issuer: string;
  /** Sign cookies: the first signs, all verify. */
  readonly cookieKeys: readonly string[];
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly clients: Clients;
  readonly pages: Pages;
  readonly tokens: Tokens;
  readonly tokenList: TokenList;
  readonly keys: Keys;
  readonly statusLists: StatusLists;
}
