/** The part of a browser's cookie handling (RFC 6265) that a sign-in at one host needs. */
export interface CookieJar {
  /** The Cookie header for a request to this URL. */
  header(url: string): string;
  store(url: string, headers: Headers): void;
  /** The value of a live cookie. */
  get(name: string): string | undefined;
  clear(): void;
}

interface Cookie {
  name: string;
  value: string;
  path: string;
}

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>();

  function storeOne(url: string, header: string): void {
    const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    const attribute = (wanted: string) => {
      const found = attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`));
      return found?.slice(wanted.length + 1);
    };
    const path = attribute('path') ?? new URL(url).pathname.replace(/\/[^/]*$/, '');
    const expires = attribute('expires');
    const over = Number(attribute('max-age') ?? 1) <= 0 || (expires !== undefined && Date.parse(expires) <= Date.now());
    if (over) cookies.delete(`${name};${path}`);
    else cookies.set(`${name};${path}`, { name, value, path });
  }

  return {
    header(url) {
      const { pathname } = new URL(url);
      return [...cookies.values()]
        .filter(({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
        .sort((a, b) => b.path.length - a.path.length)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
    },
    store: (url, headers) => {
      for (const header of headers.getSetCookie()) storeOne(url, header);
    },
    get: (wanted) => [...cookies.values()].find(({ name }) => name === wanted)?.value,
    clear: () => cookies.clear(),
  };
}
