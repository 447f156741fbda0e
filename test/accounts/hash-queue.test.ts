import { expect, test } from '@jest/globals';
import { createPasswordHasher, PasswordQueueFull } from '#src/crypto/index.ts';

const LONGEST_QUEUE = 200;

test('no more work than there are places, in the order in which it came; the rest is told at once', async () => {
  const { inTurn } = createPasswordHasher(2);
  let [running, most] = [0, 0];
  const done: number[] = [];
  const gate = Promise.withResolvers<void>();
  const work = (n: number) =>
    inTurn(async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      done.push(n);
    });
  const all = Array.from({ length: LONGEST_QUEUE + 2 }, (_, n) => work(n));
  let begun = false;
  const late = inTurn(async () => {
    begun = true;
  });
  await expect(late).rejects.toThrow(PasswordQueueFull);
  expect(begun).toBe(false);
  gate.resolve();
  await Promise.all(all);
  expect(most).toBe(2);
  expect(done).toEqual(all.map((_, n) => n));
  await expect(inTurn(async () => 'free again')).resolves.toBe('free again');
});

test('work that fails gives its place back', async () => {
  const { inTurn } = createPasswordHasher(1);
  await expect(inTurn(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(inTurn(async () => 'next')).resolves.toBe('next');
});

test('of several spellings one is enough; without a hash or a spelling it is always no', async () => {
  const { hash, inTurn, isCurrent } = createPasswordHasher(1);
  const stored = await hash('right');
  expect(isCurrent(stored)).toBe(true);
  const verify = (against: string | undefined, spellings: string[]) => inTurn((look) => look(against, spellings));
  expect(await verify(stored, ['wrong', 'right'])).toBe(true);
  expect(await verify(stored, ['wrong'])).toBe(false);
  expect(await verify(stored, [])).toBe(false);
  expect(await verify(undefined, ['right'])).toBe(false);
  expect(await verify('not a hash', ['right'])).toBe(false);
});
