import { Invalid } from '#src/oauth/problems.ts';
import type { PasskeyRow } from './passkey-queries.ts';

const LONGEST_NAME = 64;
/** As in usernames, but the joiners of emoji and of Persian are allowed between what is seen. */
const UNSEEN = /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u;
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Its owner's view: what is needed to tell one from another. */
export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  /** It survives the loss of the device. */
  readonly backedUp: boolean;
  readonly transports: readonly string[];
}

type Shown = Pick<PasskeyRow, 'id' | 'name' | 'created_at' | 'last_used_at' | 'backed_up' | 'transports'>;

export function toPasskey(row: Shown): Passkey {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    backedUp: row.backed_up,
    transports: row.transports,
  };
}

/** @throws {Invalid} */
export function toPasskeyName(text: string): string {
  const name = text.normalize('NFC').trim();
  if (name.length <= LONGEST_NAME && SEEN.test(name) && !UNSEEN.test(name)) return name;
  throw new Invalid([{ path: 'name', message: `must be 1 to ${LONGEST_NAME} visible characters` }]);
}
