/** What stands behind the account page and the sign-in steps, asked directly: races, and what no page shows. */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import bcrypt from 'bcrypt';
import { type Account, type Accounts, createAccounts, createGuesses } from '#src/accounts/index.ts';
import { createDigests, createPasswordHasher, type PasswordHasher, PasswordQueueFull } from '#src/crypto/index.ts';
import { Invalid, NotFound } from '#src/oauth/problems.ts';
import { createPolicies } from '#src/policies/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { remember } from '../support/vault.ts';
import { newName, newPassword } from './support.ts';

const SESSION = 'a-session';
const NOBODY = '00000000-0000-0000-0000-000000000000';

describe.each(ENGINES)('an own account on %s', (engine) => {
  const database = withDatabase(engine);
  const digests = createDigests([randomBytes(32)]);
  let passwords: PasswordHasher;
  let accounts: Accounts;
  const over = (hasher: PasswordHasher) => {
    const db = database();
    const [policies, guesses] = [createPolicies({ db }), createGuesses({ db, digests })];
    const mail = { enabled: false, send() {} };
    return createAccounts({ db, digests, passwords: hasher, policies, guesses, mail, issuer: 'https://id.example' });
  };
  beforeAll(async () => {
    passwords = createPasswordHasher(2);
    accounts = over(passwords);
  });

  async function someone(password = newPassword()): Promise<Account & { password: string }> {
    const profile = { username: newName(), email: undefined, name: undefined, claims: {} };
    return { ...(await accounts.create({ ...profile, password: { password }, disabled: false })), password };
  }
  const rightWith = async ({ username }: Account, password: string) =>
    (await accounts.authenticate(username, password)).outcome === 'right';

  test('the password is changed with the present one, and the new one is not the old one', async () => {
    const user = await someone();
    const next = newPassword();
    const wrong = await accounts.changePassword(user.id, newPassword(), next, SESSION);
    expect(wrong).toMatchObject({ outcome: 'refused', reason: 'wrong_password', accountId: user.id });
    await expect(accounts.changePassword(user.id, user.password, user.password, SESSION)).rejects.toThrow(Invalid);
    await expect(accounts.changePassword(user.id, user.password, 'qwertyuiop', SESSION)).rejects.toThrow('most common');
    expect(await rightWith(user, user.password)).toBe(true);
    const changed = await accounts.changePassword(user.id, user.password, next, SESSION);
    expect(changed).toMatchObject({ outcome: 'right', wantsNewPassword: false });
    expect(await rightWith(user, user.password)).toBe(false);
    expect(await rightWith(user, next)).toBe(true);
    await expect(accounts.changePassword('nobody', next, newPassword(), SESSION)).rejects.toThrow(NotFound);
    await expect(accounts.changePassword(NOBODY, next, newPassword(), SESSION)).rejects.toThrow(NotFound);
  });

  test('guesses of the present password shut the session out that made them, and nobody else', async () => {
    const user = await someone();
    for (let n = 0; n < 9; n += 1) await accounts.changePassword(user.id, newPassword(), newPassword(), SESSION);
    const last = await accounts.changePassword(user.id, newPassword(), newPassword(), SESSION);
    expect(last).toMatchObject({ outcome: 'refused', lockedNow: true });
    expect(await rightWith(user, user.password)).toBe(true);
    expect(await accounts.changePassword(user.id, user.password, newPassword(), SESSION)).toMatchObject({
      reason: 'locked',
    });
  });

  test('of two changes at once one has happened', async () => {
    const user = await someone();
    const wanted = [newPassword(), newPassword(), newPassword()];
    const verdicts = await Promise.all(
      wanted.map((next) => accounts.changePassword(user.id, user.password, next, SESSION)),
    );
    const winners = wanted.filter((_, n) => verdicts[n]?.outcome === 'right');
    expect(winners).toHaveLength(1);
    for (const next of wanted) expect(await rightWith(user, next)).toBe(next === winners[0]);
  });

  test('who was asked for another password has not given it by typing the old one again', async () => {
    const user = await someone();
    await accounts.update(user.id, { profile: (present) => present, mustChangePassword: true });
    expect(await accounts.authenticate(user.username, user.password)).toMatchObject({ wantsNewPassword: true });
    await expect(accounts.setPassword(user.id, user.password)).rejects.toThrow('must not be the present one');
    const next = newPassword();
    const before = Date.now() - 1_000;
    const account = await accounts.setPassword(user.id, next);
    expect(account.mustChangePassword).toBe(false);
    expect(account.passwordChangedAt?.getTime()).toBeGreaterThan(before);
    expect(await accounts.authenticate(user.username, next)).toMatchObject({
      outcome: 'right',
      wantsNewPassword: false,
    });
    await expect(accounts.setPassword(NOBODY, newPassword())).rejects.toThrow(NotFound);
  });

  test('a link is good for its time and for one password', async () => {
    const user = await someone();
    const { token, link, expiresAt } = await accounts.resets.create(user.id, 60);
    remember(token);
    expect(link).toBe(`https://id.example/account/reset/${token}`);
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now() + 50_000);
    expect(await accounts.resets.find(token)).toMatchObject({ id: user.id });
    await expect(accounts.resets.redeem(token, 'qwertyuiop')).rejects.toThrow(Invalid);
    const wanted = [newPassword(), newPassword(), newPassword()];
    const redeemed = await Promise.all(wanted.map((next) => accounts.resets.redeem(token, next)));
    expect(redeemed.filter((account) => account !== undefined)).toMatchObject([{ id: user.id }]);
    expect(await accounts.resets.find(token)).toBeUndefined();

    const late = await accounts.resets.create(user.id, 60);
    remember(late.token);
    await database().query(`update password_resets set expires_at = now() where account_id = $1`, [user.id]);
    expect(await accounts.resets.find(late.token)).toBeUndefined();
    expect(await accounts.resets.redeem(late.token, newPassword())).toBeUndefined();
  });

  test('a device is known to whom it belongs, by its cookie, for a year', async () => {
    const [user, other] = [await someone(), await someone()];
    const cookie = await accounts.devices.remember(user.id, undefined);
    remember(cookie);
    expect(cookie).toMatch(/^[\w-]{43}$/);
    const id = await accounts.devices.recognise(user.id, cookie);
    expect(id).toEqual(expect.any(String));
    expect(await accounts.devices.recognise(other.id, cookie)).toBeUndefined();
    expect(await accounts.devices.remember(other.id, cookie)).toBe(cookie);
    expect(await accounts.devices.recognise(other.id, cookie)).toBe(id);
    expect(await accounts.devices.remember(user.id, 'made up')).not.toBe('made up');
    for (const unknown of [undefined, '', 'made up', 'x'.repeat(43)]) {
      expect(await accounts.devices.recognise(user.id, unknown)).toBeUndefined();
    }
    await database().query(`update devices set last_used_at = now() - interval '366 days'`);
    expect(await accounts.devices.recognise(user.id, cookie)).toBeUndefined();
    await accounts.devices.remember(NOBODY, undefined);
  });

  test('what finds the queue full is not counted', async () => {
    const user = await someone();
    const full: PasswordHasher = { ...passwords, inTurn: () => Promise.reject(new PasswordQueueFull()) };
    for (let n = 0; n < 12; n += 1) {
      await expect(over(full).authenticate(user.username, newPassword())).rejects.toThrow(PasswordQueueFull);
    }
    expect(await rightWith(user, user.password)).toBe(true);
  });

  test('an imported hash that another change has replaced meanwhile is not put back', async () => {
    const [password, next] = [newPassword(), newPassword()];
    const user = await someone();
    await accounts.update(user.id, {
      profile: (present) => present,
      password: { passwordHash: await bcrypt.hash(password, 4) },
    });
    const raced: PasswordHasher = {
      ...passwords,
      async hash(text) {
        if (text === password) await accounts.setPassword(user.id, next);
        return passwords.hash(text);
      },
    };
    expect(await over(raced).authenticate(user.username, password)).toMatchObject({ outcome: 'right' });
    expect(await rightWith(user, next)).toBe(true);
    expect(await rightWith(user, password)).toBe(false);
  });

  test('every refusal takes the same statements and one look at a hash', async () => {
    const [user, disabled, without, locked] = [await someone(), await someone(), await someone(), await someone()];
    await accounts.disable(disabled.id, null);
    await accounts.update(without.id, { profile: (present) => present, password: null });
    for (let n = 0; n < 10; n += 1) await accounts.authenticate(locked.username, newPassword());
    const cookie = 'c'.repeat(43);
    const trace: string[] = [];
    const db = database();
    const watched: typeof db = {
      ...db,
      query(text, values) {
        trace.push(text);
        return db.query(text, values);
      },
    };
    const [policies, guesses] = [createPolicies({ db }), createGuesses({ db: watched, digests })];
    await policies.get('default');
    const hasher: PasswordHasher = {
      ...passwords,
      inTurn: (work) =>
        passwords.inTurn((verify) =>
          work((hash, spellings) => {
            trace.push(`a look at ${spellings.length}`);
            return verify(hash, spellings);
          }),
        ),
    };
    const mail = { enabled: false, send() {} };
    const looked = createAccounts({
      db: watched,
      digests,
      passwords: hasher,
      policies,
      guesses,
      mail,
      issuer: 'https://id.example',
    });
    const traceOf = async (username: string) => {
      trace.length = 0;
      expect(await looked.authenticate(username, 'certainly not this one', cookie)).toMatchObject({
        outcome: 'refused',
      });
      return [...trace];
    };
    const expected = await traceOf(user.username);
    expect(expected).toHaveLength(5);
    for (const { username } of [disabled, without, locked, { username: newName() }, { username: '\u0007' }]) {
      expect(await traceOf(username)).toEqual(expected);
    }
  });

  test('of themselves people change name and address, within reason', async () => {
    const user = await someone();
    const own = { name: 'Ann Example', email: 'ann@example.com' };
    expect(await accounts.updateOwnProfile(user.id, own)).toMatchObject(own);
    expect(await accounts.updateOwnProfile(user.id, { name: 'Ann' })).toMatchObject({ ...own, name: 'Ann' });
    const none = await accounts.updateOwnProfile(user.id, { name: null, email: null });
    expect(none).toMatchObject({ name: undefined, email: undefined, username: user.username });
    for (const email of [
      'nowhere',
      'a@b',
      'a@example.com, b@example.com',
      'a@example.com\nBcc: b',
      'Ann <a@b.example>',
    ]) {
      await expect(accounts.updateOwnProfile(user.id, { ...own, email })).rejects.toThrow('email');
    }
    for (const name of ['', ' ', 'a\u0007b', 'x'.repeat(201)]) {
      await expect(accounts.updateOwnProfile(user.id, { ...own, name })).rejects.toThrow('name');
    }
    await expect(accounts.updateOwnProfile('nobody', own)).rejects.toThrow(NotFound);
  });
});
