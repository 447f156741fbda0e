/**
 * The pages at /account, where people look after their own account: profile, password, second factors, passkeys, where
 * they are signed in, which applications they let in, and their personal access tokens. Also the pages of the link that
 * replaces a lost password.
 *
 * Owns no table and no rule about what a password or a proof is worth: it asks the capabilities and shows what they say.
 * Signing in and out is the engine's: a page that needs it sends the browser there and has it come back.
 *
 * Everything works without a script, but registering a passkey, which browsers offer to scripts only.
 */
import Router from '@koa/router';
import type { Middleware } from 'koa';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Audit } from '#src/audit/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { readForm, seeOther } from '#src/http/index.ts';
import type { Mail } from '#src/mail/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Pats } from '#src/pats/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { Revocation, SessionList, TokenList } from '#src/tokens/index.ts';
import { type Door, type Engine, openDoor } from './door.ts';
import type { AccountPage } from './page.ts';
import { appsPage } from './pages/apps.ts';
import { emailPage } from './pages/email.ts';
import { overviewPage } from './pages/overview.ts';
import { passkeyPage } from './pages/passkey.ts';
import { passkeyAddPage } from './pages/passkey-add.ts';
import { passkeyRemovePage } from './pages/passkey-remove.ts';
import { passkeysPage } from './pages/passkeys.ts';
import { passwordPage } from './pages/password.ts';
import { profilePage } from './pages/profile.ts';
import { recoveryCodesPage } from './pages/recovery-codes.ts';
import { sessionsPage } from './pages/sessions.ts';
import { signOutPage } from './pages/sign-out.ts';
import { tokenNewPage } from './pages/token-new.ts';
import { tokenRotatePage } from './pages/token-rotate.ts';
import { tokensPage } from './pages/tokens.ts';
import { totpPage } from './pages/totp.ts';
import { resetRoutes } from './reset.ts';
import { signedIn } from './signed-in.ts';

export interface AccountDeps {
  readonly accounts: Accounts;
  readonly apis: Pick<Apis, 'all' | 'find'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly clients: Pick<Clients, 'find'>;
  readonly engine: Engine;
  readonly factors: Factors;
  readonly mail: Pick<Mail, 'enabled'>;
  readonly pages: Pages;
  readonly pats: Pats;
  readonly policies: Pick<Policies, 'get'>;
  readonly revocation: Pick<Revocation, 'endGrant'>;
  readonly sessionList: SessionList;
  readonly tokenList: Pick<TokenList, 'listGrants'>;
}

export function createAccount(deps: AccountDeps): Middleware {
  const door = openDoor(deps);
  const router = new Router();
  router.use(notFoundIsAPage(deps.pages));
  for (const page of [
    overviewPage(deps),
    profilePage(deps),
    emailPage(deps),
    passwordPage(deps),
    totpPage(deps),
    recoveryCodesPage(deps),
    passkeysPage(deps),
    // Before the page of one passkey, which would take `add` for an id.
    passkeyAddPage(deps),
    passkeyPage(deps),
    passkeyRemovePage(deps),
    sessionsPage(deps),
    appsPage(deps),
    tokensPage(deps),
    tokenNewPage(deps),
    tokenRotatePage(deps),
    signOutPage(),
  ]) {
    mount(router, page, door);
  }
  router.get('/account/signed-in', signedIn(deps));
  resetRoutes(router, deps);
  return router.routes() as Middleware;
}

function mount(router: Router, page: AccountPage, door: Door): void {
  if (page.show) {
    router.get(page.path, async (ctx) => {
      const visit = await door.enter(ctx, ctx.params, page);
      if (visit) await page.show?.(visit);
    });
  }
  if (page.submit) {
    router.post(page.path, async (ctx) => {
      const form = await readForm(ctx as Parameters<typeof readForm>[0]);
      const visit = await door.submit(ctx, ctx.params, page, form);
      const next = visit && (await page.submit?.(visit, form));
      if (next) seeOther(ctx, next.done ? `${next.to}?done=${next.done}` : next.to);
    });
  }
}

/** What is another user's is not found, like what never was. */
function notFoundIsAPage(pages: Pages): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      pages.render(ctx, 'not-found', {}, 404);
    }
  };
}
