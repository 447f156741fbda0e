/** A person at a browser. Whatever the browser complains about, at any page of any test, fails that test. */
import { afterEach } from '@jest/globals';
import type { BrowserContext, ConsoleMessage, Page, Response } from 'playwright-core';
import { openPage } from '../support/browser.ts';

/** Everything a sign-in needs works either way. */
export const SCRIPTING = [
  ['with JavaScript', { javaScriptEnabled: true }],
  ['without JavaScript', { javaScriptEnabled: false }],
] as const;

/** Less than a test may take, so that what is missing is named. */
const PATIENCE_MS = 10_000;

const complaints: string[] = [];
const open = new Set<BrowserContext>();

afterEach(async () => {
  const contexts = [...open];
  open.clear();
  await Promise.all(contexts.map((context) => context.close()));
  const heard = takeComplaints();
  if (heard.length > 0) throw new Error(`the browser complained:\n${heard.join('\n')}`);
});

/** What was complained about so far; the test answers for it. */
export function takeComplaints(): string[] {
  return complaints.splice(0);
}

/** A page of somebody who was never here, or with `beside` another tab of the same browser. */
export async function visit(options: Parameters<typeof openPage>[0] = {}, beside?: Page): Promise<Page> {
  const page = beside ? await beside.context().newPage() : await openPage(options);
  open.add(page.context());
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (message) => complain(consoleComplaint(message)));
  page.on('pageerror', ({ message }) => complain(`error in a script: ${message}`));
  page.on('response', (response) => complain(missing(response)));
  return page;
}

function complain(about: string | undefined): void {
  if (about !== undefined) complaints.push(about);
}

/** Among these are refusals by the Content-Security-Policy: the browser reports them whether scripts may run or not. */
function consoleComplaint(message: ConsoleMessage): string | undefined {
  // A page that answers 400 is complained about, too. What status a page has is for the test to say.
  const aboutStatus = message.text().startsWith('Failed to load resource: the server responded with a status of');
  if (aboutStatus || !['error', 'warning'].includes(message.type())) return undefined;
  return `${message.type()} at ${message.location().url}: ${message.text()}`;
}

function missing(response: Response): string | undefined {
  if (response.status() < 400 || response.request().isNavigationRequest()) return undefined;
  return `status ${response.status()} for ${response.url()}`;
}

/** Does what leads to another page. @returns that page's answer, behind all redirects */
export async function follow(page: Page, act: () => Promise<unknown>): Promise<Response> {
  const loaded = page.waitForEvent('domcontentloaded');
  let last: Response | undefined;
  const note = (response: Response) => {
    const request = response.request();
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) last = response;
  };
  page.on('response', note);
  await Promise.all([loaded, act()]);
  page.off('response', note);
  if (!last) throw new Error('nothing was loaded');
  return last;
}

export async function press(page: Page, selector: string): Promise<Response> {
  return follow(page, () => page.click(selector));
}

export async function signIn(page: Page, who: { username: string; password: string }): Promise<Response> {
  await page.fill('[name=username]', who.username);
  await page.fill('[name=password]', who.password);
  return press(page, '#submit');
}

/**
 * Signs in while somebody else is still signed in here: the engine signs them out on the way, by a form that sends itself,
 * or is sent by hand where no script may run. Ends at the page behind it.
 */
export async function signInElsewhere(
  page: Page,
  who: { username: string; password: string },
  { javaScriptEnabled }: { javaScriptEnabled: boolean },
): Promise<void> {
  await signIn(page, who);
  if (javaScriptEnabled) await page.waitForSelector('main');
  else await press(page, 'noscript button');
}
