import { describe, expect, test } from '@jest/globals';
import { createAuthenticator } from '../support/authenticator.ts';
import { ENGINES } from '../support/database.ts';
import { ISSUER, withRoom } from './room.ts';

describe.each(ENGINES)("an administrator's reset of second factors, on %s", (engine) => {
  const room = withRoom(engine);

  test('takes everything of this account and nothing of another', async () => {
    const { factors, withTotp } = room();
    const [ann, bob] = [await withTotp(), await withTotp()];
    for (const owner of [ann, bob]) {
      await factors.recoveryCodes.generate(owner.id);
      const options = await factors.webauthn.registrationOptions(owner, 'here');
      await factors.webauthn.register(owner, 'here', createAuthenticator().create(options, ISSUER), 'Key');
    }
    const before = await factors.of(bob.id);
    expect(before).toMatchObject({ totp: {}, passkeys: [{ name: 'Key' }], recoveryCodesLeft: 10 });

    await factors.removeAll(ann.id);
    expect(await factors.of(ann.id)).toEqual({
      totp: undefined,
      passkeys: [],
      recoveryCodesLeft: 0,
      recoveryCodesCreatedAt: undefined,
    });
    expect(await factors.of(bob.id)).toEqual(before);
  });

  test('everything goes with its account', async () => {
    const { db, factors, withTotp } = room();
    const ann = await withTotp();
    await factors.recoveryCodes.generate(ann.id);
    await db.query('delete from users where id = $1', [ann.id]);
    expect(await factors.of(ann.id)).toMatchObject({ totp: undefined, recoveryCodesLeft: 0 });
  });
});
