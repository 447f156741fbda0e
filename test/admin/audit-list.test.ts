import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createAudit } from '#src/audit/index.ts';
import { type ApiResponse, adminApi, registerUser } from '../support/clients.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { auditLog, type Recorded, withAdministration } from './support.ts';

describe.each(ENGINES)('/audit on %s', (engine) => {
  const administration = withAdministration(engine);
  const api = () => administration().api;
  const me = () => `client:${administration().server.admin.client_id}`;

  test('is silent about reading', async () => {
    const before = await auditLog(administration());
    await api().get('/clients');
    await api().get('/audit');
    expect(await auditLog(administration())).toEqual(before);
  });

  test('is for who holds audit:read', async () => {
    const { server } = administration();
    expect(await (await adminApi(server, 'users:write')).get('/audit')).toMatchObject({ status: 403 });
    expect(await (await adminApi(server, 'audit:read')).get('/audit')).toMatchObject({ status: 200 });
  });

  test('is filtered by actor, action, target, outcome and time; all must hold', async () => {
    const { id } = await registerUser(api());
    const [user, userIs] = [`/users/${id}`, `user:${id}`];
    await api().post(`${user}/disable`);
    await sleep(5);
    const since = new Date().toISOString();
    await api().post(`${user}/enable`);
    await api().delete(`${user}/sessions/nothing`);
    const actions = async (query: Record<string, string>) =>
      (await auditLog(administration(), { target: userIs, ...query })).map(({ action }) => action);
    expect(await actions({ actor: me() })).toEqual(['user_session.end', 'user.enable', 'user.disable', 'user.create']);
    expect(await actions({ actor: me(), since })).toEqual(['user_session.end', 'user.enable']);
    expect(await actions({ outcome: 'failure' })).toEqual(['user_session.end']);
    expect(await actions({ action: 'user.disable', outcome: 'success' })).toEqual(['user.disable']);
    expect(await actions({ action: 'user.disable', outcome: 'failure' })).toEqual([]);
    expect(await actions({ actor: 'client:nobody' })).toEqual([]);
    for (const action of await auditLog(administration(), { action: 'user.disable' }))
      expect(action).toMatchObject({ action: 'user.disable' });
  });

  test('is read page by page, newest first, without gap or repetition while it grows', async () => {
    for (let i = 0; i < 20; i += 1) await api().delete('/clients/nobody');
    const all = (await auditLog(administration(), { limit: '500' })).map(({ id }) => id);
    expect(all).toEqual([...all].sort((a, b) => Number(b) - Number(a)));
    const read: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: ApiResponse = await api().get(`/audit?limit=7${cursor && `&cursor=${cursor}`}`);
      read.push(...body.items.map(({ id }: Recorded) => id));
      cursor = body.next_cursor;
      await api().delete('/clients/nobody');
    }
    expect(read).toEqual(all);
  });

  test.each(['actor=', 'outcome=maybe', 'since=yesterday', 'limit=0', 'cursor=x', 'who=me', 'action=a&action=b'])(
    'is not asked by %s',
    async (query) => {
      expect(await api().get(`/audit?${query}`)).toMatchObject({ status: 400 });
    },
  );
});

describe.each(ENGINES)('The table of the audit log on %s', (engine) => {
  const database = withDatabase(engine);

  test('is only ever added to: the database refuses everything else', async () => {
    const audit = createAudit({ db: database() });
    await audit.record({ actor: 'mintmark', action: 'test', outcome: 'success' });
    for (const statement of [
      `update audit_log set actor = 'client:somebody'`,
      'delete from audit_log',
      'truncate audit_log',
    ]) {
      await expect(database().query(statement)).rejects.toThrow('append-only');
    }
    const { items } = await audit.list({}, { after: '', limit: 10 });
    expect(items).toEqual([expect.objectContaining({ actor: 'mintmark', action: 'test', outcome: 'success' })]);
  });
});
