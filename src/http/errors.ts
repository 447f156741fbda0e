import type { Logger } from 'pino';
import { Problem, unexpected } from './problem.ts';
import type { Context, Middleware } from './state.ts';

export interface ProblemsDeps {
  readonly log: Pick<Logger, 'error' | 'warn'>;
  /** What a room below throws, said as a Problem; undefined for what nobody expected. */
  readonly translate: (error: unknown) => Problem | undefined;
}

/** Turns whatever is thrown below it into `application/problem+json`. The only try/catch of the API. */
export function problems({ log, translate }: ProblemsDeps): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const problem = asProblem(error, translate);
      if (problem.status >= 500) {
        const level = problem.status === 503 ? 'warn' : 'error';
        log[level]({ err: problem.cause, request_id: ctx.state.requestId }, problem.message);
      }
      answerProblem(ctx, problem);
    }
  };
}

/** How whatever was thrown is answered. */
export function asProblem(error: unknown, translate: ProblemsDeps['translate']): Problem {
  return error instanceof Problem ? error : (translate(error) ?? unexpected(error));
}

export function answerProblem(ctx: Context, problem: Problem): void {
  ctx.status = problem.status;
  ctx.set(problem.headers);
  ctx.body = JSON.stringify(problem);
  ctx.type = 'application/problem+json';
}
