import type { Accounts } from '#src/accounts/index.ts';
import { formActionFor, type Pages } from '#src/pages/index.ts';
import { clientFace } from '#src/provider/index.ts';
import { type OpenInteraction, parameter, pathOf } from './step.ts';

/** What every page of an interaction shows and sends back. */
export function faceOf(pages: Pages, interaction: OpenInteraction) {
  return {
    action: pathOf(interaction),
    csrf: pages.csrf.issue(interaction.details.uid),
    formAction: formActionFor(parameter(interaction, 'redirect_uri')),
    client: clientFace(interaction.client),
  };
}

/** Whose sign-in this is, for the pages behind the first proof. */
export async function accountOf(accounts: Accounts, { signIn }: OpenInteraction) {
  const account = signIn && (await accounts.find(signIn.accountId));
  if (!account) throw new Error('a step behind the first proof was reached without one');
  return account;
}
