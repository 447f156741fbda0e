import { describe, expect, test } from '@jest/globals';
import { boundArray } from '#src/db/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

describe.each(ENGINES)('A list that is one parameter, on %s', (engine) => {
  const db = withDatabase(engine);
  const read = async (type: string, bound: Buffer) => {
    const { rows } = await db().query<{ value: unknown }>(
      `select value from unnest($1::${type}[]) with ordinality as l (value, no) order by no`,
      [bound],
    );
    return rows.map(({ value }) => value);
  };

  test('arrives as it was given, nulls among it', async () => {
    const words = ['', 'a "quoted", {braced}, back\\slashed one', 'Grüße 🎉', 'NULL'];
    expect(await read('text', boundArray('text', [...words, undefined]))).toEqual([...words, null]);
    expect(await read('int4', boundArray('int4', [0, undefined, -2_147_483_648]))).toEqual([0, null, -2_147_483_648]);
    expect(await read('float8', boundArray('float8', [1_795_389_717.428, undefined]))).toEqual([
      1_795_389_717.428,
      null,
    ]);
    const uuid = '0b120156-cda5-44b4-b6ff-911f524176e9';
    expect(await read('uuid', boundArray('uuid', [undefined, uuid]))).toEqual([null, uuid]);
    const json = { grüße: ['"', null, 1.5] };
    expect(await read('jsonb', boundArray('jsonb', [JSON.stringify(json), undefined]))).toEqual([json, null]);
    const bytes = Buffer.from('00ff5c', 'hex');
    expect(await read('bytea', boundArray('bytea', ['00ff5c', '', undefined]))).toEqual([bytes, Buffer.alloc(0), null]);
    expect(await read('bytea', boundArray('blob', [undefined, bytes]))).toEqual([null, bytes]);
  });

  test('may be empty', async () => {
    expect(await read('text', boundArray('text', []))).toEqual([]);
  });

  test('is refused as a list of something else', async () => {
    await expect(read('text', boundArray('int4', [1]))).rejects.toThrow();
  });
});
