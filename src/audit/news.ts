/** Which records are news to those who listen to events, and what of them is told. */
import type { AuditEntry, Outcome } from './entry.ts';

export interface News {
  readonly type: string;
  readonly clientId: string | undefined;
  readonly accountId: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Told {
  readonly type: string;
  /** Members of the record's data that are told beside who, why and from where. */
  readonly members?: readonly string[];
}

/** What else is news is told by the statement that does it: of tokens, keys, and users who are disabled. */
const NEWS: Readonly<Record<`${string} ${Outcome}`, Told>> = {
  'login success': { type: 'login.succeeded', members: ['acr', 'amr'] },
  'login failure': { type: 'login.failed', members: ['method'] },
  'login.second_factor failure': { type: 'login.failed', members: ['method'] },
  'user.lock failure': { type: 'user.locked' },
  'client.create success': { type: 'client.created' },
  'client.update success': { type: 'client.updated', members: ['members'] },
  'client.delete success': { type: 'client.deleted' },
};

/** Undefined: nobody is told. Only members that are named above: a record may come to hold more than others may know. */
export function newsIn({ action, outcome, actor, target, reason, from, data = {} }: AuditEntry): News | undefined {
  const told = NEWS[`${action} ${outcome}`];
  if (!told) return undefined;
  const members = told.members?.flatMap((name) => (name in data ? [[name, data[name]]] : [])) ?? [];
  return {
    type: told.type,
    clientId: idIn('client', target) ?? given(data.client_id),
    accountId: idIn('user', target),
    data: { ...Object.fromEntries(members), reason, by: actor, ip: from?.ip, user_agent: from?.userAgent },
  };
}

/** `client:…` and `user:…`, as records name them. */
function idIn(kind: 'client' | 'user', name: string | undefined): string | undefined {
  return name?.startsWith(`${kind}:`) ? name.slice(kind.length + 1) : undefined;
}

const given = (value: unknown) => (typeof value === 'string' ? value : undefined);
