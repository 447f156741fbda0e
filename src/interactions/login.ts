import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { field } from '#src/http/index.ts';
import { leastOf } from '#src/oauth/acr.ts';
import type { Pages } from '#src/pages/index.ts';
import { type AuthPolicy, DEFAULT_POLICY, type Policies } from '#src/policies/index.ts';
import type { Demands, SignIns } from '#src/sessions/index.ts';
import { answerWith } from './answer-with.ts';
import { faceOf } from './face.ts';
import { outcomeOf } from './refusal.ts';
import { type OpenInteraction, parameter, type Step } from './step.ts';

interface LoginDeps {
  readonly accounts: Accounts;
  readonly factors: Factors;
  readonly pages: Pages;
  readonly policies: Policies;
  readonly signIns: SignIns;
  readonly canResetPassword: boolean;
}

const PASSWORD = { mismatch: 'mismatch', malformed: 'mismatch' } as const;
const PASSKEY = { mismatch: 'passkey_mismatch', malformed: 'passkey_mismatch' } as const;

/** The first proof: a password, or a passkey that says itself whose it is. */
export function loginStep(deps: LoginDeps): Step {
  const { accounts, factors, pages, policies, signIns } = deps;

  /** Who must prove themselves again here; nobody when any account will do. */
  async function bound(interaction: OpenInteraction, switching: boolean | undefined): Promise<Account | undefined> {
    const { prompt, session } = interaction.details;
    const wantsOther = prompt.reasons.some((reason) => OTHER_ACCOUNT.has(reason));
    return session?.accountId && !switching && !wantsOther ? accounts.find(session.accountId) : undefined;
  }

  return {
    async show(ctx, interaction, { problem, switching, username }) {
      const account = await bound(interaction, switching);
      const policy = await policies.get(account?.policyId ?? DEFAULT_POLICY);
      const { password, passkey } = offered(policy, {
        password: ctx.query.by === 'password' || username !== undefined,
        passkey: ctx.query.by === 'passkey' || problem?.code === 'passkey_mismatch',
      });
      const options = passkey
        ? JSON.stringify(await factors.webauthn.authenticationOptions(signIns.bindingOf(interaction.key), account?.id))
        : undefined;
      const page = {
        ...faceOf(pages, interaction),
        username: username ?? (switching ? undefined : parameter(interaction, 'login_hint')),
        reauthenticate: account?.username,
        password,
        options,
        switched: switching,
        canResetPassword: deps.canResetPassword,
        problem,
      };
      answerWith(pages, ctx, 'login', page, problem);
    },

    async submit(interaction, form) {
      const switching = form.switched !== undefined;
      const demands = { ...demandsOf(interaction, await bound(interaction, switching)), atOnce: true };
      const { key, visit } = interaction;
      if (form.passkey !== undefined) {
        const answer = await signIns.withPasskey(key, field(form, 'passkey'), demands, visit);
        return outcomeOf(answer, PASSKEY, { switching });
      }
      const username = field(form, 'username');
      const answer = await signIns.withPassword(key, username, field(form, 'password'), demands, visit);
      return outcomeOf(answer, PASSWORD, { switching, username });
    },
  };
}

/** Reasons to sign in for which whoever is signed in here is the wrong account. */
const OTHER_ACCOUNT = new Set(['id_token_hint', 'claims_id_token_sub_value']);

/** What the request asks of whoever signs in, on top of their policy. */
export function demandsOf(interaction: OpenInteraction, account?: Account): Demands {
  return {
    acr: leastOf(parameter(interaction, 'acr_values')),
    clientId: interaction.client.clientId,
    accountId: account?.id,
  };
}

/**
 * What the page offers before anybody is known: what the default policy allows. The rest is a link away, because
 * somebody's own policy, which decides in the end, may allow just that.
 */
function offered({ primary }: AuthPolicy, wanted: Offered): Offered {
  const password = primary.updb.allowed || wanted.password;
  return { password, passkey: primary.webauthn.allowed || wanted.passkey || !password };
}

interface Offered {
  readonly password: boolean;
  readonly passkey: boolean;
}
