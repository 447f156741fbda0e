import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds. @throws when it still does not after `within` milliseconds */
export async function eventually(holds: () => boolean | Promise<boolean>, within = 5_000): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${within} ms: ${holds}`);
    await sleep(20);
  }
}
