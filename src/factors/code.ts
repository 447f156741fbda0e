/** No code is near this long, with all its blanks; normalising a megabyte is work for nothing. */
const LONGEST = 64;
const BLANKS_AND_DASHES = /[\s\p{Pd}\u2212]/gu;

const SIX_DIGITS = /^[0-9]{6}$/;
const RECOVERY_CODE = /^[0-9abcdefghjkmnpqrstvwxyz]{10}$/;

/** As people type them or paste them from a phone: `123 456`, `123-456`, `１２３４５６`. Undefined when it is no such code. */
export function parseTotpCode(text: string): string | undefined {
  const code = normalise(text);
  return SIX_DIGITS.test(code) ? code : undefined;
}

/** Of Crockford's base32, which has no I, L and O to be taken for 1 and 0: who reads them anyway is understood. */
export function parseRecoveryCode(text: string): string | undefined {
  const code = normalise(text).toLowerCase().replaceAll('o', '0').replaceAll(/[il]/g, '1');
  return RECOVERY_CODE.test(code) ? code : undefined;
}

function normalise(text: string): string {
  return text.length > LONGEST ? '' : text.normalize('NFKC').replaceAll(BLANKS_AND_DASHES, '');
}
