import { AsyncLocalStorage } from 'node:async_hooks';
import { type Commitment, commitmentOf } from './commitment.ts';
import { Unit } from './unit.ts';

export interface Units {
  /** The unit of the request that is running. */
  readonly current: Unit | undefined;
  /** The same, for writing. @throws {Error} outside of one: a write that nobody commits must not look done */
  open(): Unit;
  /**
   * Runs `work` in a unit of its own and commits it when `work` is done and `keep` agrees; what it throws discards it.
   *
   * @throws {GuardFailed}
   */
  run<T>(work: () => Promise<T>, keep?: () => boolean): Promise<T>;
}

/** @param done hears of each unit when its request is, whether or not it was written */
export function createUnits(commit: (commitment: Commitment) => Promise<void>, done: (unit: Unit) => void): Units {
  const storage = new AsyncLocalStorage<Unit>();
  return {
    get current() {
      return storage.getStore();
    },
    open() {
      const unit = storage.getStore();
      if (!unit) throw new Error('tokens change only within a unit of work');
      return unit;
    },
    async run(work, keep = () => true) {
      const unit = new Unit();
      try {
        const result = await storage.run(unit, work);
        if (keep()) {
          const commitment = commitmentOf(unit);
          if (commitment.changes.length > 0 || unit.events.length > 0) await commit(commitment);
        }
        return result;
      } finally {
        done(unit);
      }
    },
  };
}
