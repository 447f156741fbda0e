/**
 * The way through a sign-in (`src/interactions/`, `src/provider/late-sessions.ts`): see `seams.test.ts`.
 */
import { describe, expect, test } from '@jest/globals';
import type Provider from 'oidc-provider';
import { errors, type InteractionResults } from 'oidc-provider';
import { type BareEngine, bareEngine, CLIENT, REDIRECT_URI } from './bare-engine.ts';

const MACHINE = { grant_type: 'client_credentials' };
/** What the engine's types leave out of Session. */
interface Saved {
  readonly uid: string;
  readonly jti: string;
  save(ttl: number): Promise<string>;
  resetIdentifier(): void;
}

describe('interactions/: the way through a sign-in', () => {
  async function untilLogin(engine: BareEngine) {
    const asked = new URLSearchParams({
      client_id: CLIENT.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
    });
    const response = await fetch(`${engine.url}/auth?${asked}`, { redirect: 'manual' });
    const uid = response.headers.get('location')?.split('/').at(-1) ?? '';
    const cookie = response.headers
      .getSetCookie()
      .map((header) => header.split(';')[0])
      .join('; ');
    return { uid, cookie };
  }

  /** A page of ours at the interaction's URL, which answers at once. */
  const answering =
    (made: { provider?: Provider }, result: InteractionResults) => async (ctx: any, next: () => Promise<unknown>) => {
      if (!ctx.path.startsWith('/interaction/') || !made.provider) return next();
      const details = await made.provider.interactionDetails(ctx.req, ctx.res).catch((error: Error) => error);
      if (details instanceof Error) {
        ctx.body = { found: details instanceof errors.SessionNotFound ? 'nothing' : String(details) };
        return undefined;
      }
      const returnTo = await made.provider.interactionResult(ctx.req, ctx.res, result, {
        mergeWithLastSubmission: true,
      });
      ctx.body = { returnTo, prompt: details.prompt.name, params: details.params, uid: details.uid };
    };

  test('interactionDetails wants the cookie and says SessionNotFound without; interactionResult leads back to the route', async () => {
    const made: { provider?: Provider } = {};
    const engine = await bareEngine({ before: [answering(made, { login: { accountId: 'ann', amr: ['pwd'] } })] });
    made.provider = engine.provider;
    const { uid, cookie } = await untilLogin(engine);
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${engine.url}/interaction/${uid}`, { headers })).json() as Promise<any>;
    expect(await ask({})).toEqual({ found: 'nothing' });
    expect(await ask({ cookie })).toMatchObject({
      uid,
      prompt: 'login',
      params: { client_id: CLIENT.client_id, scope: 'openid' },
      returnTo: `${engine.url}/auth/${uid}`,
    });
    const stored = engine.rows.get(`Interaction:${uid}`);
    expect(stored).toMatchObject({ returnTo: `${engine.url}/auth/${uid}`, result: { login: { accountId: 'ann' } } });
  });

  test('the session is saved with its account, and the interaction that follows copies the session’s cookie, which ours drops', async () => {
    const made: { provider?: Provider } = {};
    const engine = await bareEngine({ before: [answering(made, { login: { accountId: 'ann' } })] });
    made.provider = engine.provider;
    const { uid, cookie } = await untilLogin(engine);
    await fetch(`${engine.url}/interaction/${uid}`, { headers: { cookie } });
    engine.calls.length = 0;
    await fetch(`${engine.url}/auth/${uid}`, { headers: { cookie }, redirect: 'manual' });
    const first = engine.calls.filter(({ model, method }) => model === 'Session' && method === 'upsert').at(0);
    expect(first?.payload).toMatchObject({ accountId: 'ann', uid: expect.any(String) });
    const interaction = engine.calls.find(({ model, method }) => model === 'Interaction' && method === 'upsert');
    expect(interaction?.payload?.session).toMatchObject({ accountId: 'ann', cookie: expect.any(String) });
  });

  test('resetIdentifier then save destroys the old cookie’s row before it writes the new one, under the same uid', async () => {
    const engine = await bareEngine();
    const session = new engine.provider.Session() as unknown as Saved;
    await session.save(60);
    const { uid, jti: old } = session;
    engine.calls.length = 0;
    session.resetIdentifier();
    await session.save(60);
    expect(engine.calls).toMatchObject([
      { model: 'Session', method: 'destroy', id: old },
      { model: 'Session', method: 'upsert', id: session.jti, payload: { uid } },
    ]);
  });
});

describe('late-sessions.ts: a refused device form without a session', () => {
  test('Provider.ctx is the request’s context within it, and undefined outside', async () => {
    const seen: unknown[] = [];
    const engine = await bareEngine({
      configuration: {
        extraTokenClaims: (ctx) => {
          seen.push((engine.provider.constructor as typeof Provider).ctx === ctx);
          return undefined;
        },
      },
    });
    await engine.post('/token', MACHINE);
    expect(seen).toEqual([true]);
    expect((engine.provider.constructor as typeof Provider).ctx).toBeUndefined();
  });

  test('the engine cannot persist a session that it never saved; when it can, late-sessions.ts may go', async () => {
    const { provider } = await bareEngine();
    const session = new provider.Session() as unknown as { persist(): Promise<void> };
    await expect(session.persist()).rejects.toThrow(TypeError);
  });
});
