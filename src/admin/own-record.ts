import { Conflict, Invalid } from '#src/oauth/problems.ts';
import type { AnyRequest } from './route.ts';

/**
 * Does what somebody wants for their own account. When a rule, or what is there already, says no, that is written down as
 * the account pages do; what comes of it otherwise is for the caller to record.
 */
export async function ruled<T>(
  record: AnyRequest['record'],
  action: string,
  work: () => Promise<T>,
  { data = {}, conflict = 'invalid' }: { data?: Readonly<Record<string, unknown>>; conflict?: string } = {},
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Invalid) await record(action, { reason: 'invalid', data });
    if (error instanceof Conflict) await record(action, { reason: conflict, data });
    throw error;
  }
}
