/** People at their account pages: with a browser, or without one where no script and no look matters. */
import type { Page as BrowserPage } from 'playwright-core';
import { signIn, visit } from '../browser/visit.ts';
import { behind } from '../support/behind.ts';
import type { AdminApi, RegisteredUser } from '../support/clients.ts';
import type { Server } from '../support/server.ts';
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts';

type Who = Pick<RegisteredUser, 'username' | 'password'>;

/** Opens a page of the account and signs in on the way there. */
export async function atAccount(
  server: Server,
  who: Who,
  path = '/account',
  how: Parameters<typeof visit>[0] = {},
): Promise<BrowserPage> {
  const page = await visit(how);
  await page.goto(server.url + path);
  await signIn(page, who);
  return page;
}

export interface Person {
  readonly visitor: Visitor;
  /** What the sign-in led to. */
  readonly arrived: Page;
  /** @throws when it leads to another site */
  open(path: string): Promise<Page>;
  /** Opens the page and sends its form that has this field or button. */
  send(path: string, names: string, fields?: Record<string, string>): Promise<Page>;
}

/** The same without a browser. */
export async function personAt(server: Server, who: Who, path = '/account'): Promise<Person> {
  const visitor = createVisitor(() => false);
  const login = here(await visitor.open(server.url + path));
  const form = login.forms.find(({ fields }) => fields.has('password'));
  if (!form) throw new Error(`no login page: ${login.status} at ${login.url}`);
  const arrived = await visitor.submit(form, { username: who.username, password: who.password });
  return { ...personWith(server, visitor), arrived: here(arrived) };
}

/** Somebody who is not signed in. */
export function stranger(server: Server): Omit<Person, 'arrived'> {
  return personWith(
    server,
    createVisitor(() => false),
  );
}

function personWith(server: Server, visitor: Visitor): Omit<Person, 'arrived'> {
  const open = async (path: string) => here(await visitor.open(server.url + path));
  return {
    visitor,
    open,
    async send(path, names, fields = {}) {
      const page = await open(path);
      const form = page.forms.find(
        (one) => one.fields.has(names) || one.buttons.some(({ name, value }) => name === names || value === names),
      );
      if (!form) throw new Error(`no form for ${names} at ${page.url}: ${textOf(page)}`);
      const button = form.buttons.find(({ name, value }) => name === names || value === names);
      return here(await visitor.submit(form, fields, button));
    },
  };
}

function here(page: Page | URL): Page {
  if (page instanceof URL) throw new Error(`it leads to ${page.href}`);
  return page;
}

/** What of a page can be read, in one line. */
export function textOf({ html }: Pick<Page, 'html'>): string {
  return html
    .replace(/<(style|script|head)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

export const pathOf = ({ url }: Pick<Page, 'url'>): string => new URL(url).pathname;

/** What the audit log says that this user did to their account, newest first. */
export async function recordsOf(admin: AdminApi, { id }: Pick<RegisteredUser, 'id'>, action: string) {
  const { body } = await admin.get(`/audit?${new URLSearchParams({ target: `user:${id}`, action })}`);
  return body.items as { actor: string; outcome: string; reason: string | null; ip: string; data: any }[];
}

/** Makes all sign-ins of a user on Postgres older. */
export async function age(server: Server, { id }: Pick<RegisteredUser, 'id'>, seconds: number): Promise<void> {
  await behind(
    server,
    `update sessions
        set payload = jsonb_set(payload, '{loginTs}', to_jsonb((payload ->> 'loginTs')::bigint - $2))
      where account_id = $1`,
    [id, seconds],
  );
}
