import type { Accounts } from '#src/accounts/index.ts';
import { field } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { SignIns } from '#src/sessions/index.ts';
import { answerWith } from './answer-with.ts';
import { accountOf, faceOf } from './face.ts';
import { outcomeOf } from './refusal.ts';
import type { Step } from './step.ts';

interface NewPasswordDeps {
  readonly accounts: Accounts;
  readonly pages: Pages;
  readonly policies: Policies;
  readonly signIns: SignIns;
}

const PASSWORD = { mismatch: 'moved_on', malformed: 'moved_on', invalid: 'weak' } as const;

/** A password that must be replaced: an administrator set it, or the policy's rules have become stricter than it. */
export function newPasswordStep({ accounts, pages, policies, signIns }: NewPasswordDeps): Step {
  return {
    async show(ctx, interaction, { problem }) {
      const { username, policyId } = await accountOf(accounts, interaction);
      const { updb: rules } = (await policies.get(policyId)).primary;
      answerWith(pages, ctx, 'new-password', { ...faceOf(pages, interaction), username, rules, problem }, problem);
    },

    async submit({ key, visit, signIn }, form) {
      if (!signIn?.queries.includes('new_password')) return { refused: 'not_asked' };
      const password = field(form, 'new_password');
      if (password !== field(form, 'repeat')) return { again: { problem: { code: 'unequal' } } };
      return outcomeOf(await signIns.answerNewPassword(key, password, visit), PASSWORD);
    },
  };
}
