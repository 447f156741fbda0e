/** The exchange of an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6). */
import { hash, timingSafeEqual } from 'node:crypto';
import { CODE_GRANT } from '#src/oauth/grant-types.ts';
import type { Authorization } from './authorization.ts';
import { type ExchangeDeps, exchange } from './exchange.ts';
import type { Endpoint } from './index.ts';
import { mayUse } from './request/client.ts';
import { type Form, hasOnly } from './request/form.ts';
import { isOpaque } from './request/opaque.ts';

const OWN = ['code', 'redirect_uri', 'code_verifier', 'resource'];
const PARAMETERS = new Set(['grant_type', ...OWN, 'client_id', 'client_secret']);
/** RFC 7636 §4.1. */
const VERIFIER = /^[\w.~-]{43,128}$/;

export function authorizationCode(deps: ExchangeDeps): Endpoint {
  const { units } = deps.tokens;
  return {
    takes: (form) => form.get('grant_type') === CODE_GRANT && hasOnly(form, PARAMETERS) && isOpaque(form.get('code')),

    async answer(form, { client }) {
      if (!mayUse(CODE_GRANT, client)) return undefined;
      const value = form.get('code') ?? '';
      const passes = ({ token }: Authorization) =>
        isSentBack(form, token.remainder) && isOfBeginner(form, token.remainder);
      const resource = form.get('resource');
      return units.run(() => exchange(deps, { kind: CODE_GRANT, value, client, resource, passes }));
    },
  };
}

type Remainder = Readonly<Record<string, unknown>>;

const isSentBack = (form: Form, { redirectUri }: Remainder): boolean =>
  redirectUri !== undefined && form.get('redirect_uri') === redirectUri;

/** Who exchanges the code is who began: a verifier for each challenge, and none where there is no challenge. */
function isOfBeginner(form: Form, { codeChallenge, codeChallengeMethod }: Remainder): boolean {
  const verifier = form.get('code_verifier');
  if (codeChallenge === undefined && verifier === undefined) return true;
  if (codeChallengeMethod !== 'S256' || verifier === undefined || !VERIFIER.test(verifier)) return false;
  const challenged = Buffer.from(String(codeChallenge));
  const made = Buffer.from(hash('sha256', verifier, 'base64url'));
  return challenged.length === made.length && timingSafeEqual(challenged, made);
}
