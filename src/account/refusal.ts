import { Conflict, type Fault, Invalid } from '#src/oauth/problems.ts';
import type { FormProblem } from '#src/pages/index.ts';

/** Does it, unless a rule, or what is there already, says no: then says which, for whoever filled in the field. */
export async function refusal(field: string, work: () => Promise<unknown>): Promise<FormProblem | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Conflict) return { field, words: sentence(error.message) };
    if (!(error instanceof Invalid)) throw error;
    return { field, words: error.faults.map(inWords).join(' ') };
  }
}

const sentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

function inWords({ path, message }: Fault): string {
  if (path === 'email') return 'That does not look like an email address.';
  return `The ${path === 'password' ? 'new password' : path} ${message}.`;
}
