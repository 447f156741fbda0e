/**
 * A passkey authenticator in the browser, by Chromium's DevTools protocol: it holds discoverable passkeys, verifies its
 * user, and touches itself. It belongs to one tab: another tab of the same browser has none of its passkeys.
 */
import type { CDPSession, Page } from 'playwright-core';

export interface Authenticator {
  /** How many passkeys it holds. */
  count(): Promise<number>;
  /** Whether its user shows their finger when asked. */
  setVerified(verified: boolean): Promise<void>;
  /** Whether its user touches it when asked; without, a ceremony waits until it is given up. */
  setPresent(present: boolean): Promise<void>;
  /** Carries its passkeys over to another tab, as one that stays in sync with it would. */
  copyTo(other: Authenticator): Promise<void>;
  /** Takes it off the machine, passkeys and all. */
  remove(): Promise<void>;
  readonly connection: { readonly session: CDPSession; readonly authenticatorId: string };
}

const PLATFORM = {
  protocol: 'ctap2',
  ctap2Version: 'ctap2_1',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

const WITHOUT_AUTOFILL = `if (window.PublicKeyCredential) {
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;
}`;

/**
 * Before the page that asks for a passkey is opened.
 *
 * @param autofill it picks itself as soon as a page offers passkeys among what is filled in, so that the page signs in
 * unasked. Without, only a button brings it up.
 */
export async function addAuthenticator(page: Page, { autofill = false } = {}): Promise<Authenticator> {
  if (!autofill) await page.addInitScript(WITHOUT_AUTOFILL);
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options: PLATFORM });
  const credentials = async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;

  return {
    connection: { session, authenticatorId },
    count: async () => (await credentials()).length,
    async setVerified(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async setPresent(enabled) {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async copyTo({ connection: to }) {
      for (const credential of await credentials()) {
        await to.session.send('WebAuthn.addCredential', { authenticatorId: to.authenticatorId, credential });
      }
    },
    async remove() {
      await session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
}
