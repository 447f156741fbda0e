import type { PageData } from '#src/pages/index.ts';

const own = { username: 'alice', csrf: 'csrf-token' };
const told = { ...own, notice: 'Your name was saved.' };
const problem = (field: string) => ({ field, words: 'That is not right. Please try again.' });
const rules = { minPasswordLength: 12, requireSpecialChar: true, requireNumberChar: true, requireMixedCase: true };
const earlier = new Date('2026-01-02T03:04:05Z');
const lately = new Date('2026-11-21T22:23:24Z');
const enrolment = {
  enrolment: 'sealed-secret',
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/id.example:alice?secret=JBSWY3DPEHPK3PXP&issuer=id.example',
  qr: '<svg viewBox="0 0 1 1" xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1v1H0z"/></svg>',
};
const passkey = { id: 'pk1', name: 'Blue security key', createdAt: earlier, lastUsedAt: lately, backedUp: false };
const unused = { id: 'pk2', name: '<b>Ann’s laptop</b>', createdAt: earlier, lastUsedAt: undefined, backedUp: true };
/** Of a passkey ceremony: JSON with all that has to be escaped in an attribute. */
const options = JSON.stringify({ challenge: 'AAAA', user: { displayName: `"><script>alert('1')</script>` } });
const LONG = 'Warehouse of the Northern Harbour, its cranes, and everything that was ever unloaded there';
const payments = {
  identifier: 'https://pay.example/',
  name: 'Payments',
  scopes: [{ name: 'pay:read', description: 'See your payments' }, { name: 'pay:write' }],
};
const used = { lastUsedAt: lately, lastUsedIp: '203.0.113.7' };
const unseen = { lastUsedAt: undefined, lastUsedIp: undefined };
const pat = {
  id: 'p1',
  name: 'Backups of my laptop',
  api: payments,
  createdAt: earlier,
  expiresAt: lately,
  ...used,
  replacedAt: undefined,
};

type AccountPages = Extract<keyof PageData, `account-${string}`>;

/** Every account page with all its data, and with only what it cannot do without. */
export const accountExamples: { [N in AccountPages]: readonly PageData[N][] } = {
  'account-overview': [
    {
      ...told,
      name: 'Alice Example',
      email: 'alice@example.com',
      password: { changedAt: earlier },
      totp: { createdAt: earlier, lastUsedAt: lately },
      passkeys: 2,
      recoveryCodesLeft: 1,
      sessions: 3,
      apps: 2,
      tokens: 3,
    },
    {
      ...own,
      name: undefined,
      email: undefined,
      password: undefined,
      totp: undefined,
      passkeys: 0,
      recoveryCodesLeft: 0,
      sessions: 1,
      apps: 0,
      tokens: undefined,
    },
    {
      ...own,
      name: 'Alice Example',
      email: 'alice@example.com',
      password: { changedAt: undefined },
      totp: undefined,
      passkeys: 1,
      recoveryCodesLeft: 10,
      sessions: 1,
      apps: 1,
      tokens: 0,
    },
  ],
  'account-profile': [
    { ...told, name: 'Alice Example', email: 'alice@example.com' },
    { ...own, name: undefined, email: undefined, problem: problem('name') },
  ],
  'account-email': [
    { ...own, email: 'alice@example.com' },
    { ...own, email: undefined, problem: problem('email') },
  ],
  'account-password': [
    { ...told, state: 'change', changedAt: earlier, rules },
    { ...own, state: 'change', changedAt: undefined, rules, problem: problem('current') },
    { ...own, state: 'change', changedAt: earlier, rules, problem: problem('repeat') },
    { ...own, state: 'set', changedAt: undefined, rules, problem: problem('new_password') },
    { ...own, state: 'forbidden', changedAt: undefined, rules },
  ],
  'account-totp': [
    { ...told, createdAt: earlier, lastUsedAt: lately, kept: undefined, takesRecoveryCodes: true },
    {
      ...own,
      createdAt: earlier,
      lastUsedAt: undefined,
      kept: 'codes of an authenticator app are demanded of this account',
      takesRecoveryCodes: false,
    },
  ],
  'account-totp-set-up': [
    { ...own, ...enrolment },
    { ...own, ...enrolment, problem: problem('code') },
  ],
  'account-recovery-codes': [
    { ...own, left: 7, createdAt: earlier, hasSecondFactor: true },
    { ...own, left: 0, createdAt: undefined, hasSecondFactor: true },
    { ...own, left: 0, createdAt: undefined, hasSecondFactor: false },
  ],
  'account-new-codes': [
    {
      ...own,
      codes: Array.from({ length: 10 }, (_, n) => `${'3jk8m'.slice(n % 3)}${'q2wx9'.slice(0, n % 3)}-h7tz${n}`),
    },
  ],
  'account-passkeys': [
    { ...told, passkeys: [passkey, unused] },
    { ...own, passkeys: [] },
  ],
  'account-passkey': [
    { ...own, passkey },
    { ...own, passkey: unused, problem: problem('name') },
  ],
  'account-passkey-add': [
    { ...own, options, name: undefined },
    { ...own, options, name: 'My laptop', problem: problem('passkey') },
    { ...own, options, name: '', problem: problem('name') },
  ],
  'account-passkey-remove': [
    { ...own, passkey, kept: undefined, takesRecoveryCodes: true },
    { ...own, passkey: unused, kept: 'this is the last way to sign in that is left', takesRecoveryCodes: false },
  ],
  'account-sessions': [
    {
      ...told,
      sessions: [
        { id: 's1', device: 'Firefox on Windows', ip: '203.0.113.7', by: 'a password and a code', isThis: true },
        {
          id: 's2',
          device: 'Safari on iPhone',
          ip: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
          by: 'a passkey',
          isThis: false,
        },
        { id: 's3', device: `curl/8.5.0 ${'x'.repeat(240)}`, ip: undefined, by: undefined, isThis: false },
      ].map((session) => ({ ...session, createdAt: earlier, lastUsedAt: lately })),
    },
    {
      ...own,
      sessions: [
        {
          id: 's1',
          device: 'Chrome',
          ip: undefined,
          by: undefined,
          createdAt: earlier,
          lastUsedAt: lately,
          isThis: true,
        },
      ],
    },
  ],
  'account-apps': [
    {
      ...told,
      apps: [
        {
          id: 'c1',
          client: { name: 'Harbour Invoices', logoUri: 'https://invoices.example/logo.png' },
          scopes: ['openid', 'profile', 'offline_access'],
          apis: [
            {
              name: 'Payments',
              scopes: [{ name: 'pay:read', description: 'See your payments' }, { name: 'pay:write' }],
            },
          ],
          since: earlier,
        },
        { id: 'c2', client: { name: 'x'.repeat(120) }, scopes: [], apis: [], since: lately },
      ],
    },
    { ...own, apps: [] },
  ],
  'account-tokens': [
    {
      ...told,
      none: undefined,
      living: [
        pat,
        { ...pat, id: 'p2', name: '<b>Nightly</b>', api: { name: LONG, scopes: [] }, lastUsedAt: undefined },
        {
          ...pat,
          id: 'p3',
          name: 'x'.repeat(100),
          lastUsedIp: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
          replacedAt: lately,
        },
      ],
      ended: [
        { id: 'p4', name: 'Old laptop', api: 'Payments', createdAt: earlier, why: 'revoked', ...used },
        { id: 'p5', name: 'Report', api: LONG, createdAt: earlier, why: 'expired', ...unseen },
        { id: 'p6', name: 'Report', api: 'Payments', createdAt: earlier, why: 'replaced', ...used },
      ],
    },
    { ...own, none: undefined, living: [], ended: [] },
    { ...own, none: 'off', living: [], ended: [] },
    { ...own, none: 'forbidden', living: [], ended: [] },
  ],
  'account-token-api': [
    { ...own, apis: [payments, { identifier: 'urn:mintmark:api', name: LONG }] },
    { ...own, apis: [payments], problem: problem('audience') },
    { ...own, apis: [] },
  ],
  'account-token-new': [
    { ...own, api: payments, others: true, name: '', ticked: [], days: '30', maxDays: 90, format: 'opaque' },
    ...['name', 'scopes', 'days', ''].map((field) => ({
      ...own,
      api: payments,
      others: false,
      name: '"><b>',
      ticked: ['pay:write'],
      days: '1e1',
      maxDays: 1,
      format: 'jwt' as const,
      problem: problem(field),
    })),
  ],
  'account-token-made': [
    {
      ...own,
      token: `mmp_${'a1B_'.repeat(12)}x`,
      name: 'Backups',
      api: 'Payments',
      expiresAt: lately,
      oldUntil: undefined,
    },
    { ...own, token: `e30.${'x'.repeat(700)}.sig`, name: LONG, api: LONG, expiresAt: lately, oldUntil: earlier },
    { ...own, token: 'mmp_x', name: 'Backups', api: 'Payments', expiresAt: lately, oldUntil: null },
  ],
  'account-token-rotate': [
    { ...own, pat: { id: 'p1', name: 'Backups', days: 30 }, kept: undefined },
    { ...own, pat: { id: 'p1', name: '<b>', days: 1 }, kept: undefined, problem: problem('overlap') },
    { ...own, pat: { id: 'p1', name: 'Backups', days: 30 }, kept: 'it has expired', problem: problem('') },
  ],
  'account-signed-out': [{}],
  'account-reset': [{ sent: false }, { sent: true }],
  'account-reset-link': [
    { username: 'alice', rules },
    { username: 'alice', rules, problem: problem('repeat') },
  ],
  'account-reset-gone': [{ byMail: true }, { byMail: false }],
  'account-reset-done': [{}],
};
