/** Which URIs a registration may hold. Exact strings count: a URI is never normalised before it is compared or stored. */

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
/** RFC 8252 §7.1: a private-use scheme is a reversed domain name, so it has a dot; that also rules javascript: and data: out. */
const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/;
/** URL parsers silently drop or rewrite these, so what we check would not be what a browser is sent to. */
const AMBIGUOUS = /[\s\\\p{Cc}]|[^\x21-\x7e]/u;

function parse(uri: string): URL | undefined {
  if (AMBIGUOUS.test(uri) || uri.includes('#')) return undefined;
  const url = URL.parse(uri);
  return url && !url.username && !url.password ? url : undefined;
}

const isHttp = (url: URL) => url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));

/** https, or http to this very machine; without fragment and credentials. */
export function isWebUri(uri: string): boolean {
  const url = parse(uri);
  return url !== undefined && /^https?:\/\/[^/]/.test(uri) && isHttp(url);
}

/** Where tokens may be sent: a web URI, or for native applications an own scheme such as `com.example.app:/callback`. */
export function isRedirectUri(uri: string, applicationType: 'web' | 'native'): boolean {
  if (isWebUri(uri)) return true;
  const url = parse(uri);
  return applicationType === 'native' && url !== undefined && PRIVATE_USE_SCHEME.test(url.protocol);
}
