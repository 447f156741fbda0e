/** What becomes of a token request that another one overtook between its checks and its commit. */
import type { KoaContextWithOIDC } from 'oidc-provider';
import { CODE_GRANT, REFRESH_GRANT } from '#src/oauth/grant-types.ts';
import type { GuardFailed, Tokens } from '#src/tokens/index.ts';
import type { ProviderDeps } from './deps.ts';
import { recordReuse, repeatedAnswer, reuseOf } from './grants/refresh-token.ts';

/**
 * The loser of a race for a refresh token asked the same as the winner, so it gets the winner's answer; where it may not,
 * it is a reuse. The loser of a race for a code is that code's second use (RFC 6749 §4.1.2): what the first gave ends.
 *
 * @returns the token response, or undefined when the request stays refused
 */
export async function settleLostRace(
  ctx: object,
  { audit, tokens }: Pick<ProviderDeps, 'audit' | 'tokens'>,
  failed: GuardFailed,
): Promise<object | undefined> {
  const { oidc } = ctx as Partial<KoaContextWithOIDC>;
  const { grantId, consumes } = failed;
  if (consumes === undefined || grantId === undefined) return undefined;

  switch (oidc?.params?.grant_type) {
    case CODE_GRANT: {
      // Refused for another reason (a proof seen before, a user disabled meanwhile), the code was not used twice.
      const code = await tokens.find(String(oidc.params.code));
      if (code?.consumedAt !== undefined) await endGrant(tokens, grantId);
      return undefined;
    }

    case REFRESH_GRANT: {
      const value = String(oidc.params.refresh_token);
      const token = await tokens.find(value);
      // Not used by somebody else but ended meanwhile: a revocation won.
      if (token?.consumedAt === undefined) return undefined;
      const repeated = await repeatedAnswer(ctx as KoaContextWithOIDC, tokens, value, token);
      if (repeated) return repeated;
      await endGrant(tokens, grantId, () => tokens.units.open().events.push(reuseOf(token)));
      await recordReuse(audit, ctx as KoaContextWithOIDC, token);
      return undefined;
    }
  }
  return undefined;
}

async function endGrant(tokens: Tokens, grantId: string, also: () => void = () => {}): Promise<void> {
  await tokens.units.run(async () => {
    tokens.units.open().endedGrants.add(grantId);
    also();
  });
}
