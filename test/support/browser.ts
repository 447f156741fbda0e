/** A real browser: Chromium from the machine, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { rememberHeaders } from './vault.ts';

const PLACES = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const QUIET = [
  // In containers, and as root, Chromium cannot make its sandbox. It opens only pages of ours.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const ARTIFACTS = fileURLToPath(new URL('../.artifacts/', import.meta.url));
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

let launched: Promise<Browser> | undefined;

afterAll(async () => {
  await (await launched)?.close();
  launched = undefined;
});

/** A page of somebody who was never here. The browser is started once per test file and closed after it. */
export async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  launched ??= launch();
  const context = await (await launched).newContext({ viewport: DESKTOP, ...options });
  rememberWhatItReceives(context);
  return context.newPage();
}

function launch(): Promise<Browser> {
  const executablePath = PLACES.find((path) => path !== '' && existsSync(path));
  if (!executablePath) throw new Error('the browser tests need Chromium: set CHROMIUM_PATH, or install chromium');
  return chromium.launch({ executablePath, args: QUIET });
}

function rememberWhatItReceives(context: BrowserContext): void {
  context.on('response', async (response) => {
    // A page that is closed meanwhile takes its headers with it.
    const received = await response.headersArray().catch(() => []);
    rememberHeaders(new Headers(received.map(({ name, value }) => [name, value])));
  });
}

/** Keeps pictures of a page as CI artefacts: on a phone and a desktop, in light and dark. The page is as it was afterwards. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(ARTIFACTS, { recursive: true });
  const before = page.viewportSize();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const viewport of [PHONE, DESKTOP]) {
      await page.setViewportSize(viewport);
      const path = join(ARTIFACTS, `${name}-${viewport.width}x${viewport.height}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}
