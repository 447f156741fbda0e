/**
 * What a JWT access token says beyond the engine's claims, as its API wants it: where verifiers that never ask us find out
 * whether it still lives (`status`, Token Status List), and whether it has a name (`jti`).
 */
import type { JWTPayload } from 'jose';
import type { Configuration } from 'oidc-provider';
import type { Apis } from '#src/apis/index.ts';
import { randomId } from '#src/crypto/index.ts';
import { Unavailable } from '#src/db/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { StatusEntry, StatusLists } from '#src/tokens/index.ts';
import { TemporarilyUnavailable } from './errors.ts';

interface StatusDeps {
  readonly apis: Apis;
  readonly keys: Pick<Keys, 'keepFor'>;
  readonly statusLists: StatusLists;
}

/** What the engine is about to sign. */
interface StructuredToken {
  header?: Record<string, unknown>;
  payload: JWTPayload & { iat: number; exp: number };
}

type Formats = NonNullable<Configuration['formats']>;

export function formats({ apis, keys, statusLists }: StatusDeps): Formats {
  async function customize(token: { aud?: unknown }, jwt: StructuredToken): Promise<void> {
    const api = typeof token.aud === 'string' ? await apis.find(token.aud) : undefined;
    if (!api) return;
    const { payload } = jwt;
    await keys.keepFor(api.signingAlg, payload.exp - payload.iat);
    if (!api.includeJti) delete payload.jti;
    if (api.includeStatus) {
      const { list, index } = await statusLists.take();
      payload.status = { status_list: { idx: index, uri: statusLists.uriOf(list) } };
    } else if (!api.includeJti) {
      // With neither, two tokens of one second would be one and the same, and revoking one would revoke both.
      jwt.header = { nonce: randomId() };
    }
  }

  return {
    customizers: {
      async jwt(_ctx, token, jwt) {
        try {
          await customize(token, jwt as StructuredToken);
        } catch (error) {
          throw error instanceof Unavailable ? new TemporarilyUnavailable(error) : error;
        }
      },
    },
  };
}

/** The entry that a token of ours refers to; a list's number ends its URI. */
export function statusOf(claims: JWTPayload): StatusEntry | undefined {
  const { status_list: entry } = (claims.status ?? {}) as { status_list?: { idx: number; uri: string } };
  return entry && { list: Number(entry.uri.slice(entry.uri.lastIndexOf('/') + 1)), index: entry.idx };
}
