/** What is kept of an answer: the first kilobyte as text, without the secrets that a receiver may echo. */

const KEPT_BYTES = 1_024;
const STRUCK_OUT = '•••';

/** @param bytes all that was read: of a secret that begins within what is kept, not even the beginning is */
export function keptOf(bytes: Buffer, secrets: readonly string[]): string | undefined {
  let text = bytes.toString('utf8');
  for (const spelling of spellings(secrets)) text = text.replaceAll(spelling, STRUCK_OUT);
  // Postgres has no NUL in a text.
  return firstBytes(text.replaceAll('\0', '\u{fffd}')) || undefined;
}

/** As it was sent, in a JSON string, in a query string; the longest first, as one may be the beginning of another. */
function spellings(secrets: readonly string[]): string[] {
  const all = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())]);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

/** Cut between two characters. */
function firstBytes(text: string): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, KEPT_BYTES), { stream: true });
}
