/** The scopes of this server's own API: what an access token must hold for each part of it. */
export const ADMIN_SCOPES = [
  { name: 'admin', description: 'Everything that the other scopes of this API allow' },
  { name: 'clients:read', description: 'See registered clients' },
  { name: 'clients:write', description: 'Register, change and delete clients' },
  { name: 'apis:read', description: 'See APIs and their scopes' },
  { name: 'apis:write', description: 'Register, change and delete APIs' },
  { name: 'users:read', description: 'See users' },
  { name: 'users:write', description: 'Create, change, disable and delete users' },
  { name: 'policies:read', description: 'See authentication policies' },
  { name: 'policies:write', description: 'Change authentication policies' },
  { name: 'tokens:read', description: 'See which tokens live, never their values' },
  { name: 'tokens:write', description: 'Revoke tokens' },
  { name: 'authorizations:write', description: 'Finish sign-ins as the login application' },
  { name: 'webhooks:read', description: 'See webhooks and their deliveries' },
  { name: 'webhooks:write', description: 'Create, change and delete webhooks' },
  { name: 'audit:read', description: 'Read the audit log' },
  { name: 'keys:write', description: 'Rotate signing keys' },
] as const;

export type AdminScope = (typeof ADMIN_SCOPES)[number]['name'];
