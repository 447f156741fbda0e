import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createAuthenticator } from '../support/authenticator.ts';
import { ENGINES } from '../support/database.ts';
import { ISSUER, withRoom } from './room.ts';

describe.each(ENGINES)('second factors when MINTMARK_SECRET_KEYS change, on %s', (engine) => {
  const room = withRoom(engine);
  const newer = randomBytes(32);

  test('what is under way and what is stored goes on while the old key is still listed', async () => {
    const { factors, withTotp, account, code, keys, withKeys } = room();
    const [ann, bob] = [await withTotp(), await account()];
    const [recoveryCode = ''] = await factors.recoveryCodes.generate(ann.id);
    const { enrolment, secret } = factors.totp.begin(bob);
    const device = createAuthenticator();
    const created = device.create(await factors.webauthn.registrationOptions(ann, 'here'), ISSUER);

    const later = withKeys([newer, ...keys]);
    expect(await later.totp.verify(ann.id, code(ann.secret))).toEqual({ outcome: 'accepted' });
    expect(await later.recoveryCodes.use(ann.id, recoveryCode)).toEqual({ outcome: 'accepted' });
    expect(await later.totp.confirm(bob.id, enrolment, code(secret))).toBe('confirmed');
    expect(await later.webauthn.register(ann, 'here', created, 'Key')).toBeDefined();
    const signed = device.get(await factors.webauthn.authenticationOptions('here'), ISSUER);
    expect(await later.webauthn.verify('here', signed)).toMatchObject({ accountId: ann.id });
  });

  test('recovery codes made before do not outlive the old key, are still counted as left, and new ones work', async () => {
    const { factors, withTotp, keys, withKeys } = room();
    const ann = await withTotp();
    const [old = ''] = await factors.recoveryCodes.generate(ann.id);
    await withKeys([newer, ...keys]).totp.resealOld();
    const later = withKeys([newer]);
    expect(await later.recoveryCodes.use(ann.id, old)).toEqual({ outcome: 'refused' });
    expect((await later.of(ann.id)).recoveryCodesLeft).toBe(10);
    const [young = ''] = await withKeys([newer, ...keys]).recoveryCodes.generate(ann.id);
    expect(await later.recoveryCodes.use(ann.id, young)).toEqual({ outcome: 'accepted' });
  });

  test('secrets are sealed anew at the start, after which the old key can be given up', async () => {
    const { withTotp, code, keys, withKeys } = room();
    const ann = await withTotp();
    expect(await withKeys([newer]).totp.resealOld()).toBeGreaterThan(0);
    expect(await withKeys([newer]).totp.verify(ann.id, code(ann.secret))).toEqual({ outcome: 'refused' });

    expect(await withKeys([newer, ...keys]).totp.resealOld()).toBe(0);
    expect(await withKeys([newer]).totp.resealOld()).toBe(0);
    expect(await withKeys([newer]).totp.verify(ann.id, code(ann.secret))).toEqual({ outcome: 'accepted' });
  });
});
