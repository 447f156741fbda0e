import type { Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { field } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { SignIns } from '#src/sessions/index.ts';
import { answerWith } from './answer-with.ts';
import { accountOf, faceOf } from './face.ts';
import { outcomeOf } from './refusal.ts';
import type { Step } from './step.ts';

interface EnrollPasskeyDeps {
  readonly accounts: Accounts;
  readonly factors: Factors;
  readonly pages: Pages;
  readonly signIns: SignIns;
}

const USUAL_NAME = 'My passkey';
const PASSKEY = { mismatch: 'passkey_refused', malformed: 'passkey_refused', invalid: 'passkey_name' } as const;

/** A demanded passkey that the account lacks. */
export function enrollPasskeyStep({ accounts, factors, pages, signIns }: EnrollPasskeyDeps): Step {
  return {
    async show(ctx, interaction, { problem, name = USUAL_NAME }) {
      const { id, username, name: fullName } = await accountOf(accounts, interaction);
      const binding = signIns.bindingOf(interaction.key);
      const account = { id, username, ...(fullName !== undefined && { name: fullName }) };
      const page = {
        ...faceOf(pages, interaction),
        username,
        name,
        options: JSON.stringify(await factors.webauthn.registrationOptions(account, binding)),
        orTotp: !!interaction.signIn?.queries.includes('enroll_totp'),
        problem,
      };
      answerWith(pages, ctx, 'enroll-passkey', page, problem);
    },

    async submit({ key, visit }, form) {
      const name = field(form, 'name').trim() || USUAL_NAME;
      return outcomeOf(await signIns.enrollPasskey(key, field(form, 'passkey'), name, visit), PASSKEY, { name });
    },
  };
}
