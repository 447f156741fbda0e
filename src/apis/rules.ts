import type { Fault } from '#src/oauth/problems.ts';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';
import type { Api, ApiSettings } from './api.ts';

/** scope-token (RFC 6749 §3.3). */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

/** Absolute, without fragment (RFC 8707 §2). Printable ASCII, so that equal looks are equal strings. */
export function isIdentifier(identifier: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[\x21\x22\x24-\x7e]+$/i.test(identifier) && URL.canParse(identifier);
}

export function checkRules(identifier: string, { scopes }: ApiSettings, others: readonly Api[]): Fault[] {
  const faults: Fault[] = [];
  if (!isIdentifier(identifier)) {
    faults.push({ path: 'identifier', message: 'must be an absolute URI without fragment (RFC 8707 §2)' });
  }
  // A client's scopes are one flat list: granting it "admin" of somebody's API must not grant it "admin" of this server.
  const reserved = new Set(
    others.filter(({ builtIn }) => builtIn).flatMap((api) => api.scopes.map(({ name }) => name)),
  );
  const seen = new Set<string>();
  for (const [i, { name }] of scopes.entries()) {
    const fault = (message: string) => faults.push({ path: `scopes.${i}.name`, message });
    if (!SCOPE_TOKEN.test(name))
      fault('must be 1 to 200 printable ASCII characters without space, " and \\ (RFC 6749 §3.3)');
    else if (OIDC_SCOPES.includes(name)) fault('is a scope of OpenID Connect');
    else if (reserved.has(name)) fault('is a scope of the admin API');
    else if (seen.has(name)) fault('is there twice');
    seen.add(name);
  }
  return faults;
}
