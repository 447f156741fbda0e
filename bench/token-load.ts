/** The two things that most of a busy server's life consists of, against one server: issuing tokens, and asking about them. */
import { type Measuring, measure, type Sample } from './measure.ts';
import type { Subject } from './subjects.ts';
import { asked, clientCredentials, introspection } from './works.ts';

export interface TokenLoad {
  issue(measuring: Measuring): Promise<Sample>;
  introspect(measuring: Measuring): Promise<Sample>;
}

/** A few hundred, where none are known. */
const AMOUNTS = { atOnce: 16, distinct: 512, once: 0 };

/** @param known living tokens of the subject's own client, asked about in turn; without them a few hundred new ones */
export async function tokenLoad(subject: Subject, known?: readonly string[]): Promise<TokenLoad> {
  const tokens = await clientCredentials()(subject, AMOUNTS);
  const questions = known ? asked(subject, known) : await introspection()(subject, AMOUNTS);
  return {
    issue: (measuring) => measure(subject, tokens.work, measuring),
    introspect: (measuring) => measure(subject, questions.work, measuring),
  };
}
