import { rememberHeaders, rememberMembers } from './vault.ts';

/**
 * `fetch`, remembering every secret that the answer hands out. It fits the `customFetch` of openid-client and oauth4webapi,
 * so what those libraries receive is remembered too.
 */
export const observedFetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
  const response = await fetch(url, init);
  rememberHeaders(response.headers);
  if (/json/.test(response.headers.get('content-type') ?? '')) {
    rememberMembers(
      await response
        .clone()
        .json()
        .catch(() => undefined),
    );
  }
  return response;
};

/** HTTP Basic for OAuth clients: both halves form-encoded first (RFC 6749 §2.3.1). */
export function basic(id: string, secret: string): string {
  const encode = (part: string) => new URLSearchParams({ part }).toString().slice('part='.length);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}
