/** Why a sign-in does not go on, and how a person reads it. */

export interface SignInProblem {
  readonly code: SignInProblemCode;
  /** `wait`: how long. */
  readonly seconds?: number;
  /** `weak`, `passkey_name`: what is wrong with what was chosen, each as the end of a sentence about it. */
  readonly faults?: readonly string[];
}

/** The same for every reason, so that it tells nobody whether an account exists or is locked. */
const PAUSES = 'After too many tries, sign-in pauses for a while.';

const SENTENCES = {
  mismatch: `That user name and password do not match. ${PAUSES}`,
  passkey_mismatch: 'That passkey was not accepted. Try again, or use another way.',
  code_mismatch: `That code is not right, or was used already. Wait for the next one. ${PAUSES}`,
  code_malformed: 'A code has six digits. Please type the one that your app shows now.',
  enrolment_mismatch: 'That code does not fit. Check that the clock of your device is right, and type the newest code.',
  recovery_code_mismatch: `That recovery code is not right, or was used already. ${PAUSES}`,
  recovery_code_malformed: 'That does not look like a recovery code. Please type one from your list.',
  passkey_refused: 'The passkey could not be registered. Please try again.',
  unequal: 'The two passwords are not the same. Please type both again.',
  moved_on: 'This sign-in has moved on since that page was opened. You can go on here.',
  busy: 'This server is busy. Please try again in a moment.',
};

export type SignInProblemCode = keyof typeof SENTENCES | 'wait' | 'weak' | 'passkey_name';

export function problemInWords({ code, seconds = 0, faults = [] }: SignInProblem): string {
  if (code === 'wait') return `Too many tries. Please try again in ${durationInWords(seconds)}.`;
  if (code === 'weak') return faults.map((fault) => `The new password ${fault}.`).join(' ');
  if (code === 'passkey_name') return faults.map((fault) => `The name ${fault}.`).join(' ');
  return SENTENCES[code];
}

/** Rounded up: who comes back then must not be early. */
function durationInWords(seconds: number): string {
  const [amount, unit] =
    seconds > 90 ? [Math.ceil(seconds / 60), 'minute'] : [Math.max(1, Math.ceil(seconds)), 'second'];
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`;
}
