/** Values that nobody means well with. */
import fc from 'fast-check';

/** Text as it stands in a form or a query: encoded, encoded wrongly, or not at all. */
const ENCODED = [
  '',
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%e',
  '%ff',
  '%ed%a0%80',
  '%c0%80',
  '%F0%9F%98%80',
  '%u0000',
  '%0d%0aSet-Cookie:%20a=b',
  '+',
  '%2e%2e%2f',
  '%22%5c',
  'e%CC%81',
  '%E2%80%AE',
];

const PLAIN = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'true',
  'NaN',
  '0',
  '-1',
  '1e309',
  '9007199254740993',
  '2147483648',
  '[]',
  '{}',
  '{"a":{"b":[1]}}',
  "' or '1'='1",
  '$1; drop table users',
  '<script>alert(1)</script>',
  '~0~0',
  `~${'0'.repeat(64)}~${'A'.repeat(43)}`,
  'a.b.c',
  'eyJhbGciOiJub25lIn0.e30.',
  'eyJhbGciOiJFUzI1NiIsImtpZCI6Il9fcHJvdG9fXyJ9.bnVsbA.AAAA',
  'urn:ietf:params:oauth:request_uri:',
  'urn:ietf:params:oauth:request_uri:%2F..',
  'http://[',
  'https://app.example/callback#x',
  'javascript:alert(1)',
  'data:text/html,x',
  'x'.repeat(300),
  'x'.repeat(6000),
  ' ',
  'a  b',
  '-',
  '\u{1F600}',
  'İ',
  '\uFFFF',
];

const encode = (text: string) => encodeURIComponent(text.toWellFormed());

/** As it stands in a form or a query. */
export const hostileEncoded = fc.oneof(
  fc.constantFrom(...ENCODED),
  fc.constantFrom(...PLAIN).map(encode),
  fc.string({ unit: 'binary', maxLength: 40 }).map(encode),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map(encode),
  fc.stringMatching(/^[!-~]{0,40}$/).map((text) => text.replace(/[\s#]/g, '')),
);

/** As a JavaScript string, half surrogates and NUL among them. */
export const hostileText = fc.oneof(
  fc.constantFrom(...PLAIN, '\0', 'a\0b', '\ud800', 'x\udc00', '\r\nx: y'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 }).map((units) => String.fromCharCode(...units)),
);

/** Any JSON value, weighted towards what breaks parsers and stores. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    hostileText,
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, -0, 2 ** 53, 2 ** 31, [], {}),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(hostileText, fc.constantFrom('a', '__proto__', 'constructor')), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value;

/** Bodies that are no well-formed JSON document, or one that is too much. */
export const hostileDocument = fc.constantFrom(
  '',
  ' ',
  '{',
  '{"a":1',
  '{"a":1}}',
  '{a:1}',
  "{'a':1}",
  '[1,]',
  'nul',
  '"\\ud800"',
  '{"client_name":"\\u0000"}',
  '{"client_name":"\\ud800"}',
  '{"\\u0000":1}',
  '{"__proto__":{"disabled":true}}',
  '{"client_id":"a","client_id":"b"}',
  '1e999',
  `${'['.repeat(20_000)}`,
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `{"a":${'{"a":'.repeat(400)}1${'}'.repeat(401)}`,
  JSON.stringify({ client_name: 'x'.repeat(1_000_000) }),
  `{"client_name":"${'é'.repeat(30_000)}"}`,
);

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'];

export const CONTENT_TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-16',
  'application/x-www-form-urlencoded; charset=nonsense',
  'application/json',
  'application/json; charset="utf-8"',
  'application/merge-patch+json',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/html',
  'nonsense',
  '',
  'application/json, application/json',
];
