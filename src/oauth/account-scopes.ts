/**
 * What a personal access token may be given of this server's own API: its owner's account, and never what makes further
 * credentials. No scope of administration contains them. They are not among the scopes that clients are granted for that
 * API, so an API of somebody else may have scopes of these names.
 */
export const ACCOUNT_SCOPES = [
  { name: 'account:read', description: 'See your own account, its sessions, connected apps and tokens' },
  { name: 'account:write', description: 'Change your own name, and end your own sessions, connected apps and tokens' },
] as const;

export type AccountScope = (typeof ACCOUNT_SCOPES)[number]['name'];
