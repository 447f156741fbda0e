/** Introspection (RFC 7662): of tokens that are active, by those who may ask, and of what is none or is dead. */
import { type Apis, mayIntrospect } from '#src/apis/index.ts';
import { isOpaquePat, looksLikePat } from '#src/oauth/pat-value.ts';
import { type AboutPatsDeps, aboutPats } from './about-pats.ts';
import { type AboutTokensDeps, aboutTokens } from './about-tokens.ts';
import type { Endpoint } from './index.ts';
import { hasOnly } from './request/form.ts';
import { isOpaque } from './request/opaque.ts';

/** Whether this client may know anything of such a token. */
export type MayAsk = (
  clientId: string,
  token: { readonly clientId: string; readonly audience: string | undefined },
) => Promise<boolean>;

export interface IntrospectionDeps extends AboutPatsDeps, AboutTokensDeps {
  readonly apis: Apis;
}

const PARAMETERS = new Set(['token', 'token_type_hint', 'client_id', 'client_secret']);
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export function introspection(deps: IntrospectionDeps): Endpoint {
  const mayAsk: MayAsk = (clientId, token) => mayIntrospect(deps.apis, { clientId, isPublic: false }, token);
  const { aboutOpaque, aboutJwt } = aboutTokens(deps, mayAsk);
  const aboutPat = aboutPats(deps, mayAsk);

  return {
    takes: (form) => hasOnly(form, PARAMETERS),

    async answer(form, { client }) {
      const value = form.get('token') ?? '';
      if (isOpaque(value)) return aboutOpaque(value, client.id);
      if (isOpaquePat(value)) return aboutPat(value, client.id);
      return JWT.test(value) && !looksLikePat(value) ? aboutJwt(value, client.id) : undefined;
    },
  };
}
