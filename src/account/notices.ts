/** What was just done, told once: the redirect after a form carries the word, and only these words say anything. */
const NOTICES = {
  'name-saved': 'Your name was saved.',
  'email-saved': 'Your email address was saved.',
  'password-changed': 'Your password was changed. Everywhere else you were signed out.',
  'password-set': 'Your password was set. Everywhere else you were signed out.',
  'totp-on': 'Your authenticator app was added. You will be asked for its code when you sign in.',
  'totp-off': 'Your authenticator app was removed.',
  'passkey-added': 'Your passkey was added.',
  'passkey-renamed': 'Your passkey was renamed.',
  'passkey-removed': 'Your passkey was removed. You can now delete it from your device, too.',
  'session-ended': 'That device was signed out.',
  'others-ended': 'All your other devices were signed out.',
  'app-withdrawn': 'The application has no access to your account any more.',
  'token-revoked': 'That token was revoked. It does not work any more.',
  'tokens-revoked': 'All your tokens were revoked. None of them works any more.',
} as const;

export type Notice = keyof typeof NOTICES;

export function noticeOf(word: unknown): string | undefined {
  return typeof word === 'string' && Object.hasOwn(NOTICES, word) ? NOTICES[word as Notice] : undefined;
}
