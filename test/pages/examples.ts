import type { ClientFace, EngineForm, PageData, PageName } from '#src/pages/index.ts';

export const client: ClientFace = {
  name: 'Harbour Invoices',
  logoUri: 'https://invoices.example/logo.png',
  clientUri: 'https://invoices.example/',
  policyUri: 'https://invoices.example/privacy',
  tosUri: 'https://invoices.example/terms',
};

const interaction = { action: '/login/abc', csrf: 'csrf-token', formAction: ['https:'] };
const form: EngineForm = { action: 'https://id.example/device', xsrf: 'xsrf-token', userCode: 'WDJB-XXXX' };

/** Every page once with all its data, and once with only what it cannot do without. */
export const examples: { [N in PageName]: readonly PageData[N][] } = {
  login: [
    { ...interaction, client, username: 'alice', problem: 'mismatch' },
    { ...interaction, client: { name: 'cli' } },
    { ...interaction, client, reauthenticate: 'alice' },
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
};
