import { expect, test } from '@jest/globals';
import type { Context, Middleware } from 'koa';
import { fromFirstRequest } from '#src/from-first-request.ts';

test('what could not be loaded for one request is loaded for the next, once', async () => {
  const loads: string[] = [];
  const middleware = fromFirstRequest(/^\/api/, async (): Promise<Middleware> => {
    loads.push('load');
    if (loads.length === 1) throw new Error('too many open files');
    return (ctx) => {
      ctx.body = 'here';
    };
  });
  const ask = async (path: string) => {
    const ctx = { path } as Context;
    await middleware(ctx, async () => {
      ctx.body = 'elsewhere';
    });
    return ctx.body;
  };

  expect(await ask('/account')).toBe('elsewhere');
  await expect(ask('/api/v1/clients')).rejects.toThrow('too many open files');
  expect(await ask('/api/v1/clients')).toBe('here');
  expect(await ask('/api/v1/users')).toBe('here');
  expect(loads).toHaveLength(2);
});
