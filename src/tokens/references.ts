import type { Digests } from '#src/crypto/index.ts';
import { idOf } from './records.ts';

/** What a bearer value is for: the same characters never open two doors. */
export type Purpose = 'token' | 'user_code' | 'session' | 'interaction' | 'replay';

/**
 * From presented values to row ids, and back to something that can stand in for a value.
 *
 * The engine sometimes has to come back to a record whose value nobody holds any more (a device code found by its user
 * code, a JWT found by its jti). It is given a *reference*: the row's id and a MAC over it. References are made and read
 * by any instance, and one that was not made here is just an unknown value.
 */
export interface References {
  /** Ids under which `value` may lie, the one it would be written under first. */
  idsOf(purpose: Purpose, value: string): string[];
  idOf(purpose: Purpose, value: string): string;
  referenceTo(id: string): string;
  isReference(value: string): boolean;
}

const REFERENCE = /^~([0-9a-f]{64})~([\w-]{43})$/;
const PURPOSE = 'reference';
/** The engine reads the reference that stands in for one request's token half a dozen times: as many requests at once. */
const REMEMBERED = 1_000;

export function createReferences(digests: Digests): References {
  /** Lately made here, oldest first. */
  const made = new Set<string>();

  function referenceTo(id: string): string {
    const reference = `~${id}~${digests.of(PURPOSE, id).toString('base64url')}`;
    const [oldest] = made;
    if (oldest !== undefined && made.size >= REMEMBERED) made.delete(oldest);
    made.add(reference);
    return reference;
  }

  const referenced = (value: string): string | undefined => {
    const [, id, mac] = REFERENCE.exec(value) ?? [];
    if (!id || !mac) return undefined;
    return made.has(value) || digests.matches(PURPOSE, id, Buffer.from(mac, 'base64url')) ? id : undefined;
  };

  return {
    idsOf(purpose, value) {
      const id = referenced(value);
      return id ? [id] : digests.allOf(purpose, value).map(idOf);
    },
    idOf: (purpose, value) => referenced(value) ?? idOf(digests.of(purpose, value)),
    referenceTo,
    isReference: (value) => referenced(value) !== undefined,
  };
}
