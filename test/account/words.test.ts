import { describe, expect, test } from '@jest/globals';
import { deviceInWords, proofsInWords } from '#src/account/session-in-words.ts';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('A device is named', () => {
  test.each([
    ['Firefox on Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    ['Edge on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0`],
    [
      'Opera on macOS',
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Chrome/140.0 Safari/537.36 OPR/120.0`,
    ],
    ['Chrome on Android', `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/140.0 Mobile Safari/537.36`],
    [
      'Samsung Internet on Android',
      `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Safari/537.36`,
    ],
    [
      'Chrome on iPhone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1',
    ],
    [
      'Safari on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15',
    ],
    ['Chrome on ChromeOS', `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/140.0 Safari/537.36`],
    ['A browser on Linux', 'Mozilla/5.0 (X11; Linux x86_64) Konqueror/5.0'],
    ['curl/8.5.0', 'curl/8.5.0'],
    ['An unknown browser', undefined],
  ])('%s', (words, userAgent) => {
    expect(deviceInWords({ kind: 'browser', userAgent })).toBe(words);
  });

  test('by what it is when it does not say', () => {
    expect(deviceInWords({ kind: 'api', userAgent: undefined })).toBe('An application');
  });
});

describe('How somebody signed in is said', () => {
  test.each([
    [['pwd'], 'a password'],
    [['pwd', 'otp', 'mfa'], 'a password and a code'],
    [['pwd', 'rc', 'mfa'], 'a password and a recovery code'],
    [['pop', 'mfa'], 'a passkey'],
    [['face'], undefined],
    [[], undefined],
  ])('%j: %s', (amr, words) => {
    expect(proofsInWords(amr)).toBe(words);
  });
});
