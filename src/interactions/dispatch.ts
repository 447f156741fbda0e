import type { Form } from '#src/http/index.ts';
import { consentStep } from './consent.ts';
import { enrollPasskeyStep } from './enroll-passkey.ts';
import { enrollTotpStep } from './enroll-totp.ts';
import type { InteractionDeps } from './index.ts';
import { loginStep } from './login.ts';
import { newPasswordStep } from './new-password.ts';
import { secondFactorStep } from './second-factor.ts';
import { selectAccountStep } from './select-account.ts';
import type { OpenInteraction, Step } from './step.ts';
import { recoveryCodesStep, stuckStep } from './waiting.ts';

export interface Dispatch {
  readonly login: Step;
  readonly recoveryCodes: Step;
  /** What is due now. `by`: which of several ways was chosen. */
  due(interaction: OpenInteraction, by?: unknown): Step;
  /** What a form answers, which may be another page than the one that is due: it was opened earlier, in another tab. */
  answered(interaction: OpenInteraction, form: Form): Step;
}

/** From what is stored to the step that deals with it. Steps do not know each other. */
export function createDispatch(deps: InteractionDeps): Dispatch {
  const login = loginStep(deps);
  const prompts: Record<string, Step> = {
    login,
    select_account: selectAccountStep({ ...deps, login }),
    consent: consentStep(deps),
  };
  const secondFactor = secondFactorStep(deps);
  const enrollTotp = enrollTotpStep(deps);
  const enrollPasskey = enrollPasskeyStep(deps);
  const newPassword = newPasswordStep(deps);
  const recoveryCodes = recoveryCodesStep(deps);
  const stuck = stuckStep(deps);

  function prompted({ details }: OpenInteraction): Step {
    const step = prompts[details.prompt.name];
    if (!step) throw new Error(`the engine asks for ${details.prompt.name}, which no step answers`);
    return step;
  }

  function due(interaction: OpenInteraction, by?: unknown): Step {
    const { signIn } = interaction;
    if (!signIn) return prompted(interaction);
    const asks = (query: (typeof signIn.queries)[number]) => signIn.queries.includes(query);
    if (signIn.stuck) return stuck;
    if (asks('totp') || asks('webauthn') || asks('recovery_code')) return secondFactor;
    if (asks('enroll_webauthn') && (by === 'passkey' || !asks('enroll_totp'))) return enrollPasskey;
    if (asks('enroll_totp')) return enrollTotp;
    return asks('new_password') ? newPassword : recoveryCodes;
  }

  return {
    login,
    recoveryCodes,
    due,

    answered(interaction, form) {
      const { signIn } = interaction;
      if (form.action === 'allow' || form.action === 'deny') return prompted(interaction);
      if (form.username !== undefined) return login;
      if (form.enrolment !== undefined) return enrollTotp;
      if (form.name !== undefined) return enrollPasskey;
      if (form.code !== undefined || form.recovery_code !== undefined) return secondFactor;
      if (form.new_password !== undefined) return newPassword;
      // Offered unasked, a passkey is a first proof, and makes up for whatever is asked.
      if (form.passkey !== undefined) return signIn?.queries.includes('webauthn') ? secondFactor : login;
      return signIn ? recoveryCodes : prompted(interaction);
    },
  };
}
