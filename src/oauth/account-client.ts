/**
 * The client that is no registered one: this server's own account pages, and what people make there for themselves. A
 * personal access token is issued to it, so a revocation rule can name it.
 */
export const ACCOUNT_CLIENT = 'urn:mintmark:account';
