import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { LONGEST } from '../support/longest.ts';

test('the test files that a run begins with are there', () => {
  const missing = LONGEST.filter((name) => !existsSync(fileURLToPath(new URL(`../../${name}`, import.meta.url))));
  expect(missing).toEqual([]);
});
