/** The two things that most of a busy server's life consists of, against one server: issuing tokens, and asking about them. */
import { CASES, type Case, formPost } from './cases.ts';
import type { Machine } from './machine.ts';
import { type Effort, measure, type Sample } from './measure.ts';
import type { Subject } from './subjects.ts';

export interface TokenLoad {
  issue(effort: Effort): Promise<Sample>;
  introspect(effort: Effort): Promise<Sample>;
}

const [ISSUE, INTROSPECT] = CASES as readonly [Case, Case];

/** @param known living tokens of the subject's own client, asked about in turn; without them a few hundred new ones */
export async function tokenLoad(subject: Subject, machine: Machine, known?: readonly string[]): Promise<TokenLoad> {
  const requests = await ISSUE.requests(subject);
  const questions = known
    ? known.map((token) => formPost(subject, '/token/introspection', { token }))
    : await INTROSPECT.requests(subject);
  return {
    issue: (effort) => measure(ISSUE, subject, requests, { machine, effort }),
    introspect: (effort) => measure(INTROSPECT, subject, questions, { machine, effort }),
  };
}
