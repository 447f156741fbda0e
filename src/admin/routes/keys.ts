import { z } from 'zod';
import { KEY_STATES, type Keys, SIGNING_ALGS, type SigningKey } from '#src/keys/index.ts';
import { timestamp } from '../members.ts';
import { type AnyRoute, route } from '../route.ts';

const alg = z.enum(SIGNING_ALGS);

const rotation = z
  .strictObject({
    alg: alg.optional().meta({ description: 'Only keys of this algorithm; left out: of all' }),
    immediately: z.boolean().optional().meta({
      default: false,
      description: 'In an emergency: sign at once with a key that verifiers do not know yet',
    }),
  })
  .meta({ id: 'KeyRotation' });

const key = z
  .object({
    kid: z.string(),
    alg,
    state: z.enum(KEY_STATES).meta({
      description: 'current: signs; next: published, to sign later; retiring: published for what it signed',
    }),
    public_jwk: z.record(z.string(), z.unknown()),
    created_at: timestamp,
    signs_from: timestamp,
    signs_until: timestamp.nullable(),
    retires_at: timestamp.nullable().meta({ description: 'When it leaves the key set' }),
  })
  .meta({ id: 'SigningKey' });

const keyList = z.object({ items: z.array(key), next_cursor: z.null() }).meta({ id: 'SigningKeys' });

export function keyRoutes(keys: Keys): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/keys',
      scope: 'keys:write',
      summary: 'List signing keys, their public halves only',
      status: 200,
      result: keyList,
      handle: async () => toList(await keys.list()),
    }),
    route({
      method: 'POST',
      path: '/keys/rotate',
      scope: 'keys:write',
      summary: 'Publish the next signing keys now instead of when they are due; answers the newest of each algorithm',
      audit: 'key.rotate',
      details: ({ body }) => body,
      body: rotation,
      bodyOptional: true,
      status: 200,
      result: keyList,
      handle: async ({ body: { alg: only, immediately } }) =>
        toList(await keys.rotate({ algs: only && [only], immediately })),
    }),
    route({
      method: 'POST',
      path: '/keys/:kid/revoke',
      scope: 'keys:write',
      summary: 'Remove a signing key at once and refuse all it signed; answers the key that signs now',
      audit: 'key.revoke',
      target: ({ kid }) => `key:${kid}`,
      status: 200,
      result: key,
      handle: async ({ params }) => toWire(await keys.revoke(params.kid)),
    }),
  ];
}

const toList = (items: SigningKey[]): z.output<typeof keyList> => ({ items: items.map(toWire), next_cursor: null });

function toWire(shown: SigningKey): z.output<typeof key> {
  return {
    kid: shown.kid,
    alg: shown.alg,
    state: shown.state,
    public_jwk: { ...shown.publicJwk },
    created_at: shown.createdAt.toISOString(),
    signs_from: shown.signsFrom.toISOString(),
    signs_until: shown.signsUntil?.toISOString() ?? null,
    retires_at: shown.retiresAt?.toISOString() ?? null,
  };
}
