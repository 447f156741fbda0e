/** What a unit of work comes to: which statement writes it, what it changes, and what must hold for that. */
import { describe, expect, test } from '@jest/globals';
import type { Token } from '#src/tokens/index.ts';
import { commitmentOf } from '../../src/tokens/commitment.ts';
import { Unit } from '../../src/tokens/unit.ts';

const token = (id: string, of: Partial<Token> = {}): Token => ({
  id,
  kind: 'access_token',
  format: 'opaque',
  clientId: 'web',
  accountId: undefined,
  grantId: undefined,
  grantType: undefined,
  scope: 'a',
  audience: undefined,
  userCode: undefined,
  issuedAt: 1,
  expiresAt: 2,
  consumedAt: undefined,
  status: undefined,
  remainder: {},
  ...of,
});

const OF_ANN = { accountId: 'ann', grantId: 'g' };
const grant = (id: string, of = { accountId: 'ann', clientId: 'web' }) => ({
  id,
  sessionUid: undefined,
  consented: {},
  issuedAt: 1,
  expiresAt: 2,
  ...of,
});
const session = (id: string, uid: string) => ({ id, uid, accountId: 'ann', payload: {}, expiresAt: 2 });
const event = { uid: undefined, type: 'told', clientId: 'web', accountId: undefined, data: {}, sealed: undefined };

function unitOf(fill: (unit: Unit) => void): Unit {
  const unit = new Unit();
  fill(unit);
  return unit;
}

const put = (unit: Unit, ...tokens: Token[]) => {
  for (const one of tokens) unit.tokens.set(one.id, one);
};

const rotated = (unit: Unit): void => {
  unit.consume('old', 'refresh_token');
  put(unit, token('a', OF_ANN), token('r', { ...OF_ANN, kind: 'refresh_token' }));
};

describe('A unit', () => {
  test.each<[string, (unit: Unit) => void, object]>([
    ['that did nothing changes nothing', () => {}, { changes: [], reliesOn: [] }],
    [
      'that issues a machine its token relies on nothing',
      (unit) => put(unit, token('a')),
      { shape: 'issue', changes: ['a'], reliesOn: [], clientId: undefined, grantId: undefined },
    ],
    [
      'that tells of it, too, is written as any',
      (unit) => {
        put(unit, token('a'));
        unit.events.push(event as never);
      },
      { shape: 'any', changes: ['a'] },
    ],
    [
      'that exchanges a code relies on its grant, person and client',
      (unit) => {
        unit.consume('code', 'authorization_code');
        put(unit, token('a', OF_ANN), token('r', { ...OF_ANN, kind: 'refresh_token' }));
      },
      {
        shape: 'exchange',
        changes: ['a', 'r', 'code'],
        reliesOn: ['g'],
        grantId: 'g',
        accountId: 'ann',
        clientId: 'web',
        refreshed: undefined,
      },
    ],
    [
      'that rotates a refresh token changes the grant, and ends the access tokens before the new one',
      rotated,
      { shape: 'exchange', changes: ['a', 'r', 'old', 'g'], reliesOn: ['g'], refreshed: { id: 'a' } },
    ],
    [
      'that rotates with a proof burns that',
      (unit) => {
        rotated(unit);
        unit.noteReplay({ id: 'proof', expiresAt: 2 });
      },
      { shape: 'exchange', changes: ['a', 'r', 'old', 'proof', 'g'] },
    ],
    [
      'that gives its refresh token out again is no exchange',
      (unit) => {
        unit.consume('code', 'authorization_code');
        put(unit, token('r', { ...OF_ANN, kind: 'refresh_token' }));
        unit.seen.set('r', token('r'));
      },
      { shape: 'any' },
    ],
    [
      'that makes the grant itself does not rely on it',
      (unit) => {
        unit.grants.set('g', grant('g'));
        put(unit, token('a', OF_ANN));
      },
      { shape: 'any', grantId: undefined, accountId: 'ann', clientId: 'web', reliesOn: [] },
    ],
    [
      'whose session goes on under another cookie relies on the session',
      (unit) => {
        unit.noteSession(session('before', 's'));
        unit.endSession('before');
        unit.putSession(session('after', 's'));
      },
      { shape: 'any', sessionUid: 's', changes: ['after', 'before'], reliesOn: ['s'] },
    ],
    [
      'that signs out ends the session and all its cookies',
      (unit) => {
        unit.noteSession(session('before', 's'));
        unit.endSession('before');
      },
      { shape: 'any', sessionUid: undefined, changes: ['s'] },
    ],
    [
      'that was refused its refresh changes what is left',
      (unit) => {
        rotated(unit);
        unit.discardIssuing();
        unit.endedGrants.add('g');
      },
      { shape: 'any', changes: ['g'], grantId: undefined, refreshed: undefined },
    ],
  ])('%s', (_, fill, expected) => {
    expect(commitmentOf(unitOf(fill))).toMatchObject(expected);
  });

  test.each<[string, (unit: Unit) => void, RegExp]>([
    ['under two grants', (unit) => put(unit, token('a', OF_ANN), token('b', { ...OF_ANN, grantId: 'h' })), /one grant/],
    ['for two people', (unit) => put(unit, token('a', OF_ANN), token('b', { accountId: 'bob' })), /one user/],
    [
      'to two clients',
      (unit) => put(unit, token('a', OF_ANN), token('b', { ...OF_ANN, clientId: 'other' })),
      /one grant/,
    ],
    [
      'two access tokens for one refresh token',
      (unit) => {
        rotated(unit);
        put(unit, token('b', OF_ANN));
      },
      /one access token/,
    ],
    [
      'for a refresh token, and ends a grant',
      (unit) => {
        rotated(unit);
        unit.endedGrants.add('other');
      },
      /changes nothing but tokens/,
    ],
  ])('does not issue %s', (_, fill, message) => {
    expect(() => commitmentOf(unitOf(fill))).toThrow(message);
  });
});
