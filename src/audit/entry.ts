export type Outcome = 'success' | 'failure';

/** Where it was asked from, as far as that is known. */
export interface From {
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}

export interface AuditEntry {
  /** `client:…`, `user:…`, `anybody`, or `mintmark` for what the server does by itself. */
  readonly actor: string;
  /** `login`, `totp.enroll`, `user.disable` … */
  readonly action: string;
  /** `user:…`, `client:…`, `auth_policy:…`: whom it was done to. */
  readonly target?: string | undefined;
  readonly outcome: Outcome;
  /** Why it failed, in one word: what the person was not told. */
  readonly reason?: string | undefined;
  readonly from?: From | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export interface AuditRecord extends AuditEntry {
  readonly id: string;
  readonly at: Date;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly outcome?: Outcome | undefined;
  readonly since?: Date | undefined;
}
