import { expect, test } from '@jest/globals';
import { section, textOf } from './markdown.ts';

const schema = textOf('src/db/schema.sql');
const documented = section(textOf('docs/architecture.md'), '## What is in the database');

const named = (text: string) => [...text.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name).sort();
const made = (what: string) => [...schema.matchAll(new RegExp(`^create ${what} (\\w+)`, 'gm'))].map(([, name]) => name);

test('architecture.md names every table once, and no other', () => {
  const rows = documented.split('\n').filter((line) => line.startsWith('| '));
  expect(named(rows.join('\n'))).toEqual(made('table').sort());
});

test('architecture.md names every view', () => {
  expect(named(documented)).toEqual(expect.arrayContaining(made('view')));
});
