import { describe, expect, it } from '@jest/globals';
import { currentRun } from '../support/run.ts';
import { bench } from './bench.ts';

const EMBEDDED = 'Mintmark, embedded Postgres';
const ENGINE = ['bare engine, in memory', 'engine, plain Postgres adapter'];
const OPAQUE = ['client credentials, opaque', 'introspection, opaque'];
const SIGN_IN = 'sign-in by password';
const OTHERS = [
  'code exchange',
  'refresh rotation',
  'client credentials, JWT ES256',
  'client credentials, JWT EdDSA',
  'client credentials, JWT RS256',
  'introspection, JWT',
  'introspection, personal access token',
  'introspection, unknown',
  'revocation',
  'userinfo',
];

describe('npm run bench', () => {
  it('measures every case on every subject, and every answer is right', async () => {
    const { code, stdout, stderr } = await bench(['--smoke', '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { subjects, cases, rows } = JSON.parse(stdout);
    const onPostgres = currentRun().postgres !== undefined;
    const mintmark = onPostgres ? [EMBEDDED, 'Mintmark, Postgres'] : [EMBEDDED];
    const usual = [...(onPostgres ? ENGINE : ENGINE.slice(0, 1)), ...mintmark];
    const subjectsOf = (name: string) =>
      rows.filter((row: { case: string }) => row.case === name).map((row: { subject: string }) => row.subject);

    for (const name of OPAQUE) expect(subjectsOf(name)).toEqual(['node:http echo', ...usual]);
    for (const name of OTHERS) expect(subjectsOf(name)).toEqual(usual);
    expect(subjectsOf(SIGN_IN)).toEqual(['Argon2 verification alone', ...usual]);
    expect(subjectsOf('webhook deliveries')).toEqual(mintmark);
    expect(cases).toHaveLength(OPAQUE.length + OTHERS.length + 2);
    expect(subjects).toHaveLength(usual.length + 2);
    for (const row of rows) {
      expect(row.requests).toBeGreaterThan(0);
      expect(row.per_second).toBeGreaterThan(0);
      if (row.case === 'webhook deliveries') continue;
      expect(row.p99_ms).toBeGreaterThanOrEqual(row.p50_ms);
      expect(row.ratios).toHaveProperty('bare');
      for (const ratio of Object.values(row.ratios)) expect(ratio).toBeGreaterThan(0);
    }
  }, 300_000);

  it('measures what is asked for', async () => {
    const { code, stdout } = await bench(['--smoke', '--cases', 'unknown', '--subjects', 'bare', '--json']);
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout);
    expect(rows).toMatchObject([{ case: 'introspection, unknown', subject: ENGINE[0], ratios: { bare: 1 } }]);
    expect(rows).toHaveLength(1);
  }, 120_000);

  it.each([
    ['--seconds', '0'],
    ['--rounds', '1000'],
    ['--cases', 'no such case'],
    ['--subjects', 'bare,everybody'],
    ['--forever'],
  ])('refuses %s %s', async (...args) => {
    const { code, stderr } = await bench(args);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: npm run bench');
  });
});
