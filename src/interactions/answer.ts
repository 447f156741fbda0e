import type { Context } from 'koa';
import type { Accounts } from '#src/accounts/index.ts';
import { deviceCookie, seeOther } from '#src/http/index.ts';
import type { Finished } from '#src/sessions/index.ts';
import type { Answer, Opened } from './step.ts';

/** Hands the answer to the engine, which decides what comes next when the browser returns to it. */
export async function answerEngine(ctx: Context, { details }: Opened, answer: Answer): Promise<void> {
  // What was answered at an earlier prompt still holds.
  details.result = 'error' in answer ? answer : { ...details.lastSubmission, ...answer };
  await details.persist();
  seeOther(ctx, details.returnTo);
}

interface Proved {
  readonly accountId: string;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly finished?: Finished | undefined;
}

/**
 * What makes a session of a sign-in that is over. The browser is remembered then and not before, so that a stolen password
 * alone makes no known device.
 */
export async function signedIn(
  accounts: Accounts,
  ctx: Context,
  { details, visit }: Opened,
  { accountId, acr, amr, authTime, finished }: Proved,
): Promise<Answer> {
  deviceCookie.write(ctx, await accounts.devices.remember(accountId, visit.device));
  const login = { accountId, acr, amr: [...amr], ts: authTime, remember: true, finished };
  // Whoever was asked to choose an account, and signed in with another one, has chosen.
  return { login, ...(details.prompt.name === 'select_account' && { select_account: {} }) };
}
