/** How and when a person signed in, as what came of it remembers it. */
export interface Authentication {
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Seconds since the epoch. */
  readonly authTime?: number | undefined;
}

/** The same in a token's claims, by which an API tells whether to ask for more (RFC 9470 §6). */
export function authenticationClaims({ acr, amr, authTime }: Authentication): object {
  return {
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    ...(authTime !== undefined && { auth_time: authTime }),
  };
}
