/** Protocol values as a person reads them. */

const SCOPES = new Map([
  ['openid', 'Recognise you when you come back'],
  ['profile', 'See your name and profile'],
  ['email', 'See your email address'],
  ['phone', 'See your phone number'],
  ['address', 'See your postal address'],
  ['offline_access', 'Keep this access while you are away'],
]);

export function scopeInWords(scope: string): string {
  return SCOPES.get(scope) ?? `Use the permission “${scope}”`;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Where an answer goes: a host on the web, or an app on the person's own device (RFC 8252 §7). */
export function destinationInWords(redirectUri: string): { kind: 'site' | 'app'; place: string } {
  const { protocol, host, hostname } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return { kind: 'app', place: protocol.slice(0, -1) };
  return { kind: LOOPBACK.test(hostname) ? 'app' : 'site', place: host };
}

interface ErrorWords {
  readonly title: string;
  readonly explanation: string;
}

const NOT_UNDERSTOOD: ErrorWords = {
  title: 'This request was not understood',
  explanation: 'The application sent a request that this server cannot act on. Nothing is wrong with your account.',
};

const UNKNOWN_APPLICATION: ErrorWords = {
  title: 'This application is not known here',
  explanation:
    'The application that sent you is not registered with this server, or has been switched off. Nothing is wrong with your account.',
};

const ERRORS = new Map<string, ErrorWords>([
  ['invalid_client', UNKNOWN_APPLICATION],
  ['unauthorized_client', UNKNOWN_APPLICATION],
  [
    'invalid_redirect_uri',
    {
      title: 'This sign-in was stopped',
      explanation:
        'The application asked to send you to an address it has not registered. To protect you, you were not sent there.',
    },
  ],
  [
    'access_denied',
    { title: 'Access was not given', explanation: 'The application did not receive access to your account.' },
  ],
  [
    'sign_in_expired',
    {
      title: 'This sign-in is no longer open',
      explanation: 'It took too long, was already finished, or was started in another browser. Please start it again.',
    },
  ],
  [
    'form_refused',
    {
      title: 'This form could not be accepted',
      explanation: 'It was not sent from the page we gave you, or that page was too old. Please start again.',
    },
  ],
  ['too_many_requests', { title: 'Too many attempts', explanation: 'Please wait a minute before you try again.' }],
  [
    'temporarily_unavailable',
    { title: 'Busy right now', explanation: 'This server cannot answer at the moment. Please try again in a minute.' },
  ],
  [
    'server_error',
    {
      title: 'Something went wrong here',
      explanation: 'The fault is on our side, not yours. Please try again; if it stays, tell whoever runs this server.',
    },
  ],
]);

/** Codes without words of their own are all faults of the asking application (RFC 6749 §4.1.2.1). */
export function errorInWords(code: string): ErrorWords {
  return ERRORS.get(code) ?? NOT_UNDERSTOOD;
}
