import {
  type Digests,
  randomId,
  randomSecret,
  timeOrderedId,
  timeOrderedSecret,
  timestampOf,
} from '#src/crypto/index.ts';
import { idOf } from './records.ts';

/** What a bearer value is for: the same characters never open two doors. */
export type Purpose = 'token' | 'user_code' | 'session' | 'interaction' | 'replay';

/**
 * What tokens are known by: new values, from presented ones to row ids, and back to something that can stand in for a value.
 *
 * The engine sometimes has to come back to a record whose value nobody holds any more (a device code found by its user
 * code, a JWT found by its jti). It is given a *reference*: the row's id and a MAC over it. References are made and read
 * by any instance, and one that was not made here is just an unknown value.
 */
export interface References {
  /** For an opaque token that is about to be issued. */
  newValue(): string;
  /** For a JWT that is about to be issued. */
  newJti(): string;
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

/**
 * Where a token says when it was made, its id begins so, and 208 bits of its digest follow: what was issued at one time lies
 * on the same few pages of the primary key, however large that is. Under ids that are nothing but digests each new row of
 * a large table changes a page of its own, and Postgres logs the whole of it (ten times as much as the row).
 */
function idUnder(digest: Buffer, purpose: Purpose, value: string): string {
  const timestamp = purpose === 'token' ? timestampOf(value) : undefined;
  return timestamp ? timestamp + digest.toString('hex', 0, digest.length - timestamp.length / 2) : idOf(digest);
}

/** @param timeOrderedSince seconds since the epoch: instances that do not know time-ordered values have ended by then */
export function createReferences(digests: Digests, timeOrderedSince: number): References {
  const isTimeOrdered = () => Date.now() / 1000 >= timeOrderedSince;
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
    newValue: () => (isTimeOrdered() ? timeOrderedSecret() : randomSecret()),
    newJti: () => (isTimeOrdered() ? timeOrderedId() : randomId()),
    idsOf(purpose, value) {
      const id = referenced(value);
      return id ? [id] : digests.allOf(purpose, value).map((digest) => idUnder(digest, purpose, value));
    },
    idOf: (purpose, value) => referenced(value) ?? idUnder(digests.of(purpose, value), purpose, value),
    referenceTo,
    isReference: (value) => referenced(value) !== undefined,
  };
}
