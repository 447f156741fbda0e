/** Sessions as their owner would recognise them. What a browser says of itself is believed for nothing more. */

/** In this order: most name others, too, so as to be served like them. */
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(HeadlessChrome|Chromium|Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];
const PROOFS = new Map([
  ['pwd', 'a password'],
  ['otp', 'a code'],
  ['rc', 'a recovery code'],
  ['pop', 'a passkey'],
]);

export function deviceInWords({ kind, userAgent }: { kind: 'browser' | 'api'; userAgent: string | undefined }): string {
  const named = (list: typeof BROWSERS) => list.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  const [browser, system] = [named(BROWSERS), named(SYSTEMS)];
  if (browser && system) return `${browser} on ${system}`;
  if (browser ?? system) return browser ?? `A browser on ${system}`;
  // Programs name themselves better than we could.
  return userAgent ?? (kind === 'api' ? 'An application' : 'An unknown browser');
}

export function proofsInWords(amr: readonly string[]): string | undefined {
  const words = amr.flatMap((method) => PROOFS.get(method) ?? []);
  return words.length > 0 ? words.join(' and ') : undefined;
}
