/** The person at a device flow's page (RFC 8628 §3.3), without a browser. */
import type { RegisteredUser } from './clients.ts';
import { visitorFor } from './flow.ts';
import type { Button, Form } from './forms.ts';
import type { Page } from './visitor.ts';

export const NOWHERE = 'https://nowhere.example/';

type Decision = 'allow' | 'deny';
type Answer = [form: Form, values: Record<string, string>, button: Button | undefined];

/** Follows them through code, confirmation, sign-in and consent. @returns the last page */
export async function decide(url: string, user: RegisteredUser, decision: Decision = 'allow'): Promise<Page> {
  const visitor = visitorFor(NOWHERE);
  let page = (await visitor.open(url)) as Page;
  for (let steps = 0; steps < 6; steps += 1) {
    const answer = next(page, user, decision);
    if (!answer) return page;
    page = (await visitor.submit(...answer)) as Page;
  }
  return page;
}

function next(page: Page, { username, password }: RegisteredUser, decision: Decision): Answer | undefined {
  const login = page.forms.find((form) => form.fields.has('password'));
  if (login) return [login, { username, password }, login.buttons[0]];
  for (const form of page.forms) {
    const chosen = form.buttons.find(({ id, value }) => id === decision || value === decision);
    if (chosen) return [form, {}, chosen];
  }
  const confirm = page.forms.find((form) => form.fields.has('xsrf'));
  if (!confirm || confirm.action.endsWith('/logout/confirm')) return undefined;
  const button = confirm.buttons.find(({ value }) => value !== 'yes' || decision === 'deny') ?? confirm.buttons[0];
  return [confirm, {}, button];
}
