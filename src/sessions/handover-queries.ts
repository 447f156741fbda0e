import type { Db } from '#src/db/index.ts';

export interface NewHandover {
  readonly id: Buffer;
  readonly interaction: Buffer;
  /** Sealed. */
  readonly uid: Buffer;
  readonly expiresAt: Date;
}

/** Whoever opens the page again gets a new ticket; the older one, and what it was answered, are worth nothing any more. */
export async function putHandover(db: Db, { id, interaction, uid, expiresAt }: NewHandover): Promise<void> {
  await db.query(
    `insert into handovers (id, interaction, uid, expires_at)
     values ($1, $2, $3, $4)
     on conflict (interaction) do update
        set id = excluded.id, uid = excluded.uid, answer = null, verifier = null, expires_at = excluded.expires_at`,
    [id, interaction, uid, expiresAt],
  );
}

export interface HandoverRow {
  interaction: Buffer;
  uid: Buffer;
  answered: boolean;
  expires_at: Date;
}

export async function findHandover(db: Db, ids: readonly Buffer[]): Promise<HandoverRow | undefined> {
  const { rows } = await db.query<HandoverRow>(
    `select interaction, uid, answer is not null as answered, expires_at
       from handovers
      where id = any(array(select unnest($1::bytea[])))
        and expires_at > now()`,
    [ids],
  );
  return rows[0];
}

/** The first answer stands. */
export async function answerHandover(
  db: Db,
  ids: readonly Buffer[],
  answer: object,
  verifier: Buffer,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update handovers
        set answer = $2, verifier = $3
      where id = any(array(select unnest($1::bytea[])))
        and answer is null
        and expires_at > now()`,
    [ids, JSON.stringify(answer), verifier],
  );
  return rowCount > 0;
}

/** Whoever deletes it has it. */
export async function takeAnswer<Answer>(
  db: Db,
  interactions: readonly Buffer[],
  verifiers: readonly Buffer[],
): Promise<Answer | undefined> {
  const { rows } = await db.query<{ answer: Answer }>(
    `delete from handovers
      where interaction = any(array(select unnest($1::bytea[])))
        and verifier = any(array(select unnest($2::bytea[])))
        and expires_at > now()
     returning answer`,
    [interactions, verifiers],
  );
  return rows[0]?.answer;
}
