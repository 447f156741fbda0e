/** Grant types that more than one room speaks of. */
export const CODE_GRANT = 'authorization_code';
export const CLIENT_CREDENTIALS_GRANT = 'client_credentials';
export const REFRESH_GRANT = 'refresh_token';
export const PASSWORD_GRANT = 'password';

/** contract.md, "Token endpoint extras": the second step of the password grant. */
export const MFA_GRANT = 'urn:mintmark:grant-type:mfa';
