import type { Context } from 'koa';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Audit } from '#src/audit/index.ts';
import { type Form, fromOf } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import { redirectTo } from './go-on.ts';
import { noticeOf } from './notices.ts';
import type { AccountPage, BrowserSession, Visit } from './page.ts';

/** How old a proof may be for what an unlocked computer must not be enough for. */
const FRESH_SECONDS = 300;

/** What the pages need of the protocol engine. */
export interface Engine {
  /** This browser's living session. */
  sessionOf(ctx: Context): Promise<BrowserSession | undefined>;
  /** Where to send a browser that is to sign in, or to prove again who it is, and then to come back to `returnTo`. */
  signInUrl(options: { returnTo: string; maxAge?: number }): string;
}

export interface Door {
  /** Undefined when the browser was sent to sign in first. */
  enter(ctx: Context, params: Visit['params'], page: AccountPage): Promise<Visit | undefined>;
  /** Undefined, too, when the form was refused. */
  submit(ctx: Context, params: Visit['params'], page: AccountPage, form: Form): Promise<Visit | undefined>;
}

interface DoorDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly engine: Engine;
  readonly pages: Pick<Pages, 'csrf' | 'sameOrigin' | 'render'>;
}

/** Who may come in, asked in one place for every page. */
export function openDoor({ accounts, audit, engine, pages }: DoorDeps): Door {
  async function whoIsThere(ctx: Context): Promise<{ session: BrowserSession; account: Account } | undefined> {
    const session = await engine.sessionOf(ctx);
    const account = session && (await accounts.find(session.accountId));
    return account && { session, account };
  }

  function toSignIn(ctx: Context, maxAge?: number): undefined {
    redirectTo(ctx, engine.signInUrl({ returnTo: ctx.path, ...(maxAge !== undefined && { maxAge }) }));
  }

  function admit(
    ctx: Context,
    params: Visit['params'],
    page: AccountPage,
    { session, account }: { session: BrowserSession; account: Account },
  ): Visit | undefined {
    const wantsFresh = typeof page.fresh === 'function' ? page.fresh(account) : page.fresh;
    if (wantsFresh && Date.now() / 1000 - session.authTime > FRESH_SECONDS) return toSignIn(ctx, FRESH_SECONDS);
    const user = `user:${account.id}`;
    return {
      ctx,
      params,
      account,
      session,
      own: { username: account.username, csrf: pages.csrf.issue(session.uid), notice: noticeOf(ctx.query.done) },
      record: (action, { reason, data } = {}) =>
        audit.record({
          actor: user,
          action,
          target: user,
          outcome: reason === undefined ? 'success' : 'failure',
          reason,
          from: fromOf(ctx),
          data,
        }),
    };
  }

  return {
    async enter(ctx, params, page) {
      const present = await whoIsThere(ctx);
      return present ? admit(ctx, params, page, present) : toSignIn(ctx);
    },

    async submit(ctx, params, page, form) {
      const refuse = (): undefined => {
        pages.render(ctx, 'error', { code: 'form_refused', requestId: String(ctx.state.requestId) }, 403);
      };
      if (!pages.sameOrigin(ctx)) return refuse();
      const present = await whoIsThere(ctx);
      if (!present) return toSignIn(ctx);
      // The token before the age of the proof: a foreign form must not even make somebody type a password.
      if (!pages.csrf.verify(present.session.uid, form.csrf)) return refuse();
      return admit(ctx, params, page, present);
    },
  };
}
