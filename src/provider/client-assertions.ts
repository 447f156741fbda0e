import { type Configuration, errors } from 'oidc-provider';

/** Clients make one for each request. */
const LONGEST_LIFE_SECONDS = 24 * 60 * 60;

/**
 * An assertion is remembered until it expires, so that it works once. One that hardly ever does would be remembered for
 * ever, and its end may be a date that no database knows (RFC 7523 §3: "unreasonably far in the future").
 */
export const checkClientAssertion: Configuration['assertJwtClientAuthClaimsAndHeader'] = async (_ctx, { exp }) => {
  if (!(Number(exp) <= Date.now() / 1000 + LONGEST_LIFE_SECONDS)) {
    throw new errors.InvalidClientAuth('the client_assertion JWT lives too long');
  }
};
