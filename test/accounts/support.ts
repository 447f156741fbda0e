/** Signing in by the password grant: the shortest way to ask whether a password is right. */
import { randomBytes } from 'node:crypto';
import { beforeAll } from '@jest/globals';
import { token } from '../endpoints/protocol.ts';
import { type AdminApi, adminApi, type RegisteredClient, registerClient } from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';

export interface Place {
  readonly server: Server;
  readonly api: AdminApi;
  readonly app: RegisteredClient;
  /** `new password`: the right one, and another one is wanted first. */
  signIn(username: string, password: string, at?: Server): Promise<'in' | 'new password' | 'refused'>;
}

export function withPlace(engine: Engine, env: Record<string, string> = {}): () => Place {
  let place: Place | undefined;
  beforeAll(async () => {
    place = await openPlace(await startServer({ engine, env }));
  });
  return () => {
    if (!place) throw new Error('the server has not started');
    return place;
  };
}

export async function openPlace(server: Server): Promise<Place> {
  const api = await adminApi(server);
  const asking = { grant_types: ['password'], redirect_uris: [], response_types: [], scope: 'openid' };
  const app = await registerClient(api, asking);
  return {
    server,
    api,
    app,
    async signIn(username, password, at = server) {
      const grant = { grant_type: 'password', username, password, scope: 'openid' };
      const { status, body } = await token(at, grant, { as: app });
      if (status === 200) return 'in';
      if (body.error === 'interaction_required') return 'new password';
      if (status === 400 && body.error === 'invalid_grant') return 'refused';
      throw new Error(`neither in nor refused: ${status} ${JSON.stringify(body)}`);
    },
  };
}

/** A password that keeps every rule there is. */
export function newPassword(): string {
  const password = `Pw-1-${randomBytes(12).toString('hex')}`;
  remember(password);
  return password;
}

export const newName = () => `u${randomBytes(6).toString('hex')}`;

/** Why sign-ins of this user failed, newest first: what nobody but the log was told. */
export async function reasonsFor({ api }: Place, id: string): Promise<string[]> {
  const { status, body } = await api.get(`/audit?limit=500&action=login&outcome=failure&target=user:${id}`);
  if (status !== 200) throw new Error(`no audit log: ${status}`);
  return body.items.map(({ reason }: { reason: string }) => reason);
}
