import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Until the present second is over: sign-ins are dated by the second, and one of the same second as what follows might not
 * count as the earlier.
 */
export async function nextSecond(): Promise<void> {
  const second = () => Math.floor(Date.now() / 1000);
  const present = second();
  await eventually(() => second() > present);
}

/** Waits until something holds. @throws when it still does not after `within` milliseconds */
export async function eventually(holds: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${within} ms: ${holds}`);
    await sleep(20);
  }
}
