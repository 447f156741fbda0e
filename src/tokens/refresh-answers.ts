/**
 * The answer to a refresh, kept while its client may ask for it again: whoever lost it on the way gets the identical one,
 * since a second, different pair would leave two live branches. It is sealed under a key that only the used token yields.
 */
import { openUnder, sealUnder } from '#src/crypto/index.ts';
import { DEFAULT_LIFETIMES } from '#src/oauth/lifetimes.ts';
import type { Unit } from './unit.ts';

/** What makes two refresh requests the same one: another scope or resource is another request. */
export interface RefreshRequest {
  readonly refreshToken: string;
  readonly clientId: string | undefined;
  readonly scope?: unknown;
  readonly resource?: unknown;
}

const contextOf = ({ clientId, scope, resource }: RefreshRequest): string =>
  JSON.stringify([clientId, scope ?? null, resource ?? null]);

/**
 * Writes the answer with the unit that makes it.
 *
 * @param grace seconds; 0: it is kept for nobody
 */
export function rememberAnswer(
  unit: Unit,
  request: RefreshRequest,
  response: object,
  grace: number = DEFAULT_LIFETIMES.refreshTokenGrace,
): void {
  const successor = [...unit.tokens.values()].find(({ kind }) => kind === 'refresh_token');
  if (grace === 0 || !successor || !unit.consumes) return;
  unit.answer = {
    successorId: successor.id,
    sealed: sealUnder(request.refreshToken, Buffer.from(JSON.stringify(response)), contextOf(request)),
    expiresAt: Date.now() / 1000 + grace,
  };
}

/** Undefined when it was another request that was answered so. */
export function openAnswer(request: RefreshRequest, sealed: Buffer): object | undefined {
  const opened = openUnder(request.refreshToken, sealed, contextOf(request));
  return opened && (JSON.parse(opened.toString()) as object);
}
