/**
 * A list as one parameter in Postgres's binary form (`array_recv`). As text, which is what the driver makes of a list, each
 * byte of it is looked at by both sides several times: for some kilobytes of it that costs Postgres as much as writing their
 * rows.
 */
interface Element<Value> {
  /** As every Postgres has them (`pg_type.dat`). */
  readonly oid: number;
  readonly size: (value: Value) => number;
  readonly write: (into: Buffer, value: Value, at: number) => void;
}

const ELEMENTS = {
  text: {
    oid: 25,
    size: (value: string) => Buffer.byteLength(value),
    write: (into, value, at) => into.write(value, at),
  } satisfies Element<string>,
  /** Given as hex. */
  bytea: {
    oid: 17,
    size: (value: string) => value.length / 2,
    write: (into, value, at) => into.write(value, at, 'hex'),
  } satisfies Element<string>,
  blob: {
    oid: 17,
    size: (value: Buffer) => value.length,
    write: (into, value, at) => value.copy(into, at),
  } satisfies Element<Buffer>,
  uuid: {
    oid: 2950,
    size: (_: string) => 16,
    write: (into, value, at) => into.write(value.replaceAll('-', ''), at, 'hex'),
  } satisfies Element<string>,
  /** As text, behind the version of this form. */
  jsonb: {
    oid: 3802,
    size: (value: string) => 1 + Buffer.byteLength(value),
    write: (into, value, at) => into.write(value, into.writeUInt8(1, at)),
  } satisfies Element<string>,
  int4: {
    oid: 23,
    size: (_: number) => 4,
    write: (into, value, at) => into.writeInt32BE(value, at),
  } satisfies Element<number>,
  float8: {
    oid: 701,
    size: (_: number) => 8,
    write: (into, value, at) => into.writeDoubleBE(value, at),
  } satisfies Element<number>,
};

type Elements = typeof ELEMENTS;
type ElementType = keyof Elements;
type ElementOf<Type extends ElementType> = Parameters<Elements[Type]['size']>[0];

const HEADER = 20;
const NULL = -1;

/** What to bind for a parameter that is a list of this type; undefined is null. */
export function boundArray<Type extends ElementType>(
  type: Type,
  values: readonly (ElementOf<Type> | undefined)[],
): Buffer {
  const { oid, size, write } = ELEMENTS[type] as unknown as Element<ElementOf<Type>>;
  let length = HEADER;
  for (const value of values) length += 4 + (value === undefined ? 0 : size(value));
  // Zeroed: of a value that is shorter than it says, the database must not get what lay there before.
  const bound = Buffer.alloc(length);
  // Dimensions, whether there are nulls (it looks for itself), type, length, index of the first.
  let at = 0;
  for (const field of [1, 1, oid, values.length, 1]) at = bound.writeInt32BE(field, at);
  for (const value of values) {
    const bytes = value === undefined ? NULL : size(value);
    at = bound.writeInt32BE(bytes, at);
    if (value === undefined) continue;
    write(bound, value, at);
    at += bytes;
  }
  return bound;
}

/** A parameter that has one element of each row. */
export const column =
  <Row, Type extends ElementType>(type: Type, pick: (row: Row) => ElementOf<Type> | undefined) =>
  (rows: readonly Row[]): Buffer =>
    boundArray(type, rows.map(pick));
