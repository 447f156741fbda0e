import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../demo/mintmark.ts';
import { ended, printed, spawnProgram } from '../support/program.ts';
import { type Server, startServer } from '../support/server.ts';
import { BIN, mintmark } from './command.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');

let server: Server;
let scratch: string;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  scratch = await mkdtemp(join(tmpdir(), 'mintmark-cli-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('migrate', () => {
  it('says what it applied, and that there was nothing the second time', async () => {
    const env = { MINTMARK_DATA_DIR: join(scratch, 'migrated') };
    const first = await mintmark(['migrate'], { env });
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^applied 0001-foundation\.sql$/m) });
    expect(await mintmark(['migrate', '--json'], { env })).toMatchObject({ code: 0, json: { applied: [] } });
  });

  it('is refused while a server holds the embedded database', async () => {
    const { code, stderr } = await mintmark(['migrate'], { env: { MINTMARK_DATA_DIR: server.dataDir } });
    expect(code).toBe(1);
    expect(stderr).toContain('is in use by another mintmark process');
  });

  it('is refused when Postgres does not answer', async () => {
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', MINTMARK_SECRET_KEYS: KEY };
    expect(await mintmark(['migrate'], { env })).toMatchObject({ code: 1, stderr: 'the database cannot be reached\n' });
  });

  it('with a wrong setting is wrong usage', async () => {
    const { code, stderr } = await mintmark(['migrate'], { env: { DATABASE_URL: 'mysql://x' } });
    expect(code).toBe(2);
    expect(stderr).toContain('DATABASE_URL');
  });
});

describe('doctor', () => {
  const env = () => ({ MINTMARK_ISSUER: server.url, MINTMARK_DATA_DIR: server.dataDir });

  it('finds a running server well', async () => {
    const { code, json } = await mintmark(['doctor', '--json'], { env: env() });
    expect(json.findings.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    expect(code).toBe(0);
  });

  it('names a wrong setting and looks no further', async () => {
    const { code, stdout } = await mintmark(['doctor'], { env: { PORT: 'three' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}settings .*PORT is "three"/);
    expect(stdout).toContain('→ correct the setting');
    expect(stdout).not.toContain('server');
  });

  it('finds a database that does not answer and a server that does not run, once each', async () => {
    const dead = { DATABASE_URL: 'postgres://127.0.0.1:1/none', MINTMARK_SECRET_KEYS: KEY, PORT: '9999' };
    const { code, json } = await mintmark(['doctor', '--json'], { env: { ...dead, MINTMARK_DATA_DIR: scratch } });
    expect(code).toBe(1);
    const failed = json.findings.filter(({ ok }: { ok: boolean }) => !ok);
    expect(failed.map(({ check }: { check: string }) => check)).toEqual(['database', 'server']);
  });

  it('finds an issuer that is not the configured one', async () => {
    const elsewhere = { ...env(), MINTMARK_ISSUER: 'https://id.example' };
    const { code, stdout } = await mintmark(['doctor', '--url', server.url], { env: elsewhere });
    expect(code).toBe(1);
    expect(stdout).toContain(`calls itself ${server.url}, the settings say https://id.example`);
  });

  it('finds secrets that others can read', async () => {
    const open = await mkdtemp(join(scratch, 'open-'));
    await writeFile(join(open, 'secrets.json'), '{}', { mode: 0o644 });
    const { code, stdout } = await mintmark(['doctor'], { env: { ...env(), MINTMARK_DATA_DIR: open } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}data directory .* is open to other users/m);
  });
});

describe('serve', () => {
  it('is the server, and drains on SIGTERM', async () => {
    const port = await freePort();
    const settings = { PORT: String(port), MINTMARK_DATA_DIR: join(scratch, 'served') };
    const program = spawnProgram([BIN, 'serve'], settings);
    await printed(program, '"msg":"ready"');
    const response = await fetch(`http://localhost:${port}/readyz`);
    expect(response.status).toBe(200);
    expect(await ended(program, 'SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('ends with 2 on a wrong setting', async () => {
    const { code, stderr } = await mintmark(['serve'], { env: { PORT: 'three' } });
    expect(code).toBe(2);
    expect(stderr).toContain('PORT is "three"');
  });
});
