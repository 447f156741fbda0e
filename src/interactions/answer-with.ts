import type { Context } from 'koa';
import type { PageData, PageName, Pages, SignInProblem } from '#src/pages/index.ts';

const BUSY_SECONDS = 2;

/** Answers with a page under the status that fits what is wrong. */
export function answerWith<N extends PageName>(
  pages: Pages,
  ctx: Context,
  name: N,
  data: PageData[N],
  problem: SignInProblem | undefined,
): void {
  const seconds = problem?.code === 'busy' ? BUSY_SECONDS : problem?.seconds;
  if (seconds !== undefined) ctx.set('Retry-After', String(Math.ceil(seconds)));
  pages.render(ctx, name, data, statusOf(problem));
}

function statusOf(problem: SignInProblem | undefined): number {
  switch (problem?.code) {
    case undefined:
    case 'moved_on':
      return 200;
    case 'wait':
      return 429;
    case 'busy':
      return 503;
    default:
      return 400;
  }
}
