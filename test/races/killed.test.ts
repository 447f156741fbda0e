import { setTimeout as sleep, setImmediate as yieldToOthers } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { adminApi } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, type Server, startServer } from '../support/server.ts';
import { createLedger } from './killed-ledger.ts';
import { type Actor, issuer, refresher, registerCast, revoker, signedIn, suspected } from './killed-load.ts';

/** On each engine. */
const KILLS = 25;
/** What a server acknowledges in one life: a slow machine gets as far as a fast one. */
const MOST_PROMISES = 150;
const MOMENT_MS = 20;
const LONGEST_LIFE_MS = 20_000;
const SEED = Number(process.env.KILLED_SEED ?? Date.now() % 100_000);

describe.each(ENGINES)('Killed with SIGKILL again and again on %s', (engine) => {
  test(`what it had acknowledged holds, and nothing was used twice (KILLED_SEED=${SEED})`, async () => {
    const random = seeded(SEED);
    let server = await startServer({ engine });
    const ledger = createLedger();
    const { machine, suspect, app } = await registerCast(await adminApi(server));
    const person = signedIn(ledger, app, random);
    const families = [];
    for (const _ of [1, 2, 3]) families.push(refresher(ledger, app, await person.family(server), random));

    const actors: Actor[] = [
      ...[machine, machine, machine].map((who) => issuer(ledger, who)),
      revoker(ledger, machine, random),
      suspected(ledger, suspect, random),
      ...families,
      person,
    ];

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const until = ledger.counts.promises + random() * MOST_PROMISES;
      await liveAndDie(server, actors, { isOver: () => ledger.counts.promises >= until, moment: random() * MOMENT_MS });
      server = await restart(server);
      expect({ kill, broken: await ledger.broken(server, kill === KILLS) }).toEqual({ kill, broken: [] });
    }

    for (const family of families) {
      await family.act(server);
      await family.act(server);
      await family.reuse(server);
    }
    expect(await ledger.broken(server, true)).toEqual([]);
    expect(ledger.counts.live).toBeGreaterThan(KILLS);
    expect(ledger.counts.ended).toBeGreaterThan(KILLS);
    expect(ledger.counts.exchanged).toBeGreaterThan(KILLS);
  }, 240_000);
});

interface Life {
  readonly isOver: () => boolean;
  /** How much later, in milliseconds. */
  readonly moment: number;
}

/** The kill comes in the middle of whatever each actor is doing. */
async function liveAndDie(server: Server, actors: readonly Actor[], { isOver, moment }: Life): Promise<void> {
  let alive = true;
  const load = actors.map(async (actor) => {
    for (; alive; await yieldToOthers()) await actor.act(server);
  });
  const over = eventually(() => !alive || isOver(), LONGEST_LIFE_MS).then(() => sleep(moment));
  try {
    await Promise.race([over, Promise.all(load)]);
  } finally {
    alive = false;
    await server.kill();
    await Promise.allSettled(load);
  }
  await Promise.all(load);
}

/** Reproducible choices (mulberry32). What the two processes make of them is not, but near enough to look again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
