import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import type { SessionList } from '#src/tokens/index.ts';

/** Who is signed in at a browser, and how they proved it. */
export interface BrowserSession {
  /** Names it and opens nothing. */
  readonly uid: string;
  readonly accountId: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

interface Stored {
  readonly uid: string;
  readonly accountId?: string;
  readonly loginTs?: number;
  readonly acr?: string;
  readonly amr?: string[];
}

/** The living session of this browser, for pages of ours. Looking at it is using it. */
export async function browserSession(
  provider: Provider,
  { accounts, sessionList }: { accounts: Accounts; sessionList: SessionList },
  ctx: Context,
): Promise<BrowserSession | undefined> {
  const { uid, accountId, loginTs, acr, amr = [] } = (await provider.Session.get(ctx as never)) as unknown as Stored;
  if (accountId === undefined || loginTs === undefined) return undefined;
  const account = await accounts.find(accountId);
  if (!account || account.disabled) return undefined;
  await sessionList.touch(uid);
  return { uid, accountId, authTime: loginTs, acr, amr };
}
