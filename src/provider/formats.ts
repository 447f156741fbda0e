import type { Configuration } from 'oidc-provider';
import type { Apis } from '#src/apis/index.ts';
import { Unavailable } from '#src/db/index.ts';
import type { Keys } from '#src/keys/index.ts';
import { completeJwt, type StatusLists, type UnsignedJwt } from '#src/tokens/index.ts';
import { TemporarilyUnavailable } from './errors.ts';

interface FormatsDeps {
  readonly apis: Apis;
  readonly keys: Pick<Keys, 'keepFor'>;
  readonly statusLists: StatusLists;
}

type Formats = NonNullable<Configuration['formats']>;

/** JWT access tokens as their API wants them: what they say beyond the engine's claims. */
export function formats({ apis, ...deps }: FormatsDeps): Formats {
  return {
    customizers: {
      async jwt(_ctx, { aud }, jwt) {
        try {
          const api = typeof aud === 'string' ? await apis.find(aud) : undefined;
          if (api) await completeJwt(deps, api, jwt as UnsignedJwt);
        } catch (error) {
          throw error instanceof Unavailable ? new TemporarilyUnavailable(error) : error;
        }
      },
    },
  };
}
