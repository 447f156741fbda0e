import type { Middleware } from 'koa';

/** Answers the paths that fit by what the first such request loads; that one waits for it, and no start does. */
export function fromFirstRequest(paths: RegExp, load: () => Promise<Middleware>): Middleware {
  let loading: Promise<Middleware> | undefined;
  return async (ctx, next) => {
    if (!paths.test(ctx.path)) return next();
    loading ??= load().catch((error) => {
      // For want of a file descriptor, say: the next one tries again.
      loading = undefined;
      throw error;
    });
    const middleware = await loading;
    return middleware(ctx, next);
  };
}
