import type { Enrolled, Passkey } from '#src/factors/index.ts';
import { NotFound } from '#src/oauth/problems.ts';

/** @throws {NotFound} also for one of somebody else: whether it exists is nobody's business */
export function ownPasskey({ passkeys }: Enrolled, id: string | undefined): Passkey {
  const passkey = passkeys.find((one) => one.id === id);
  if (!passkey) throw new NotFound('passkey');
  return passkey;
}
