import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';

/** No key and no statement is near this long; a credential's id has at most 1023 bytes (WebAuthn §4). */
const LONGEST_MEMBER = 16_384;
const LONGEST_ID = 1364;
const LONGEST_TEXT = 65_536;
const MOST_TRANSPORTS = 32;

/** Canonical: one credential has one spelling. */
const base64url = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => Buffer.from(text, 'base64url').toString('base64url') === text);

/** Hints that a browser sends and gets back (WebAuthn §5.8.4). Those of a later level are left out. */
const TRANSPORTS = new Set(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']);
const transports = z
  .array(z.string())
  .max(MOST_TRANSPORTS)
  .transform((names) => [...new Set(names)].filter((name) => TRANSPORTS.has(name)))
  .catch([]);

/** Only what is named here goes on: members of a later level, and whatever else somebody sends, do not. */
const credential = <Response extends z.ZodType>(response: Response) =>
  z
    .object({ id: base64url(LONGEST_ID), type: z.literal('public-key'), response })
    .transform((parsed) => ({ ...parsed, rawId: parsed.id, clientExtensionResults: {} }));

const registration = credential(
  z.object({
    clientDataJSON: base64url(LONGEST_MEMBER),
    attestationObject: base64url(LONGEST_MEMBER),
    transports,
  }),
);

const authentication = credential(
  z
    .object({
      clientDataJSON: base64url(LONGEST_MEMBER),
      authenticatorData: base64url(LONGEST_MEMBER),
      signature: base64url(LONGEST_MEMBER),
      userHandle: base64url(LONGEST_ID).nullish(),
    })
    .transform(({ userHandle, ...rest }) => ({ ...rest, ...(userHandle ? { userHandle } : {}) })),
);

/** As `navigator.credentials.create()` gives it by toJSON(), or the text of it; undefined for anything else. */
export function parseRegistration(given: unknown): RegistrationResponseJSON | undefined {
  return registration.safeParse(fromText(given)).data;
}

/** As `navigator.credentials.get()` gives it by toJSON(), or the text of it; undefined for anything else. */
export function parseAuthentication(given: unknown): AuthenticationResponseJSON | undefined {
  return authentication.safeParse(fromText(given)).data;
}

function fromText(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  if (given.length > LONGEST_TEXT) return undefined;
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
