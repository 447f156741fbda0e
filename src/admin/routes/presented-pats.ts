import { z } from 'zod';
import { Problem } from '#src/http/index.ts';
import { NOWHERE, type PatRefusal, type Pats } from '#src/pats/index.ts';
import { type AnyRoute, route } from '../route.ts';
import { covers } from '../scopes.ts';

const KNOWS = 'tokens:read';

const validation = z
  .strictObject({
    token: z.string().min(1),
    audience: z.string().min(1).max(2048).meta({ description: 'The identifier of the API that was given it' }),
  })
  .meta({ id: 'PatValidation' });
const reported = z
  .strictObject({ tokens: z.array(z.string()).min(1).max(1000).meta({ description: 'Their values' }) })
  .meta({ id: 'PatReport' });
const ended = z
  .object({ revoked: z.int().meta({ description: 'Those that lived until now' }) })
  .meta({ id: 'PatsRevoked' });

/**
 * `error="invalid_token"` would be said of the access token that the caller asks with (RFC 6750 §3.1), and a client that
 * believes it throws its own, good one away.
 */
const CHALLENGE = 'Bearer';
const REFUSED = `A 401 whose challenge names no error says that the token in the body is not good for the API. It never says anything of an access token in the header: asked with one that is not good, it is as if asked by anybody.`;

const WORDS: Record<PatRefusal, string> = {
  malformed: 'it is not written as one, or its checksum is wrong',
  unknown: 'it is none of this server',
  expired: 'its time is over',
  revoked: 'it was taken back',
  audience: 'it is for another API',
  replaced: 'a successor has taken its place',
  suspended: 'none are accepted now, at all or of its owner, or its API has none of its scopes any more',
};

export interface PresentedPatRouteDeps {
  readonly pats: Pick<Pats, 'authenticate' | 'report'>;
}

/** Personal access tokens by their value, for programs without an account here: holding one is all it takes. */
export function presentedPatRoutes({ pats }: PresentedPatRouteDeps): AnyRoute[] {
  return [
    route({
      method: 'POST',
      path: '/pats/validate',
      scope: undefined,
      insight: KNOWS,
      summary: `Whether a personal access token is good for an API; with the scope ${KNOWS} also why not`,
      description: REFUSED,
      audit: { self: ['pat.reuse'] },
      body: validation,
      status: 204,
      refuses: [401],
      async handle({ body: { token, audience }, scopes }) {
        const { refused } = await pats.authenticate(token, audience, NOWHERE);
        if (refused !== undefined) throw invalid(covers(scopes, KNOWS) ? refused : undefined);
      },
    }),
    route({
      method: 'POST',
      path: '/pats/report',
      scope: undefined,
      summary: 'Report personal access tokens that were found where they do not belong; they are revoked at once',
      audit: { self: ['pat.report'] },
      body: reported,
      status: 200,
      result: ended,
      handle: async ({ body: { tokens }, from }) => ({ revoked: await pats.report(tokens, from) }),
    }),
  ];
}

/** @param why undefined: not for everybody to know */
const invalid = (why: PatRefusal | undefined) =>
  new Problem(401, {
    detail: why === undefined ? 'the token is not good for this API' : `${why}: ${WORDS[why]}`,
    headers: { 'WWW-Authenticate': CHALLENGE },
  });
