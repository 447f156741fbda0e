import { beforeAll, describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/database.ts';
import { callApi } from '../support/people.ts';
import { begin, expectDead, personWithTotp, withHeadless } from './support.ts';

/** All that a token may do before its sign-in is finished (contract.md, "Headless sign-in"). */
const ALLOWED = [
  'DELETE /session',
  'GET /session',
  'POST /authenticate/enroll_totp',
  'POST /authenticate/enroll_webauthn',
  'POST /authenticate/new_password',
  'POST /authenticate/recovery_code',
  'POST /authenticate/totp',
  'POST /authenticate/webauthn',
];

describe.each(ENGINES)('the token of an unfinished sign-in, on %s', (engine) => {
  const headless = withHeadless(engine);
  let operations: {
    name: string;
    method: string;
    path: string;
    security: Record<string, string[]>[];
    audit?: string[];
  }[];
  let token: string;

  beforeAll(async () => {
    const { server } = headless();
    const { paths } = (await callApi(server, 'GET', '/openapi.json')).body;
    operations = Object.entries<any>(paths).flatMap(([path, methods]) =>
      Object.entries<any>(methods).map(([verb, { security, 'x-audit-actions': audit }]) => {
        const method = verb.toUpperCase();
        return { name: `${method} ${path}`, method, path: path.replace(/\{\w+\}/g, 'x'), security, audit };
      }),
    );
    token = (await begin(server, await personWithTotp(headless()))).token;
  });

  const ask = ({ method, path }: { method: string; path: string }) =>
    callApi(headless().server, method, path, { token, ...(method !== 'GET' && method !== 'DELETE' && { body: {} }) });

  test('may do exactly this', async () => {
    const bySession = operations.filter(({ security }) => security.some((one) => 'session_token' in one));
    expect(bySession.length).toBeGreaterThan(20);
    const taken: string[] = [];
    // Signing out comes last: after it the token is worth nothing.
    const inOrder = [...bySession].sort(
      (a, b) => Number(a.name === 'DELETE /session') - Number(b.name === 'DELETE /session'),
    );
    for (const operation of inOrder) {
      const { status, headers } = await ask(operation);
      const challenge = headers.get('www-authenticate');
      if (challenge === 'Bearer error="insufficient_user_authentication"') expect(status).toBe(401);
      else taken.push(operation.name);
    }
    expect(taken.sort()).toEqual(ALLOWED);
    expectDead(await ask({ method: 'GET', path: '/session' }));
  });

  test('is no access token', async () => {
    const byAccess = operations.filter(({ security }) => security.some((one) => 'oauth2' in one));
    expect(byAccess.length).toBeGreaterThan(30);
    for (const operation of byAccess) expectDead(await ask(operation));
  });

  test('every operation that changes something says what the audit log calls it', () => {
    const changing = operations.filter(({ method }) => method !== 'GET');
    const silent = changing.filter(({ audit }) => audit === undefined || audit.length === 0);
    // A challenge is nothing that would be kept.
    expect(silent.map(({ name }) => name)).toEqual(['POST /authenticate/options']);
    for (const action of new Set(changing.flatMap(({ audit = [] }) => audit))) {
      expect(action).toMatch(/^(login|[a-z_]+\.[a-z_]+)$/);
    }
    const auditOf = (name: string) => operations.find((operation) => operation.name === name)?.audit;
    expect(auditOf('PATCH /users/{id}')).toEqual(['user.update']);
    expect(auditOf('POST /me/totp')).toEqual(['totp.enroll', 'recovery_codes.generate']);
  });
});
