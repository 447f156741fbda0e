import type { Accounts } from '#src/accounts/index.ts';
import type { Pages } from '#src/pages/index.ts';
import { answerWith } from './answer-with.ts';
import { faceOf } from './face.ts';
import type { Step } from './step.ts';

interface SelectAccountDeps {
  readonly accounts: Accounts;
  readonly pages: Pages;
  /** For a browser in which nobody is signed in: there is nothing to select from. */
  readonly login: Step;
}

/** prompt=select_account (OpenID Connect Core §3.1.2.1). A browser holds one session: its account, or another one. */
export function selectAccountStep({ accounts, pages, login }: SelectAccountDeps): Step {
  return {
    async show(ctx, interaction, options) {
      const { session } = interaction.details;
      const account = session?.accountId ? await accounts.find(session.accountId) : undefined;
      if (!account || account.disabled) return login.show(ctx, interaction, options);
      const { username, name } = account;
      const { problem } = options;
      return answerWith(
        pages,
        ctx,
        'select-account',
        { ...faceOf(pages, interaction), username, name, problem },
        problem,
      );
    },

    submit(_interaction, form) {
      return form.action === 'continue' ? { answer: { select_account: {} } } : { refused: 'not_asked' };
    },
  };
}
