import type { Context } from 'koa';
import type { BrowserSession } from '#src/provider/index.ts';
import { isRefused, type SignIns } from '#src/sessions/index.ts';
import { demandsOf } from './login.ts';
import type { OpenInteraction } from './step.ts';

interface StepUpDeps {
  readonly signIns: SignIns;
  readonly sessionOf: (ctx: Context) => Promise<BrowserSession | undefined>;
}

/** The engine's reasons to prompt of a session that is good, and not enough. Any other one asks for everything again. */
const NOT_ENOUGH = new Set(['acr', 'policy']);

/** Begins where the session of this browser stands, so that only what is missing is asked. */
export async function stepUp(
  { signIns, sessionOf }: StepUpDeps,
  ctx: Context,
  interaction: OpenInteraction,
): Promise<OpenInteraction> {
  const { prompt, session } = interaction.details;
  const isEnough = prompt.name !== 'login' || !prompt.reasons.every((reason) => NOT_ENOUGH.has(reason));
  // max_age is about all that is proved: what the session has proved may be too old before the rest is.
  const wantsAnew = interaction.params.max_age !== undefined;
  if (interaction.signIn || isEnough || wantsAnew || !session?.accountId) return interaction;
  const present = await sessionOf(ctx);
  if (present?.accountId !== session.accountId) return interaction;
  const begun = await signIns.stepUp(interaction.key, present, demandsOf(interaction));
  return isRefused(begun) ? interaction : { ...interaction, signIn: begun };
}
