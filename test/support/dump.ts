import type { Db } from '#src/db/index.ts';

/**
 * A whole database as text, for searching: every row of every table as JSON, and every bytea also as the characters its
 * bytes would be.
 */
export async function dumpDatabase(db: Db): Promise<string> {
  const { rows: tables } = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name
       from pg_tables
      where schemaname <> 'information_schema'
        and not starts_with(schemaname, 'pg_')
      order by name`,
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.query<{ row: string }>(`select to_json(t)::text as row from ${name} t`);
    parts.push(`-- ${name}`, ...rows.map(({ row }) => row + decodedBytes(row)));
  }
  return parts.join('\n');
}

function decodedBytes(row: string): string {
  return [...row.matchAll(/\\x([0-9a-f]{2,})/g)]
    .map(([, hex = '']) => Buffer.from(hex, 'hex'))
    .map((bytes) => `\n${bytes.toString('utf8')}\n${bytes.toString('latin1')}`)
    .join('');
}
