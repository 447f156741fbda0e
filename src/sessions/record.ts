import type { Audit, From } from '#src/audit/index.ts';

interface How {
  /** That it failed, and why. */
  readonly reason?: string | undefined;
  /** The client it is for. */
  readonly clientId?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

/** What a person did in a sign-in, for the audit log. */
export function createRecorder(audit: Audit) {
  return async (
    action: string,
    accountId: string | undefined,
    from: From,
    { reason, clientId, data }: How = {},
  ): Promise<void> => {
    const user = accountId === undefined ? undefined : `user:${accountId}`;
    await audit.record({
      // Who fails to prove who they are is nobody yet.
      actor: reason === undefined && user !== undefined ? user : 'anybody',
      action,
      target: user,
      outcome: reason === undefined ? 'success' : 'failure',
      reason,
      from: { ip: from.ip, userAgent: from.userAgent },
      data: { ...data, ...(clientId !== undefined && { client_id: clientId }) },
    });
  };
}

export type Recorder = ReturnType<typeof createRecorder>;
