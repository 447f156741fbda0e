/**
 * What a webhook can be told of. The names are for good: receivers compare them. `webhook.test` is none of them: nobody
 * listens to a sample, it goes to the one webhook that somebody asked it for.
 */
export const EVENT_TYPES = [
  { name: 'token.issued', description: 'Tokens were issued for a person, by any grant' },
  { name: 'token.revoked', description: 'A single token was taken back' },
  { name: 'grant.revoked', description: 'All tokens of one consent ended: taken back, signed out of, or stolen' },
  { name: 'refresh_token.reuse_detected', description: 'A refresh token was used a second time: its family ended' },
  { name: 'revocation_rule.created', description: 'Every token that matches a new rule is taken back' },
  { name: 'pat.created', description: 'A personal access token was made' },
  { name: 'pat.first_used', description: 'A personal access token was used for the first time' },
  { name: 'pat.revoked', description: 'A personal access token was taken back' },
  { name: 'pat.expiring', description: 'A personal access token is about to expire' },
  { name: 'pat.reuse_detected', description: 'A personal access token that was replaced was used: its family ended' },
  { name: 'login.succeeded', description: 'Somebody signed in' },
  { name: 'login.failed', description: 'Somebody tried to sign in and was refused' },
  { name: 'user.locked', description: 'Guesses have shut strangers out of an account' },
  { name: 'user.disabled', description: 'A user was disabled, until a time or until somebody enables them' },
  { name: 'client.created', description: 'A client was registered' },
  { name: 'client.updated', description: 'A client was changed' },
  { name: 'client.deleted', description: 'A client was deleted' },
  { name: 'key.rotated', description: 'A signing key was published, or signs from now on' },
  { name: 'webhook.paused', description: 'A webhook was given up: its target failed for a day, or answered 410' },
] as const;

export type EventType = (typeof EVENT_TYPES)[number]['name'];

/** All that a notification can tell of. */
export const NOTIFIED: EventType = 'token.issued';
