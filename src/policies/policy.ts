/** Every user has one; this one always exists. */
export const DEFAULT_POLICY = 'default';

/** What is demanded of a user who signs in, and of the password they choose. Times are seconds. */
export interface AuthPolicy {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly primary: {
    readonly updb: PasswordPolicy;
    readonly webauthn: { readonly allowed: boolean };
    readonly cert: { readonly allowed: boolean; readonly allowExpiredCerts: boolean };
    readonly extJwt: { readonly allowed: boolean; readonly allowedSigners: readonly string[] | null };
  };
  readonly secondary: {
    /** A second factor, whichever. */
    readonly requireAny: boolean;
    readonly requireTotp: boolean;
    readonly requireWebauthn: boolean;
    readonly requireExtJwtSigner: string | null;
    /** Who lacks what is demanded may enrol it while signing in, with the first factor alone. */
    readonly allowEnrollment: boolean;
  };
  readonly session: { readonly idleTimeout: number; readonly lifetime: number };
  /** Personal access tokens; `maxDays` null: as long as the server's settings let them live. */
  readonly pats: { readonly allowed: boolean; readonly maxDays: number | null };
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface PasswordPolicy {
  readonly allowed: boolean;
  /** In characters, as a person counts them. */
  readonly minPasswordLength: number;
  readonly requireSpecialChar: boolean;
  readonly requireNumberChar: boolean;
  readonly requireMixedCase: boolean;
  /** Wrong guesses before strangers are kept out; 0: no limit. */
  readonly maxAttempts: number;
  /** How long they are; 0: until an administrator enables the user. */
  readonly lockoutDuration: number;
}

export type PolicySettings = Omit<AuthPolicy, 'id' | 'createdAt' | 'updatedAt'>;
