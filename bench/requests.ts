/** Requests as bytes, made before the clock runs. */

/** Where a server is asked, by whom: what all its requests have in common. */
export interface Endpoint {
  readonly url: string;
  readonly path: string;
  /** The value of the header; empty: none. */
  readonly authorization: string;
}

export function post({ url, path, authorization }: Endpoint, form: Record<string, string>, cookie = ''): Buffer {
  const body = new URLSearchParams(form).toString();
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${hostOf(url)}\r\n${header('Authorization', authorization)}${header('Cookie', cookie)}` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'latin1',
  );
}

export function get({ url, path, authorization }: Endpoint, cookie = ''): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${hostOf(url)}\r\n${header('Authorization', authorization)}${header('Cookie', cookie)}\r\n`,
    'latin1',
  );
}

export function basic({ clientId, clientSecret }: { clientId: string; clientSecret: string }): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
}

function header(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`;
}

/** `http://localhost:3000` → `localhost:3000`; cheaper than a URL, for what is sent while the clock runs. */
function hostOf(url: string): string {
  return url.slice(url.indexOf('//') + 2);
}
