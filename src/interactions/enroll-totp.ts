import type { Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { field } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { SignIns } from '#src/sessions/index.ts';
import { answerWith } from './answer-with.ts';
import { accountOf, faceOf } from './face.ts';
import { outcomeOf } from './refusal.ts';
import type { Step } from './step.ts';

interface EnrollTotpDeps {
  readonly accounts: Accounts;
  readonly factors: Factors;
  readonly pages: Pages;
  readonly signIns: SignIns;
}

const CODE = { mismatch: 'enrolment_mismatch', malformed: 'code_malformed' } as const;

/** A demanded authenticator app that the account lacks. Nothing is stored before a code of the app was right. */
export function enrollTotpStep({ accounts, factors, pages, signIns }: EnrollTotpDeps): Step {
  return {
    async show(ctx, interaction, { problem, enrolment }) {
      const account = await accountOf(accounts, interaction);
      // After a mistyped code the secret stays: the app already has it.
      const app = (enrolment && factors.totp.resume(account, enrolment)) || factors.totp.begin(account);
      const page = {
        ...faceOf(pages, interaction),
        username: account.username,
        ...app,
        orPasskey: !!interaction.signIn?.queries.includes('enroll_webauthn'),
        problem,
      };
      answerWith(pages, ctx, 'enroll-totp', page, problem);
    },

    async submit({ key, visit }, form) {
      const enrolment = field(form, 'enrolment');
      const answer = await signIns.enrollTotp(key, enrolment, field(form, 'code'), visit);
      return outcomeOf(answer, CODE, { enrolment });
    },
  };
}
