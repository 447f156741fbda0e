import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { randomId } from '#src/crypto/index.ts';
import { Conflict, NotFound } from '#src/oauth/problems.ts';
import { createCeremonies, type Owner } from './ceremony.ts';
import { parseAuthentication, parseRegistration } from './credential-response.ts';
import type { FactorsDeps } from './index.ts';
import { type Passkey, toPasskey, toPasskeyName } from './passkey.ts';
import * as passkeys from './passkey-queries.ts';
import { lockAccount } from './queries.ts';
import { removal, type Unless } from './removal.ts';
import { uuidBytes } from './uuid.ts';

const MOST_PASSKEYS = 20;

/**
 * `binding` ties a ceremony to what it is part of: an interaction, a sign-in, a browser's session. Its answer is good
 * there and nowhere else.
 */
export interface Webauthn {
  registrationOptions(account: Owner, binding: string): Promise<PublicKeyCredentialCreationOptionsJSON>;
  /**
   * @param response as it came from outside, parsed or not. Undefined when it is not what was asked for.
   * @param name an empty one becomes "Passkey"
   * @throws {Invalid} for the name; the same response can be sent again
   * @throws {Conflict} when somebody has this credential, and when the account has 20
   */
  register(
    account: { readonly id: string },
    binding: string,
    response: unknown,
    name: string,
  ): Promise<Passkey | undefined>;
  /** Without an account the browser offers what it has (discoverable credentials). */
  authenticationOptions(binding: string, accountId?: string): Promise<PublicKeyCredentialRequestOptionsJSON>;
  /**
   * The user was verified by the authenticator (PIN, finger), always.
   *
   * @param response as it came from outside, parsed or not
   * @param accountId nobody else's passkey will do
   */
  verify(
    binding: string,
    response: unknown,
    accountId?: string,
  ): Promise<{ accountId: string; passkeyId: string } | undefined>;
  /** Undefined when the account has no such passkey. @throws {Invalid} */
  rename(accountId: string, id: string, name: string): Promise<Passkey | undefined>;
  /** @returns whether there was one @throws {Conflict} with what `unless` says of what is there now */
  remove(accountId: string, id: string, unless?: Unless): Promise<boolean>;
}

export function createWebauthn({ db, digests, issuer }: FactorsDeps): Webauthn {
  const ceremonies = createCeremonies({ digests, issuer });

  async function known(accountId: string) {
    const rows = await passkeys.listPasskeys(db, accountId);
    return rows.map(({ credential_id: id, transports }) => ({ id: id.toString('base64url'), transports }));
  }

  return {
    registrationOptions: async (account, binding) =>
      ceremonies.creationOptions(account, binding, await known(account.id)),

    async register({ id: accountId }, binding, response, name) {
      const shownName = toPasskeyName(name.trim() || 'Passkey');
      const parsed = parseRegistration(response);
      const credential = parsed && (await ceremonies.created(accountId, binding, parsed));
      if (!credential) return undefined;
      const row = {
        id: randomId(),
        account_id: accountId,
        credential_id: Buffer.from(credential.id, 'base64url'),
        public_key: Buffer.from(credential.publicKey),
        counter: credential.counter,
        transports: credential.transports,
        backed_up: credential.backedUp,
        name: shownName,
      };
      const inserted = await db.transaction(async (tx) => {
        if (!(await lockAccount(tx, accountId))) throw new NotFound('user');
        return passkeys.insertPasskey(tx, row, MOST_PASSKEYS);
      });
      if (!inserted) throw new Conflict(`this passkey is registered already, or there are ${MOST_PASSKEYS}`);
      return toPasskey(inserted);
    },

    authenticationOptions: async (binding, accountId) =>
      ceremonies.requestOptions(binding, accountId === undefined ? [] : await known(accountId)),

    async verify(binding, response, accountId) {
      const parsed = parseAuthentication(response);
      const passkey = parsed && (await passkeys.findPasskey(db, Buffer.from(parsed.id, 'base64url')));
      if (!passkey || !isOwner(passkey.account_id, accountId, parsed.response.userHandle)) return undefined;
      const credential = { publicKey: passkey.public_key, counter: Number(passkey.counter) };
      const signed = await ceremonies.signed(binding, parsed, credential);
      if (!signed || !(await passkeys.usePasskey(db, passkey.id, signed.counter, signed.backedUp))) return undefined;
      return { accountId: passkey.account_id, passkeyId: passkey.id };
    },

    async rename(accountId, id, name) {
      const row = await passkeys.renamePasskey(db, accountId, id, toPasskeyName(name));
      return row && toPasskey(row);
    },

    remove: (accountId, id, unless) =>
      removal(db, accountId, (tx) => passkeys.deletePasskey(tx, accountId, id), unless),
  };
}

/** Who is not known beforehand must be named by the authenticator (WebAuthn §7.2 step 6), and never as somebody else. */
function isOwner(ownerId: string, accountId: string | undefined, userHandle: string | undefined): boolean {
  if (accountId !== undefined && accountId !== ownerId) return false;
  if (userHandle === undefined) return accountId !== undefined;
  return userHandle === uuidBytes(ownerId).toString('base64url');
}
