/** Grant types that more than one room speaks of. */
export const PASSWORD_GRANT = 'password';

/** contract.md, "Token endpoint extras": the second step of the password grant. */
export const MFA_GRANT = 'urn:mintmark:grant-type:mfa';
