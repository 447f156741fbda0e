/** What a webhook can be told of. The names are for good: receivers compare them. */
export const EVENT_TYPES = [
  { name: 'token.issued', description: 'Tokens were issued for a person, by any grant' },
  { name: 'token.revoked', description: 'A token was taken back, or all of an owner' },
  { name: 'grant.revoked', description: 'What a person had agreed to was taken back, with its tokens' },
  { name: 'refresh_token.reuse_detected', description: 'A refresh token was used a second time: its family ended' },
  { name: 'revocation_rule.created', description: 'Every token that matches a rule was taken back' },
  { name: 'pat.created', description: 'A personal access token was made' },
  { name: 'pat.first_used', description: 'A personal access token was used for the first time' },
  { name: 'pat.revoked', description: 'A personal access token was taken back' },
  { name: 'pat.expiring', description: 'A personal access token is about to expire' },
  { name: 'pat.reuse_detected', description: 'A personal access token that was replaced was used: its family ended' },
  { name: 'login.succeeded', description: 'Somebody signed in' },
  { name: 'login.failed', description: 'Somebody tried to sign in' },
  { name: 'user.locked', description: 'Guesses have shut strangers out of an account' },
  { name: 'user.disabled', description: 'A user was shut out' },
  { name: 'client.created', description: 'A client was registered' },
  { name: 'client.updated', description: 'A client was changed' },
  { name: 'client.deleted', description: 'A client was deleted' },
  { name: 'key.rotated', description: 'There is a new signing key' },
  { name: 'webhook.paused', description: 'A webhook was paused because its target failed for a day' },
] as const;

export type EventType = (typeof EVENT_TYPES)[number]['name'];

/** All that a notification can tell of. */
export const NOTIFIED: EventType = 'token.issued';

/** A sample: sent to one webhook because somebody asked for it, listened to by none. */
export const TEST = 'webhook.test';
