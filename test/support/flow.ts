/** An authorization request answered at the login and consent pages, without a browser. */
import type { Form } from './forms.ts';
import { remember } from './vault.ts';
import { createVisitor, type Page, type Visitor } from './visitor.ts';

export interface SignIn {
  readonly username: string;
  readonly password: string;
  readonly redirectUri: string;
  readonly consent?: 'allow' | 'deny';
  /** Somebody who was here before: with their cookies. */
  readonly visitor?: Visitor;
}

/** Login, consent and a form_post page are three; nothing here takes more than twice that. */
const MOST_PAGES = 6;

/** A visitor for this client: stops at its redirect URI. */
export function visitorFor(redirectUri: string): Visitor {
  const home = new URL(redirectUri);
  return createVisitor((url) => url.origin === home.origin && url.pathname === home.pathname);
}

/**
 * Opens an authorization URL, signs in where asked, answers the consent page.
 *
 * @returns the callback URL with the response's parameters
 * @throws when the server shows a page that is none of these, or refuses the sign-in
 */
export async function signIn(authorizationUrl: string | URL, how: SignIn): Promise<URL> {
  const { username, password, consent = 'allow', visitor = visitorFor(how.redirectUri) } = how;
  remember(password);
  let signedIn = false;
  let step = await visitor.open(String(authorizationUrl));
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    if (step instanceof URL) return step;
    const login = step.forms.find((form) => form.fields.has('password'));
    if (login) {
      if (signedIn) throw unexpected('sign-in refused', step);
      signedIn = true;
      step = await visitor.submit(login, { username, password }, login.buttons[0]);
    } else {
      step = await answer(visitor, step, consent);
    }
  }
  throw new Error(`no callback after ${MOST_PAGES} pages`);
}

async function answer(visitor: Visitor, page: Page, consent: 'allow' | 'deny'): Promise<Page | URL> {
  for (const form of page.forms) {
    const button = form.buttons.find(({ id, value }) => id === consent || value === consent);
    if (button) return visitor.submit(form, {}, button);
    if (isFormPost(form)) return visitor.submit(form);
  }
  throw unexpected('neither login nor consent', page);
}

/** A page that only carries an authorization response on to the client. */
function isFormPost(form: Form): boolean {
  return form.fields.has('code') || form.fields.has('error');
}

function unexpected(what: string, { status, url, html }: Page): Error {
  const text = html.replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ').replace(/\s+/g, ' ');
  return new Error(`${what}: ${status} at ${url}: ${text.slice(0, 500)}`);
}
