import type { Worker } from 'node:cluster';

/** Between Node's primary and its workers (lib/internal/cluster/utils.js): no interface of Node's, so read with care. */
interface Internal {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
}

/**
 * Takes back what a worker was handed and never took. Node's primary holds a connection until the worker says whether it
 * has it. From one that was killed it would wait for that for ever: whoever is at the other end of the connection is neither
 * answered nor cut off. So it is said in the dead worker's name that it did not take them, and the next one gets them, as
 * from a worker that shuts down.
 */
export function takeBackWhenGone(worker: Worker): void {
  const { process: child } = worker;
  const onTheirWay = new Set<unknown>();
  const { send } = child;
  child.send = (message: Internal, ...more: unknown[]) => {
    if (message.cmd === 'NODE_CLUSTER' && message.act === 'newconn') onTheirWay.add(message.seq);
    return (send as (...all: unknown[]) => boolean).call(child, message, ...more);
  };
  child.on('internalMessage', ({ ack }: Internal) => onTheirWay.delete(ack));
  const takeBack = () => {
    if (worker.isConnected()) return;
    for (const ack of onTheirWay) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false });
  };
  // Either may be the last that is heard of it, or the only one.
  worker.on('exit', takeBack).on('disconnect', takeBack);
}
