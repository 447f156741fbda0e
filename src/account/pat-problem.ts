import { Conflict, type Fault, Invalid } from '#src/oauth/problems.ts';
import type { FormProblem } from '#src/pages/index.ts';

/** The capability's members as the form names its fields, and what its words are about; or words of our own. */
const MEMBERS: Record<string, { field: string; called?: string; words?: string }> = {
  name: { field: 'name', called: 'name' },
  // A list needs no more words when it is empty, and a strange scope is one that the API had a minute ago.
  scopes: { field: 'scopes', words: 'Please tick what it may do, at least one thing of those that are listed.' },
  expires_in_days: { field: 'days', called: 'number of days' },
  audience: { field: 'audience', words: 'There is no such API any more.' },
};

/** Why a token was not made: for whoever filled in the form, and for the audit log. @throws what is no refusal */
export function patProblem(error: unknown): { problem: FormProblem; reason: 'invalid' | 'conflict' } {
  if (error instanceof Invalid) {
    const words = new Set(error.faults.map(inWords));
    return {
      problem: { field: memberOf(error.faults[0])?.field ?? '', words: [...words].join(' ') },
      reason: 'invalid',
    };
  }
  if (!(error instanceof Conflict)) throw error;
  return { problem: { field: '', words: `No token was made: ${error.message}.` }, reason: 'conflict' };
}

const memberOf = (fault: Fault | undefined) => MEMBERS[fault?.path.split('.')[0] ?? ''];

function inWords(fault: Fault): string {
  const { words, called = fault.path } = memberOf(fault) ?? {};
  return words ?? `The ${called} ${fault.message}.`;
}
