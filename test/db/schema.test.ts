import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { dumpSchema } from '#src/db/dump-schema.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

describe.each(ENGINES)('on %s', (engine) => {
  const db = withDatabase(engine);

  test('the migrations make exactly the schema in src/db/schema.sql (npm run schema writes it)', async () => {
    const committed = await readFile(new URL('../../src/db/schema.sql', import.meta.url), 'utf8');
    expect(await dumpSchema(db())).toBe(committed);
  });
});
