/** `npm run demo`, clicked through as its instructions say. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../../demo/mintmark.ts';
import { openPage, screenshot } from '../support/browser.ts';

const MAIN = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));
/** The last line of what it prints before it waits. */
const READY = 'Ctrl-C ends both';

let directory: string;
let demo: ChildProcess;
let printed = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mintmark-demo-'));
  const port = await freePort();
  demo = spawn(process.execPath, [MAIN], { cwd: directory, env: { PATH: process.env.PATH, PORT: String(port) } });
  await new Promise<void>((ready, failed) => {
    const read = (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes(READY)) ready();
    };
    demo.stdout?.on('data', read);
    demo.stderr?.on('data', read);
    demo.once('exit', () => failed(new Error(`the demo ended:\n${printed}`)));
  });
}, 60_000);

afterAll(async () => {
  demo.removeAllListeners('exit');
  const exit = once(demo, 'exit');
  demo.kill('SIGINT');
  const [code] = await exit;
  await rm(directory, { recursive: true, force: true });
  expect(code).toBe(0);
});

test('signs in, asks consent, shows the claims, calls the API, refreshes and signs out', async () => {
  const said = (pattern: RegExp) => pattern.exec(printed)?.[1] ?? `no ${pattern} in ${printed}`;
  const page = await openPage();
  await page.goto(said(/A sample app at\s+(\S+)/));
  await screenshot(page, 'demo-home');
  await page.getByRole('link', { name: 'Sign in with Mintmark' }).click();
  await page.locator('#username').fill(said(/Sign in as\s+(\S+)/));
  await page.locator('#password').fill(said(/with password\s+(\S+)/));
  await page.locator('#submit').click();
  await page.locator('#allow').click();

  const signedIn = page.getByRole('heading', { name: 'You are signed in' });
  await signedIn.waitFor();
  const claims = await page.getByRole('table').textContent();
  expect(claims).toContain('preferred_usernameada');
  expect(claims).toContain('amr["pwd"]');
  await screenshot(page, 'demo-account');

  await page.getByRole('button', { name: 'See the menu' }).click();
  expect(await page.getByRole('status').textContent()).toContain('200');
  const signature = () => page.locator('code').nth(1).textContent();
  const before = await signature();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('refreshed 1×').waitFor();
  expect(await signature()).not.toBe(before);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('#submit').click();
  await page.getByRole('link', { name: 'Sign in with Mintmark' }).waitFor();
}, 60_000);
