import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import type { Digests } from '#src/crypto/index.ts';
import { uuidBytes } from './uuid.ts';

/** WebAuthn §15.1 recommends 5 to 10 minutes where a PIN or a finger is asked for. */
const TIMEOUT_MS = 300_000;
/** What authenticators have, and what our runtime verifies: EdDSA, ES256, RS256 (RFC 9053 §2, RFC 8812 §2). */
const ALGORITHMS = [-8, -7, -257];

/** Loaded by the first ceremony: two hundred modules, for certificates most of them, that no start has to wait for. */
const library = () => import('@simplewebauthn/server');
const encoding = () => import('@simplewebauthn/server/helpers');

/** A credential that an authenticator holds already, as a browser is told of it. */
interface Known {
  readonly id: string;
  readonly transports: string[];
}

export interface Owner {
  readonly id: string;
  readonly username: string;
  readonly name?: string | undefined;
}

export interface NewCredential {
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: string[];
  readonly backedUp: boolean;
}

/** One relying party's side of WebAuthn: what is asked of browsers, and whether they answered. Knows no account's passkeys. */
export interface Ceremonies {
  creationOptions(owner: Owner, binding: string, exclude: Known[]): Promise<PublicKeyCredentialCreationOptionsJSON>;
  /** Undefined when anything is wrong with it. */
  created(accountId: string, binding: string, response: RegistrationResponseJSON): Promise<NewCredential | undefined>;
  requestOptions(binding: string, allow: Known[]): Promise<PublicKeyCredentialRequestOptionsJSON>;
  /** Undefined when anything is wrong with it. */
  signed(
    binding: string,
    response: AuthenticationResponseJSON,
    credential: { readonly publicKey: Uint8Array; readonly counter: number },
  ): Promise<{ counter: number; backedUp: boolean } | undefined>;
}

export function createCeremonies({ digests, issuer }: { digests: Digests; issuer: string }): Ceremonies {
  const { host, hostname: rpID, origin } = new URL(issuer);
  const registrationOf = (accountId: string, binding: string) =>
    ({ purpose: 'webauthn registration', value: `${accountId} ${binding}` }) as const;
  const authenticationOf = (binding: string) => ({ purpose: 'webauthn authentication', value: binding }) as const;

  /** Nothing is stored for a page view: who can ask for this challenge again is who the ceremony belongs to. */
  const challengeOf = ({ purpose, value }: { purpose: string; value: string }) =>
    new Uint8Array(digests.of(purpose, value));
  const expected = ({ purpose, value }: { purpose: string; value: string }) => ({
    expectedChallenge: (challenge: string) => digests.matches(purpose, value, Buffer.from(challenge, 'base64url')),
    expectedOrigin: origin,
    expectedRPID: rpID,
    requireUserVerification: true,
  });

  return {
    creationOptions: async (owner, binding, exclude) =>
      (await library()).generateRegistrationOptions({
        rpName: host,
        rpID,
        // Bytes that say nothing about the person (WebAuthn §14.6.1).
        userID: new Uint8Array(uuidBytes(owner.id)),
        userName: owner.username,
        userDisplayName: owner.name ?? owner.username,
        challenge: challengeOf(registrationOf(owner.id, binding)),
        timeout: TIMEOUT_MS,
        attestationType: 'none',
        excludeCredentials: exclude,
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: ALGORITHMS,
      }),

    created: (accountId, binding, response) =>
      unlessRefused(async () => {
        const { verifyRegistrationResponse } = await library();
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          ...expected(registrationOf(accountId, binding)),
          response: await withoutStatement(response),
          supportedAlgorithmIDs: ALGORITHMS,
        });
        if (!verified || registrationInfo.credential.id !== response.id) return undefined;
        const { id, publicKey, counter } = registrationInfo.credential;
        const transports = response.response.transports ?? [];
        return { id, publicKey, counter, transports, backedUp: registrationInfo.credentialBackedUp };
      }),

    requestOptions: async (binding, allow) =>
      (await library()).generateAuthenticationOptions({
        rpID,
        allowCredentials: allow,
        challenge: challengeOf(authenticationOf(binding)),
        timeout: TIMEOUT_MS,
        userVerification: 'required',
      }),

    signed: (binding, response, { publicKey, counter }) =>
      unlessRefused(async () => {
        const { verifyAuthenticationResponse } = await library();
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          ...expected(authenticationOf(binding)),
          response,
          credential: { id: response.id, publicKey: new Uint8Array(publicKey), counter },
        });
        if (!verified) return undefined;
        return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
      }),
  };
}

/** The library says no by throwing, and throws over garbage as well; to us both are one answer. It does no I/O here. */
async function unlessRefused<T>(verify: () => Promise<T>): Promise<T | undefined> {
  try {
    return await verify();
  } catch {
    return undefined;
  }
}

type Encoding = Awaited<ReturnType<typeof encoding>>;
type Encodable = Parameters<Encoding['isoCBOR']['encode']>[0];

/**
 * We ask for no attestation and trust none (WebAuthn §7.1 step 22). A statement that is sent all the same is dropped
 * unread: verifying one can mean fetching the revocation lists that its certificates name, URLs of a stranger's choice.
 */
async function withoutStatement(response: RegistrationResponseJSON): Promise<RegistrationResponseJSON> {
  const { decodeAttestationObject, isoCBOR } = await encoding();
  const given = decodeAttestationObject(new Uint8Array(Buffer.from(response.response.attestationObject, 'base64url')));
  const bare = isoCBOR.encode(
    new Map<string | number, Encodable>([
      ['fmt', 'none'],
      ['attStmt', new Map<string | number, Encodable>()],
      ['authData', given.get('authData')],
    ]),
  );
  const attestationObject = Buffer.from(bare).toString('base64url');
  return { ...response, response: { ...response.response, attestationObject } };
}
