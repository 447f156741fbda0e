import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Audit } from '#src/audit/index.ts';
import { field, fromOf, readForm, seeOther } from '#src/http/index.ts';
import type { Mail } from '#src/mail/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { FormProblem, Pages } from '#src/pages/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import { newPasswordOf, typedTwice } from './new-password.ts';
import { REFUSED } from './page.ts';
import { refusal } from './refusal.ts';

interface ResetDeps {
  readonly accounts: Pick<Accounts, 'findByUsername' | 'resets'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly mail: Pick<Mail, 'enabled'>;
  readonly pages: Pages;
  readonly policies: Pick<Policies, 'get'>;
  readonly sessionList: Pick<SessionList, 'endAll'>;
}

/**
 * A lost password is replaced by way of a link, from the account's mailbox or from an administrator. The link gives no
 * more than a password would: who has a second factor is still asked for it. Opening it uses nothing up, since programs
 * that look through mail open links, too.
 *
 * Nobody is signed in here, so there is no session to tie a form's token to. A foreign page is kept out by where its form
 * comes from; what it could do is ask for a mail, which anybody can, or use a link that it would have to know.
 */
export function resetRoutes(router: Router, deps: ResetDeps): void {
  const { accounts, audit, mail, pages, sessionList } = deps;

  router.get('/account/reset', async (ctx) => {
    if (!mail.enabled) throw new NotFound('page');
    pages.render(ctx, 'account-reset', { sent: ctx.query.done === 'sent' });
  });

  router.post('/account/reset', fromHere(pages), async (ctx) => {
    if (!mail.enabled) throw new NotFound('page');
    const username = field(await readForm(ctx as Parameters<typeof readForm>[0]), 'username');
    await accounts.resets.request(username);
    seeOther(ctx, '/account/reset?done=sent');
  });

  router.get('/account/reset/done', async (ctx) => pages.render(ctx, 'account-reset-done', {}));

  router.get('/account/reset/:token', async (ctx) => {
    const account = await accounts.resets.find(ctx.params.token ?? '');
    await (account ? showLink(deps, ctx, account) : showGone(deps, ctx));
  });

  router.post('/account/reset/:token', fromHere(pages), async (ctx) => {
    const form = await readForm(ctx as Parameters<typeof readForm>[0]);
    const { token = '' } = ctx.params;
    const account = await accounts.resets.find(token);
    if (!account) return showGone(deps, ctx);
    let redeemed: Account | undefined;
    const problem =
      typedTwice(form) ??
      (await refusal('new_password', async () => {
        redeemed = await accounts.resets.redeem(token, newPasswordOf(form));
      }));
    if (problem) return showLink(deps, ctx, account, problem);
    if (!redeemed) return showGone(deps, ctx);
    // Whoever made a new password necessary may be signed in with the old one.
    await sessionList.endAll(redeemed.id);
    await record(audit, ctx, 'password.reset', redeemed);
    seeOther(ctx, '/account/reset/done');
  });
}

async function showLink({ pages, policies }: ResetDeps, ctx: Context, account: Account, problem?: FormProblem) {
  const { username, policyId } = account;
  const rules = (await policies.get(policyId)).primary.updb;
  pages.render(ctx, 'account-reset-link', { username, rules, problem }, problem ? REFUSED : 200);
}

async function showGone({ mail, pages }: ResetDeps, ctx: Context): Promise<void> {
  pages.render(ctx, 'account-reset-gone', { byMail: mail.enabled }, 404);
}

function fromHere(pages: Pages) {
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    if (pages.sameOrigin(ctx)) await next();
    else pages.render(ctx, 'error', { code: 'form_refused', requestId: String(ctx.state.requestId) }, 403);
  };
}

/** Who holds a link is not signed in: what is known of them is whose link it was. */
function record(audit: Pick<Audit, 'record'>, ctx: Context, action: string, account: Account | undefined) {
  const target = account && `user:${account.id}`;
  return audit.record({ actor: 'anybody', action, target, outcome: 'success', from: fromOf(ctx) });
}
