/** The pages on which there is nothing to prove: they are read, and then left. */
import type { Accounts } from '#src/accounts/index.ts';
import type { Pages } from '#src/pages/index.ts';
import { answerWith } from './answer-with.ts';
import { accountOf, faceOf } from './face.ts';
import type { Outcome, Step } from './step.ts';

interface WaitingDeps {
  readonly accounts: Accounts;
  readonly pages: Pages;
}

const NOT_ASKED: Outcome = { refused: 'not_asked' };

/** Recovery codes, shown by the answer to the form that made them. Whoever comes back to the page does not see them again. */
export function recoveryCodesStep({ accounts, pages }: WaitingDeps): Step {
  return {
    async show(ctx, interaction, { codes }) {
      const { username } = await accountOf(accounts, interaction);
      answerWith(pages, ctx, 'recovery-codes', { ...faceOf(pages, interaction), username, codes }, undefined);
    },
    submit: ({ signIn }) => signIn ?? NOT_ASKED,
  };
}

/** A second factor is demanded that can be neither given nor enrolled. */
export function stuckStep({ accounts, pages }: WaitingDeps): Step {
  return {
    async show(ctx, interaction, { problem }) {
      const { username } = await accountOf(accounts, interaction);
      answerWith(pages, ctx, 'stuck', { ...faceOf(pages, interaction), username, problem }, problem);
    },
    submit: () => NOT_ASKED,
  };
}
