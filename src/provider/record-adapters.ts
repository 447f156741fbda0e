/** The engine's other models: grants, browser sessions, interactions, and the memory of proofs already seen. */
import type { AdapterPayload } from 'oidc-provider';
import { openUnder, sealUnder } from '#src/crypto/index.ts';
import type { Grant, Tokens } from '#src/tokens/index.ts';
import type { ModelAdapter } from './model-adapter.ts';

const now = () => Math.floor(Date.now() / 1000);

export function grantAdapter({ units, ...tokens }: Tokens): ModelAdapter {
  return {
    async upsert(id, { accountId, clientId, exp, iat, openid, resources, rejected, rar }) {
      if (!accountId || !clientId || exp === undefined) throw new Error('the engine gave a grant without its parties');
      const consented = { openid, resources, rejected, rar };
      const grant = {
        id,
        accountId,
        clientId,
        sessionUid: undefined,
        consented,
        issuedAt: iat ?? now(),
        expiresAt: exp,
      };
      units.open().grants.set(id, grant);
    },
    async find(id) {
      const grant = await tokens.findGrant(id);
      return grant && toGrantPayload(grant);
    },
    async destroy(id) {
      units.open().endedGrants.add(id);
    },
  };
}

const toGrantPayload = ({ id, accountId, clientId, consented, issuedAt, expiresAt }: Grant): AdapterPayload => ({
  ...consented,
  kind: 'Grant',
  jti: id,
  accountId,
  clientId,
  iat: issuedAt,
  exp: expiresAt,
});

/**
 * What waits for a form of this browser (its anti-forgery secret, where it goes on, which may hold an interaction's id) is
 * sealed under the cookie: nobody but the browser that presents it needs to read it.
 */
const STATE = 'session state';

const seal = (cookie: string, state: unknown): string =>
  sealUnder(cookie, Buffer.from(JSON.stringify(state)), STATE).toString('base64url');

const open = (cookie: string, sealed: unknown): Record<string, unknown> | undefined => {
  const opened = openUnder(cookie, Buffer.from(String(sealed), 'base64url'), STATE);
  return opened && (JSON.parse(opened.toString()) as Record<string, unknown>);
};

export function sessionAdapter({ units, ...tokens }: Tokens): ModelAdapter {
  return {
    async upsert(cookie, { jti: _, kind: __, exp, state, ...payload }) {
      if (!payload.uid || exp === undefined) throw new Error('the engine gave a session without uid or end');
      units.open().putSession({
        id: tokens.idFor('session', cookie),
        uid: payload.uid,
        accountId: payload.accountId,
        payload: state ? { ...payload, state: seal(cookie, state) } : payload,
        expiresAt: exp,
      });
    },
    async find(cookie) {
      const session = await tokens.findSession(cookie);
      if (!session) return undefined;
      const { state, ...payload } = session.payload;
      return {
        ...payload,
        ...(state === undefined ? {} : { state: open(cookie, state) }),
        kind: 'Session',
        jti: cookie,
        exp: session.expiresAt,
      };
    },
    async findByUid(uid) {
      const session = await tokens.findSessionByUid(uid);
      if (!session) return undefined;
      const { state: _, ...payload } = session.payload;
      return { ...payload, kind: 'Session', exp: session.expiresAt };
    },
    async destroy(cookie) {
      units.open().endSession(tokens.idFor('session', cookie));
    },
  };
}

/**
 * An interaction's uid is half of what its browser holds (the cookie carries it too), so it is kept only as a digest:
 * `returnTo` is stored as the route it leads to. The session's cookie, which the engine copies in, is dropped: nothing
 * reads it. A pushed request is replaced by a reference to its row.
 */
export function interactionAdapter({ units, references, ...tokens }: Tokens, issuer: string): ModelAdapter {
  return {
    async upsert(uid, { jti: _, kind: __, exp, session, returnTo, parJti, ...payload }) {
      if (exp === undefined || !returnTo)
        throw new Error('the engine gave an interaction without an end or a way back');
      const { cookie: ___, ...knownSession } = session ?? {};
      const id = tokens.idFor('interaction', uid);
      const kept = {
        ...payload,
        ...(session && { session: knownSession }),
        ...(parJti && { parJti: references.referenceTo(tokens.idFor('token', parJti)) }),
        returnTo: new URL(returnTo).pathname.replace(`/${uid}`, ''),
      };
      units.open().interactions.set(id, { id, payload: kept, expiresAt: exp });
    },
    async find(uid) {
      const interaction = await tokens.findInteraction(uid);
      if (!interaction) return undefined;
      const { payload, expiresAt } = interaction;
      return {
        ...payload,
        kind: 'Interaction',
        jti: uid,
        exp: expiresAt,
        returnTo: `${issuer}${payload.returnTo}/${uid}`,
      };
    },
    async destroy(uid) {
      units.open().endedInteractions.add(tokens.idFor('interaction', uid));
    },
  };
}

/** The engine asks, then writes; two instances could both ask first. Writing is therefore a guard of the unit. */
export function replayAdapter({ units, ...tokens }: Tokens): ModelAdapter {
  return {
    async upsert(id, { exp }) {
      units.open().noteReplay({ id: tokens.idFor('replay', id), expiresAt: exp ?? now() + 60 });
    },
    async find(id) {
      return (await tokens.isReplay(id)) ? { kind: 'ReplayDetection', jti: id } : undefined;
    },
  };
}
