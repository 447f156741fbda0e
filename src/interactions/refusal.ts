import type { SignInProblem, SignInProblemCode } from '#src/pages/index.ts';
import { isRefused, type Refused } from '#src/sessions/index.ts';
import type { Outcome, ShowOptions } from './step.ts';

/** Which sentence fits a refusal depends on what was offered. */
interface Words {
  readonly mismatch: SignInProblemCode;
  readonly malformed: SignInProblemCode;
  /** Where a rule can say no to what was chosen; the words are followed by which. */
  readonly invalid?: SignInProblemCode;
}

/** What an answer leads to: on, or to the same page with what is wrong. `typed` is shown again. */
export function outcomeOf(
  answer: Exclude<Outcome, { answer: unknown }> | Refused,
  words: Words,
  typed: ShowOptions = {},
): Outcome {
  if (!isRefused(answer)) return answer;
  if (answer.refused === 'gone' || answer.refused === 'not_asked') return answer;
  return { again: { ...typed, problem: problemOf(answer, words) } };
}

function problemOf(answer: Exclude<Refused, { refused: 'gone' | 'not_asked' }>, words: Words): SignInProblem {
  if (answer.refused === 'wait') return { code: 'wait', seconds: answer.retryAfter };
  if (answer.refused === 'invalid')
    return { code: words.invalid ?? words.malformed, faults: answer.faults.map(({ message }) => message) };
  return { code: words[answer.refused] };
}
