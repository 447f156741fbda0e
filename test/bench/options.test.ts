import { describe, expect, it } from '@jest/globals';
import { readOptions, WrongUsage } from '../../bench/options.ts';

describe('the options of the bench', () => {
  it.each<[string[], number]>([
    [[], 64],
    [['--connections', '32'], 32],
    [['--smoke'], 4],
    [['--smoke', '--connections', '8'], 8],
  ])('with %j has so many requests under way: %d', (args, connections) => {
    expect(readOptions(args).effort.concurrency).toBe(connections);
  });

  it.each([
    ['--connections', '65'],
    ['--connections', '0'],
    ['--smoke', '--connections', 'many'],
    ['--rounds', '21'],
    ['--seconds', '1.5'],
    ['--cases', 'none of these'],
    ['--subjects', 'bare,everybody'],
    ['--unheard-of'],
  ])('refuses %j %j', (...args) => {
    expect(() => readOptions(args)).toThrow(WrongUsage);
  });
});
