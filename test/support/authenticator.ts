/**
 * An authenticator in software: what a phone, a security key and the browser before it do in a WebAuthn ceremony, for
 * tests without a browser. ES256, attestation "none". Well-behaved unless told otherwise.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** How to misbehave, in one ceremony. */
export interface Misbehaviour {
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  /** Instead of one more than the last time. */
  readonly counter?: number;
  /** Whose id is hashed into the authenticator data. */
  readonly rpId?: string;
  readonly challenge?: string;
  /** `webauthn.create` or `webauthn.get` */
  readonly type?: string;
  /** Base64url; null leaves it out. */
  readonly userHandle?: string | null;
  /** A signature over something else. */
  readonly signature?: string;
  /** A statement that was not asked for. */
  readonly attestation?: { readonly fmt: string; readonly attStmt: Map<string | number, Encodable> };
}

export interface Authenticator {
  /** `navigator.credentials.create()` on a page of `origin`. @throws when it holds an excluded credential */
  create(
    options: PublicKeyCredentialCreationOptionsJSON,
    origin: string,
    misbehaviour?: Misbehaviour,
  ): RegistrationResponseJSON;
  /** `navigator.credentials.get()` on a page of `origin`. @throws when it holds none that is allowed */
  get(
    options: PublicKeyCredentialRequestOptionsJSON,
    origin: string,
    misbehaviour?: Misbehaviour,
  ): AuthenticationResponseJSON;
  /** What somebody who copied the device's memory has. */
  clone(): Authenticator;
}

interface Held {
  readonly id: Buffer;
  readonly rpId: string;
  readonly userHandle: string;
  readonly key: KeyObject;
  counter: number;
}

type Encodable = Parameters<typeof isoCBOR.encode>[0];

/** Authenticator data's flags (WebAuthn §6.1): eligible for backup and backed up, with credential data. */
const UP = 0x01;
const UV = 0x04;
const BE = 0x08;
const BS = 0x10;
const AT = 0x40;

/** @param synced like a phone's passkeys: backed up, and with a counter that stays 0 */
export function createAuthenticator({ synced = false } = {}, held: Held[] = []): Authenticator {
  const flagsOf = ({ userVerified = true, userPresent = true }: Misbehaviour) =>
    (userPresent ? UP : 0) | (userVerified ? UV : 0) | (synced ? BE | BS : 0);

  return {
    create(options, origin, misbehaviour = {}) {
      const rpId = options.rp.id ?? new URL(origin).hostname;
      const excluded = new Set(options.excludeCredentials?.map(({ id }) => id));
      if (held.some(({ id }) => excluded.has(id.toString('base64url')))) throw new Error('InvalidStateError');
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const id = randomBytes(32);
      const counter = misbehaviour.counter ?? 0;
      held.push({ id, rpId, userHandle: options.user.id, key: privateKey, counter });

      const credential = Buffer.concat([Buffer.alloc(16), uint16(id.length), id, coseKey(publicKey)]);
      const head = authenticatorData(misbehaviour.rpId ?? rpId, flagsOf(misbehaviour) | AT, counter);
      const { fmt, attStmt } = misbehaviour.attestation ?? { fmt: 'none', attStmt: new Map() };
      const attestation = new Map<string | number, Encodable>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', new Uint8Array(Buffer.concat([head, credential]))],
      ]);
      return {
        ...envelope(id),
        response: {
          clientDataJSON: clientData('webauthn.create', options.challenge, origin, misbehaviour),
          attestationObject: Buffer.from(isoCBOR.encode(attestation)).toString('base64url'),
          transports: synced ? ['hybrid', 'internal'] : ['usb'],
        },
      };
    },

    get(options, origin, misbehaviour = {}) {
      const rpId = options.rpId ?? new URL(origin).hostname;
      const allowed = new Set(options.allowCredentials?.map(({ id }) => id));
      const mine = held.filter((one) => one.rpId === rpId);
      const chosen = mine.findLast(({ id }) => allowed.size === 0 || allowed.has(id.toString('base64url')));
      if (!chosen) throw new Error('NotAllowedError');
      chosen.counter = misbehaviour.counter ?? (synced ? 0 : chosen.counter + 1);

      const data = authenticatorData(misbehaviour.rpId ?? rpId, flagsOf(misbehaviour), chosen.counter);
      const clientDataJSON = clientData('webauthn.get', options.challenge, origin, misbehaviour);
      const signed = Buffer.concat([data, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
      const { userHandle = chosen.userHandle } = misbehaviour;
      return {
        ...envelope(chosen.id),
        response: {
          clientDataJSON,
          authenticatorData: data.toString('base64url'),
          signature: misbehaviour.signature ?? sign('sha256', signed, chosen.key).toString('base64url'),
          ...(userHandle === null ? {} : { userHandle }),
        },
      };
    },

    clone: () =>
      createAuthenticator(
        { synced },
        held.map((one) => ({ ...one })),
      ),
  };
}

function envelope(id: Buffer) {
  const text = id.toString('base64url');
  return { id: text, rawId: text, type: 'public-key', clientExtensionResults: {} } as const;
}

function clientData(type: string, challenge: string, origin: string, misbehaviour: Misbehaviour): string {
  const { type: lie = type, challenge: other = challenge } = misbehaviour;
  const json = JSON.stringify({ type: lie, challenge: other, origin, crossOrigin: false });
  return Buffer.from(json).toString('base64url');
}

function authenticatorData(rpId: string, flags: number, counter: number): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  return Buffer.concat([sha256(Buffer.from(rpId)), Buffer.from([flags]), count]);
}

/** RFC 9052 §7: kty EC2, alg ES256, crv P-256, x, y. */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const key = new Map<string | number, Encodable>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
    [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
  ]);
  return Buffer.from(isoCBOR.encode(key));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
