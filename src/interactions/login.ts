import type { Context } from 'koa';
import type { Accounts } from '#src/accounts/index.ts';
import { PasswordQueueFull } from '#src/crypto/index.ts';
import { formActionFor, type LoginProblem, type Pages } from '#src/pages/index.ts';
import { clientFace } from '#src/provider/index.ts';
import { type OpenInteraction, parameter, type Step } from './step.ts';

const STATUS: Record<LoginProblem, number> = { mismatch: 400, too_many_tries: 429, busy: 503 };
const RETRY_AFTER_SECONDS = '2';

export function loginStep({ accounts, pages }: { accounts: Accounts; pages: Pages }): Step {
  async function show(ctx: Context, interaction: OpenInteraction, options: ShowOptions): Promise<void> {
    const { details, client } = interaction;
    const signedIn = options.switching ? undefined : details.session?.accountId;
    const account = signedIn ? await accounts.find(signedIn) : undefined;
    // After "use another account" and a wrong password, the page stays with the name that was typed.
    const typedAnother = options.username !== undefined && options.username !== account?.username;
    if (options.problem === 'busy') ctx.set('Retry-After', RETRY_AFTER_SECONDS);
    pages.render(
      ctx,
      'login',
      {
        action: `/login/${details.uid}`,
        csrf: pages.csrf.issue(details.uid),
        formAction: formActionFor(parameter(interaction, 'redirect_uri')),
        client: clientFace(client),
        username: options.username ?? (options.switching ? undefined : parameter(interaction, 'login_hint')),
        reauthenticate: typedAnother ? undefined : account?.username,
        problem: options.problem,
      },
      options.problem ? STATUS[options.problem] : 200,
    );
  }

  return {
    show,
    async submit(ctx, interaction, form) {
      const username = typeof form.username === 'string' ? form.username : '';
      const password = typeof form.password === 'string' ? form.password : '';
      try {
        const account = await accounts.authenticate(username, password);
        if (account) return { login: { accountId: account.id, amr: ['pwd'] } };
        await show(ctx, interaction, { username, problem: 'mismatch' });
      } catch (error) {
        if (!(error instanceof PasswordQueueFull)) throw error;
        await show(ctx, interaction, { username, problem: 'busy' });
      }
      return undefined;
    },
  };
}

interface ShowOptions {
  readonly switching?: boolean;
  readonly username?: string;
  readonly problem?: LoginProblem;
}
