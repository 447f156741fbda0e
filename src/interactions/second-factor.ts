import type { Context } from 'koa';
import type { Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { field } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { SignIns } from '#src/sessions/index.ts';
import { answerWith } from './answer-with.ts';
import { accountOf, faceOf } from './face.ts';
import { outcomeOf } from './refusal.ts';
import type { OpenInteraction, ShowOptions, Step } from './step.ts';

interface SecondFactorDeps {
  readonly accounts: Accounts;
  readonly factors: Factors;
  readonly pages: Pages;
  readonly signIns: SignIns;
}

const CODE = { mismatch: 'code_mismatch', malformed: 'code_malformed' } as const;
const RECOVERY_CODE = { mismatch: 'recovery_code_mismatch', malformed: 'recovery_code_malformed' } as const;
const PASSKEY = { mismatch: 'passkey_mismatch', malformed: 'passkey_mismatch' } as const;

/** A second proof, by any factor that is enrolled and would do: a code and a passkey on one page, recovery codes on another. */
export function secondFactorStep({ accounts, factors, pages, signIns }: SecondFactorDeps): Step {
  return {
    async show(ctx, interaction, { problem }) {
      const { username, id } = await accountOf(accounts, interaction);
      const queries = interaction.signIn?.queries ?? [];
      const face = { ...faceOf(pages, interaction), username, problem };
      if (queries.includes('recovery_code') && wantsRecoveryCode(ctx, problem, queries)) {
        return answerWith(pages, ctx, 'recovery-code', { ...face, hasOther: queries.length > 1 }, problem);
      }
      const binding = signIns.bindingOf(interaction.key);
      const options = queries.includes('webauthn')
        ? JSON.stringify(await factors.webauthn.authenticationOptions(binding, id))
        : undefined;
      const takes = { takesCode: queries.includes('totp'), takesRecoveryCode: queries.includes('recovery_code') };
      return answerWith(pages, ctx, 'second-factor', { ...face, ...takes, options }, problem);
    },

    async submit({ key, visit }, form) {
      if (form.passkey !== undefined) {
        return outcomeOf(await signIns.answerPasskey(key, field(form, 'passkey'), visit), PASSKEY);
      }
      if (form.recovery_code !== undefined) {
        const answer = await signIns.answerRecoveryCode(key, field(form, 'recovery_code'), visit);
        return outcomeOf(answer, RECOVERY_CODE);
      }
      return outcomeOf(await signIns.answerTotp(key, field(form, 'code'), visit), CODE);
    },
  };
}

/** Chosen by the link, or because it is the only way; and the page stays when a recovery code was refused. */
function wantsRecoveryCode(
  ctx: Context,
  problem: ShowOptions['problem'],
  queries: NonNullable<OpenInteraction['signIn']>['queries'],
): boolean {
  return ctx.query.by === 'recovery_code' || queries.length === 1 || !!problem?.code.startsWith('recovery_code');
}
