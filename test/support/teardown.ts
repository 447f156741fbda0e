/**
 * What global set-up leaves for global teardown to undo. Both run in jest's own process but are loaded apart, so the list
 * hangs on the global object.
 */
type Undo = () => Promise<void>;

const shared = globalThis as { mintmarkTeardown?: Undo[] };

export function onTeardown(undo: Undo): void {
  shared.mintmarkTeardown ??= [];
  shared.mintmarkTeardown.push(undo);
}

export async function tearDown(): Promise<void> {
  for (const undo of shared.mintmarkTeardown?.reverse() ?? []) await undo();
}
