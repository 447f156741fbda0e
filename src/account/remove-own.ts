import { Conflict } from '#src/oauth/problems.ts';
import { type Removable, removeProof } from '#src/sessions/index.ts';
import type { AccountDeps } from './index.ts';
import type { Visit } from './page.ts';

/**
 * Takes it away, if it is still there and nothing forbids it, and writes down what came of it.
 *
 * @returns `kept`: the page says why
 */
export async function removeOwn(
  deps: Pick<AccountDeps, 'accounts' | 'factors' | 'policies'>,
  { account, record }: Visit,
  what: { readonly type: Removable; readonly id: string },
): Promise<'removed' | 'missing' | 'kept'> {
  const action = `${what.type}.remove`;
  const data = what.type === 'passkey' ? { passkey: what.id } : {};
  try {
    const policy = await deps.policies.get(account.policyId);
    if (!(await removeProof(deps, account.id, what, policy))) return 'missing';
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    await record(action, { reason: 'demanded', data });
    return 'kept';
  }
  await record(action, { data });
  return 'removed';
}
