import type { Audit, From } from '#src/audit/index.ts';
import type { SignIn } from './sign-in.ts';
import type { Present } from './state.ts';

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

/** What was finished, on record; nothing when it was not. */
export function createFinish(record: Recorder) {
  return async (
    { signIn, passwordVersion }: Present,
    visit: From,
    at: number | undefined,
  ): Promise<SignIn | undefined> => {
    if (at === undefined) return undefined;
    const { accountId, clientId, acr, amr } = signIn;
    await record('login', accountId, visit, { clientId, data: { acr, amr } });
    return { ...signIn, finished: { passwordVersion, at } };
  };
}

export type Finish = ReturnType<typeof createFinish>;
