import type { ClientFace, EngineForm, PageData, PageName } from '#src/pages/index.ts';
import { accountExamples } from '../account/examples.ts';

export const client: ClientFace = {
  name: 'Harbour Invoices',
  logoUri: 'https://invoices.example/logo.png',
  clientUri: 'https://invoices.example/',
  policyUri: 'https://invoices.example/privacy',
  tosUri: 'https://invoices.example/terms',
};

const interaction = { action: '/login/abc', csrf: 'csrf-token', formAction: ['https:'] };
const known = { ...interaction, client, username: 'alice' };
/** Of a passkey ceremony: JSON with all that has to be escaped in an attribute. */
export const OPTIONS = JSON.stringify({ challenge: 'AAAA', user: { displayName: `"><script>alert('1')</script>` } });
const app = {
  enrolment: 'sealed-secret',
  secret: 'JBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/id.example:alice?secret=JBSWY3DPEHPK3PXP&issuer=id.example',
  qr: '<svg viewBox="0 0 1 1" xmlns="http://www.w3.org/2000/svg"><path d="M0 0h1v1H0z"/></svg>',
};
const rules = { minPasswordLength: 12, requireSpecialChar: true, requireNumberChar: true, requireMixedCase: true };
const form: EngineForm = { action: 'https://id.example/device', xsrf: 'xsrf-token', userCode: 'WDJB-XXXX' };

/** Every page once with all its data, and once with only what it cannot do without. */
export const examples: { [N in PageName]: readonly PageData[N][] } = {
  login: [
    {
      ...interaction,
      client,
      username: 'alice',
      password: true,
      options: OPTIONS,
      canResetPassword: true,
      problem: { code: 'mismatch' },
    },
    { ...interaction, client: { name: 'cli' }, password: true, canResetPassword: false },
    { ...interaction, client, reauthenticate: 'alice', password: true, options: OPTIONS, canResetPassword: true },
    { ...interaction, client, reauthenticate: 'alice', password: false, options: OPTIONS, canResetPassword: false },
    { ...interaction, client, password: true, switched: true, canResetPassword: true, problem: { code: 'moved_on' } },
  ],
  'second-factor': [
    { ...known, takesCode: true, takesRecoveryCode: true, options: OPTIONS, problem: { code: 'code_mismatch' } },
    { ...known, takesCode: true, takesRecoveryCode: false, problem: { code: 'wait', seconds: 30 } },
    { ...known, takesCode: false, takesRecoveryCode: true, options: OPTIONS },
  ],
  'recovery-code': [
    { ...known, hasOther: true, problem: { code: 'recovery_code_mismatch' } },
    { ...known, hasOther: false },
  ],
  'enroll-totp': [
    { ...known, ...app, orPasskey: true, problem: { code: 'enrolment_mismatch' } },
    { ...known, ...app, orPasskey: false },
  ],
  'enroll-passkey': [
    { ...known, name: 'My passkey', options: OPTIONS, orTotp: true, problem: { code: 'passkey_refused' } },
    { ...known, name: '', options: OPTIONS, orTotp: false },
  ],
  'recovery-codes': [
    { ...known, codes: ['ABCD-EFGH', 'JKLM-NPQR'] },
    { ...known, codes: undefined },
  ],
  'new-password': [
    { ...known, rules, problem: { code: 'weak', faults: ['must have at least 12 characters'] } },
    { ...known, rules: { ...rules, requireMixedCase: false, requireNumberChar: false, requireSpecialChar: false } },
  ],
  stuck: [{ ...known, problem: { code: 'moved_on' } }, known],
  'select-account': [
    { ...interaction, client, username: 'alice', name: 'Alice Example', problem: { code: 'moved_on' } },
    { ...interaction, client: { name: 'cli' }, username: 'bob', name: undefined },
  ],
  consent: [
    {
      ...interaction,
      client,
      username: 'alice',
      scopes: ['openid', 'email'],
      apis: [
        { name: 'Payments', scopes: [{ name: 'pay:read', description: 'See your payments' }, { name: 'pay:write' }] },
      ],
      redirectUri: 'https://invoices.example/cb',
    },
    { ...interaction, client: { name: 'cli' }, username: 'bob', scopes: [], apis: [], redirectUri: undefined },
  ],
  device: [{ form, problem: 'code' }, { form: { ...form, userCode: undefined } }, { form, problem: 'aborted' }],
  'device-confirm': [
    { form, client, userCode: 'WDJB-XXXX', device: { ip: '203.0.113.7', userAgent: 'TV/1.0' } },
    { form, client: { name: 'cli' }, userCode: 'WDJB-XXXX' },
  ],
  'device-done': [{ client }],
  logout: [
    { form, formAction: ['https:'], client, username: 'alice' },
    { form, formAction: [] },
  ],
  'signed-out': [{ client }, {}],
  error: [
    { code: 'invalid_request', detail: 'missing required parameter', requestId: 'r1', client },
    { code: 'server_error', requestId: 'r2' },
  ],
  'not-found': [{}],
  home: [{}],
  ...accountExamples,
};
