import type { Context } from 'koa';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Audit } from '#src/audit/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { type Form, fromOf, seeOther } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import { lackingForChanges } from '#src/sessions/index.ts';
import { noticeOf } from './notices.ts';
import type { AccountPage, BrowserSession, Visit } from './page.ts';

/** What the pages need of the protocol engine. */
export interface Engine {
  /** This browser's living session. */
  sessionOf(ctx: Context): Promise<BrowserSession | undefined>;
  /** Where to send a browser that is to sign in, or to prove again who it is, and then to come back to `returnTo`. */
  signInUrl(options: { returnTo: string; maxAge?: number | undefined; acr?: string | undefined }): string;
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
  readonly factors: Pick<Factors, 'of'>;
  readonly pages: Pick<Pages, 'csrf' | 'sameOrigin' | 'render'>;
}

/** Who may come in, asked in one place for every page. */
export function openDoor({ accounts, audit, engine, factors, pages }: DoorDeps): Door {
  async function whoIsThere(ctx: Context): Promise<{ session: BrowserSession; account: Account } | undefined> {
    const session = await engine.sessionOf(ctx);
    const account = session && (await accounts.find(session.accountId));
    return account && { session, account };
  }

  function toSignIn(ctx: Context, lacking?: { maxAge: number; acr: string | undefined }): undefined {
    seeOther(ctx, engine.signInUrl({ returnTo: ctx.path, ...lacking }));
  }

  async function admit(
    ctx: Context,
    params: Visit['params'],
    page: AccountPage,
    { session, account }: { session: BrowserSession; account: Account },
  ): Promise<Visit | undefined> {
    const wantsFresh = typeof page.fresh === 'function' ? page.fresh(account) : page.fresh;
    const lacking = wantsFresh && lackingForChanges(session, await factors.of(account.id));
    if (lacking) return toSignIn(ctx, lacking);
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
