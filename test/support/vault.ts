/**
 * Every secret value that this test file was handed: tokens, codes, cookies, client secrets, passwords. When its databases
 * are dropped and its servers stopped, none of these may be found in a database or in a log.
 */
import { createHash } from 'node:crypto';
import { occurring, SHORTEST } from './occurring.ts';

const remembered = new Set<string>();

/** But for shorter ones, which turn up by chance in any dump. */
export function remember(value: string): void {
  if (value.length >= SHORTEST) remembered.add(value);
}

/** Members of token, registration and API responses that hold bearer values or secrets (RFC 6749, 7591, 8628; contract.md). */
const SECRET_MEMBERS = new Set([
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'registration_access_token',
  'device_code',
  'user_code',
  'signing_secret',
  'session_token',
  'mfa_token',
  'password',
  'secret',
  'enrollment',
  'recovery_codes',
]);

/** Remembers the secret members of a JSON body, however deep. */
export function rememberMembers(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  for (const [name, value] of Object.entries(body)) {
    if (SECRET_MEMBERS.has(name)) for (const secret of [value].flat()) remember(String(secret));
    else rememberMembers(value);
  }
}

/** Remembers what a response hands out in headers: cookie values, and the code in a redirect. */
export function rememberHeaders(headers: Headers): void {
  for (const cookie of headers.getSetCookie()) {
    const [, value = ''] = /^[^=]+=([^;]*)/.exec(cookie) ?? [];
    remember(decodeURIComponent(value));
  }
  const location = URL.parse(headers.get('location') ?? '', 'http://relative');
  for (const name of ['code', 'user_code']) remember(location?.searchParams.get(name) ?? '');
}

/** The remembered values found in `text`, shortened so that a failing test does not print them whole. */
export function secretsIn(text: string): string[] {
  const disguised = new Map([...remembered].flatMap((value) => disguises(value).map((form) => [form, value])));
  const found = new Set([...occurring(disguised.keys(), text)].map((form) => disguised.get(form) ?? form));
  return [...found].map((value) => `${value.slice(0, 6)}… (${value.length} characters)`);
}

/**
 * The forms a value must not be found in: as it is, in the usual encodings, and under a hash without a key, which who
 * steals a dump can test guesses against. Of a JWT the signature alone is enough to recognise it.
 */
function disguises(value: string): string[] {
  const bytes = Buffer.from(value);
  const hash = createHash('sha256').update(value).digest();
  const signature = /^[\w-]+\.[\w-]+\.([\w-]{40,})$/.exec(value)?.[1];
  return [bytes, hash]
    .flatMap((form) => (['hex', 'base64', 'base64url'] as const).map((encoding) => form.toString(encoding)))
    .concat(value, signature ?? value);
}
