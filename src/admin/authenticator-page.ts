/** What a user can prove who they are with, on the wire: never the secrets behind it. */
import { z } from 'zod';
import type { Account } from '#src/accounts/index.ts';
import type { Enrolled, Passkey } from '#src/factors/index.ts';
import { timestamp } from './members.ts';
import { pageOf, pageQueryOf, readPage } from './pages.ts';

const TYPES = ['password', 'totp', 'passkey', 'recovery_codes'] as const;

export const authenticator = z
  .object({
    id: z.string().meta({ description: "A passkey's own, or its type: a user has one of each of the others at most" }),
    type: z.enum(TYPES),
    name: z.string().nullable(),
    created_at: timestamp,
    last_used_at: timestamp.nullable().meta({ description: 'null: never, or not noted' }),
    remaining: z.int().optional().meta({ description: 'Recovery codes that are not used' }),
  })
  .meta({ id: 'Authenticator', description: 'What a user proves who they are with; never the secrets behind it' });
export type AuthenticatorItem = z.output<typeof authenticator>;

export const authenticatorPage = pageOf('AuthenticatorPage', authenticator);

/** By type, and passkeys by when they were registered: an order that no use and no renaming changes. */
export const authenticatorQuery = pageQueryOf(/^\d\.\d{15}\.[\w-]{1,64}$/);

export function readAuthenticators(account: Account, enrolled: Enrolled, query: z.output<typeof authenticatorQuery>) {
  const items = toItems(account, enrolled);
  const list = async ({ after, limit }: { after: string; limit: number }) => {
    const behind = items.filter((item) => positionOf(item) > after);
    const page = behind.slice(0, limit);
    const last = page.at(-1);
    return { items: page, next: behind.length > limit && last ? positionOf(last) : undefined };
  };
  return readPage(list, query, (item) => item, '');
}

export function toItems(
  account: Account,
  { totp, passkeys, recoveryCodesLeft, recoveryCodesCreatedAt }: Enrolled,
): AuthenticatorItem[] {
  const one = (type: AuthenticatorItem['type'], createdAt: Date | undefined, lastUsedAt?: Date): AuthenticatorItem[] =>
    createdAt ? [{ id: type, type, name: null, ...toTimes(createdAt, lastUsedAt) }] : [];
  const passwordSince = account.hasPassword ? (account.passwordChangedAt ?? account.createdAt) : undefined;
  const items = [
    ...one('password', passwordSince),
    ...one('totp', totp?.createdAt, totp?.lastUsedAt),
    ...passkeys.map(toPasskeyItem),
    ...one('recovery_codes', recoveryCodesCreatedAt).map((codes) => ({ ...codes, remaining: recoveryCodesLeft })),
  ];
  return items.sort((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1));
}

export function toPasskeyItem({ id, name, createdAt, lastUsedAt }: Passkey): AuthenticatorItem {
  return { id, type: 'passkey', name, ...toTimes(createdAt, lastUsedAt) };
}

function toTimes(createdAt: Date, lastUsedAt: Date | undefined) {
  return { created_at: createdAt.toISOString(), last_used_at: lastUsedAt?.toISOString() ?? null };
}

/** Of the others there is one each, wherever in time: a new password does not make a page repeat it. */
function positionOf({ id, type, created_at }: AuthenticatorItem): string {
  const since = type === 'passkey' ? Date.parse(created_at) : 0;
  return `${TYPES.indexOf(type)}.${String(since).padStart(15, '0')}.${id}`;
}
