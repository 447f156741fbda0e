/** Somebody with a browser that runs no JavaScript: keeps cookies, follows redirects, fills in forms. */
import { type CookieJar, createCookieJar } from './cookie-jar.ts';
import { type Button, type Form, readForms } from './forms.ts';
import { observedFetch } from './http.ts';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly forms: readonly Form[];
}

export interface Visitor {
  readonly cookies: CookieJar;
  /** @returns the page behind all redirects, or the address that a redirect leaves to (see `createVisitor`) */
  open(url: string): Promise<Page | URL>;
  /** Sends a form with these fields filled in, by this button. */
  submit(form: Form, fields?: Record<string, string>, button?: Button): Promise<Page | URL>;
}

/** More in a row is a loop. Browsers give up at 20. */
const MOST_REDIRECTS = 20;

/** @param leaves which address is not the server's any more: a client's redirect URI. It is returned, not requested. */
export function createVisitor(leaves: (url: URL) => boolean): Visitor {
  const cookies = createCookieJar();

  async function request(url: string, init: RequestInit, redirects = 0): Promise<Page | URL> {
    if (leaves(new URL(url))) return asAddress(url, init);
    if (redirects > MOST_REDIRECTS) throw new Error(`too many redirects, at last to ${url}`);
    const headers = { accept: 'text/html', cookie: cookies.header(url), origin: new URL(url).origin, ...init.headers };
    const response = await observedFetch(url, { ...init, headers, redirect: 'manual' });
    cookies.store(url, response.headers);
    const location = response.headers.get('location');
    const html = await response.text();
    if (!location)
      return { url, status: response.status, headers: response.headers, html, forms: readForms(html, url) };
    const keepsMethod = response.status === 307 || response.status === 308;
    return request(new URL(location, url).href, keepsMethod ? init : {}, redirects + 1);
  }

  return {
    cookies,
    open: (url) => request(url, {}),
    submit(form, fields = {}, button) {
      const sent = new URLSearchParams([...form.fields]);
      for (const [name, value] of Object.entries(fields)) sent.set(name, value);
      if (button?.name) sent.set(button.name, button.value);
      if (form.method === 'POST') return request(form.action, { method: 'POST', body: sent });
      const url = new URL(form.action);
      url.search = sent.toString();
      return request(url.href, {});
    },
  };
}

/** A form posted to a redirect URI (response_mode=form_post) is returned as if its fields were the query. */
function asAddress(url: string, { body }: RequestInit): URL {
  const address = new URL(url);
  if (body instanceof URLSearchParams) for (const [name, value] of body) address.searchParams.append(name, value);
  return address;
}
