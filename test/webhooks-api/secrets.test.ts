import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createSeals } from '#src/crypto/index.ts';
import { createSigningSecrets, newSecret, sealShared } from '#src/webhooks/secrets.ts';
import { sharedSecretSeal, signingSecretSeal } from '#src/webhooks/webhook.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { NOBODY, withWebhooks } from './support.ts';

describe.each(ENGINES)('/webhooks/:id/secrets on %s', (engine) => {
  const world = withWebhooks(engine);
  const api = () => world().api;
  const pathOf = async () => `/webhooks/${(await world().make()).id}/secrets`;
  const listed = async (path: string) => (await api().get(path)).body.items;

  test('a new one is shown once, and the one before it ends in a day', async () => {
    const path = await pathOf();
    const { status, body, headers } = await api().post(path);
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.any(String),
        signing_secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
        created_at: expect.any(String),
        expires_at: null,
      },
    });
    expect(headers.get('location')).toBe(`/api/v1${path}/${body.id}`);
    const { signing_secret, ...shown } = body;
    const [young, old] = await listed(path);
    expect(young).toEqual(shown);
    expect(Object.keys(old).sort()).toEqual(['created_at', 'expires_at', 'id']);
    expect(Math.abs(Date.parse(old.expires_at) - Date.now() - 86_400_000)).toBeLessThan(60_000);
  });

  test('or at once, when it leaked', async () => {
    const path = await pathOf();
    const { body } = await api().post(path, { expires_previous_in: 0 });
    expect((await listed(path)).map(({ id }: { id: string }) => id)).toEqual([body.id]);
  });

  test('a third one has to wait, or end the others', async () => {
    const path = await pathOf();
    await api().post(path);
    expect(await api().post(path, { expires_previous_in: 604_800 })).toMatchObject({ status: 409 });
    expect(await listed(path)).toHaveLength(2);
    expect(await api().post(path, { expires_previous_in: 0 })).toMatchObject({ status: 201 });
    expect(await listed(path)).toHaveLength(1);
  });

  test('rotations at the same moment never leave three', async () => {
    const path = await pathOf();
    const answers = await Promise.all(Array.from({ length: 8 }, () => api().post(path)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
    expect(await listed(path)).toHaveLength(2);
  });

  test('the previous one can be ended sooner, the newest cannot: something has to sign', async () => {
    const path = await pathOf();
    const [only] = await listed(path);
    expect(await api().delete(`${path}/${only.id}`)).toMatchObject({ status: 409 });
    const { body: young } = await api().post(path);
    expect(await api().delete(`${path}/${young.id}`)).toMatchObject({ status: 409 });
    expect(await api().delete(`${path}/${only.id}`)).toMatchObject({ status: 204 });
    expect(await api().delete(`${path}/${only.id}`)).toMatchObject({ status: 404 });
    expect(await listed(path)).toHaveLength(1);
  });

  test('the secret of another webhook is none of this one', async () => {
    const [path, other] = [await pathOf(), await pathOf()];
    await api().post(other);
    for (const { id } of await listed(other)) {
      expect(await api().delete(`${path}/${id}`)).toMatchObject({ status: 404 });
    }
    expect(await listed(other)).toHaveLength(2);
    expect(await api().delete(`${path}/${NOBODY}`)).toMatchObject({ status: 404 });
  });

  test.each([-1, 604_801, 1.5])('%d seconds are refused', async (expires_previous_in) => {
    const { status } = await api().post(await pathOf(), { expires_previous_in });
    expect([400, 422]).toContain(status);
  });
});

describe.each(ENGINES)('the secrets of a webhook at rest on %s', (engine) => {
  const database = withDatabase(engine);

  test('move under the newest key, so that the old one can be given up', async () => {
    const db = database();
    const [old, young] = [randomBytes(32), randomBytes(32)];
    const before = createSeals([old]);
    const { id, value, sealed } = newSecret(before);
    await db.query(
      `insert into webhooks (id, url, format, event_types, shared_secret, position, created_by)
       values ($1, 'https://ops.example', 'notification', '{token.issued}', $2, 0, 'client:a')`,
      [NOBODY, sealShared(before, NOBODY, 'a shared secret')],
    );
    await db.query('insert into webhook_secrets (id, webhook_id, sealed) values ($1, $2, $3)', [id, NOBODY, sealed]);

    expect(await createSigningSecrets({ db, seals: createSeals([young]) }).resealOld()).toBe(2);
    expect(await createSigningSecrets({ db, seals: createSeals([young, old]) }).resealOld()).toBe(0);

    const { rows } = await db.query<{ shared_secret: Buffer; sealed: Buffer }>(
      'select shared_secret, sealed from webhooks join webhook_secrets on webhook_id = webhooks.id',
    );
    const after = createSeals([young]);
    const [row] = rows;
    expect(after.open(row?.shared_secret as Buffer, sharedSecretSeal(NOBODY)).toString()).toBe('a shared secret');
    expect(after.open(row?.sealed as Buffer, signingSecretSeal(id)).toString()).toBe(value);
  });
});
