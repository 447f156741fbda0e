/** What requests leave behind: in the log of the server that answered them, and in its database. */
import type { Db } from '#src/db/index.ts';
import type { RegisteredClient } from '../support/clients.ts';
import { eventsIn } from '../support/listening.ts';
import type { Server } from '../support/server.ts';

/** Whether the narrow path was taken, as the log of a server says of each request of a client. */
export function waysTaken(path: string, { client_id }: RegisteredClient, { output }: Server): Set<boolean> {
  const lines = output()
    .split('\n')
    .filter((line) => line.includes(`"path":"${path}"`) && line.includes(`"client_id":"${client_id}"`));
  return new Set(lines.map((line) => line.includes('"narrow":true')));
}

/** What the database knows of a client's tokens. */
export async function traces(db: Db, { client_id }: RegisteredClient) {
  const events = (await eventsIn(db)).filter((event) => event.client_id === client_id);
  const { rows: tokens } = await db.query<{ kind: string; used: boolean }>(
    `select t.kind, t.revoked_at is not null as revoked, t.consumed_at is not null as consumed,
            t.last_used_at is not null as used, g.revoked_at is not null as grant_revoked, g.signed_out
       from tokens t
       left join grants g on g.id = t.grant_id
      where t.client_id = $1
      order by t.created_at, t.kind`,
    [client_id],
  );
  const { rows: audit } = await db.query(
    `select action, outcome from audit_log where strpos(concat(actor, target, data), $1) > 0 order by id`,
    [client_id],
  );
  const unnamed = unname();
  return {
    events: events.map(({ client_id: _, data, ...event }) => ({ ...event, data: unnamed(data) })),
    tokens,
    audit,
  };
}

/** Ids are replaced by the order in which they come, moments by nothing. */
function unname() {
  const ids = new Map<unknown, string>();
  const numbered = (id: unknown) => {
    if (!ids.has(id)) ids.set(id, `no ${ids.size}`);
    return ids.get(id);
  };
  return (data: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(data)
        .filter(([member]) => !member.endsWith('_at'))
        .map(([member, value]) => [member, member.endsWith('_id') ? numbered(value) : value]),
    );
}
