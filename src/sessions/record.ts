import type { Audit, From } from '#src/audit/index.ts';

/** What a person did in a sign-in, for the audit log. */
export function createRecorder(audit: Audit) {
  return async (
    action: string,
    accountId: string | undefined,
    from: From,
    { reason, data }: { reason?: string | undefined; data?: Record<string, unknown> | undefined } = {},
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
      data,
    });
  };
}

export type Recorder = ReturnType<typeof createRecorder>;
