/**
 * Refreshes, in a process of its own so that it can be pinned away from the server: reads a RefreshJob from stdin, keeps one
 * request of each chain under way, or sends so many a second, and prints a Refreshed. Ends at the first wrong answer.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, openConnection } from './connection.ts';
import { ascending } from './figures.ts';
import { post } from './requests.ts';

/** Somebody's refresh token, which each use replaces. */
export interface Chain {
  readonly authorization: string;
  readonly refreshToken: string;
}

export interface RefreshJob {
  readonly port: number;
  readonly path: string;
  readonly chains: readonly Chain[];
  /** A second; undefined: as many as are answered. */
  readonly rate: number | undefined;
  readonly seconds: number;
  readonly most: number;
}

export interface Refreshed {
  /** As they are now. */
  readonly chains: readonly Chain[];
  /** Microseconds, in ascending order. With a rate, from when it was due: a server that stalls is not spared the others. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly error: string | undefined;
}

const job = JSON.parse(await text(process.stdin)) as RefreshJob;
process.stdout.write(JSON.stringify(await refresh(job)));

async function refresh({ port, path, rate, seconds, most, ...job }: RefreshJob): Promise<Refreshed> {
  const latencies: number[] = [];
  let error: string | undefined;
  let sent = 0;
  const connections = await Promise.all(job.chains.map(() => openConnection('127.0.0.1', port)));
  const from = performance.now();

  /** Uses the chain whenever a request is due. @returns what is left of it */
  async function drive(chain: Chain, connection: Connection): Promise<Chain> {
    const token = { url: `http://localhost:${port}`, path, authorization: chain.authorization };
    let { refreshToken } = chain;
    while (!error && sent < most) {
      const due = rate === undefined ? performance.now() : from + (sent * 1_000) / rate;
      if (due >= from + seconds * 1_000) break;
      sent += 1;
      if (due > performance.now()) await sleep(due - performance.now());
      const { status, body } = await connection.exchange(
        post(token, { grant_type: 'refresh_token', refresh_token: refreshToken }),
      );
      latencies.push(Math.round((performance.now() - due) * 1_000));
      const next =
        status === 200 ? (JSON.parse(body.toString()) as { refresh_token?: string }).refresh_token : undefined;
      if (next === undefined || next === refreshToken) error ??= `${status} ${body.toString('utf8', 0, 300)}`;
      else refreshToken = next;
    }
    return { ...chain, refreshToken };
  }

  const drives = job.chains.map((chain, i) => drive(chain, connections[i] as Connection));
  const chains = await Promise.all(drives).catch((cause: Error) => {
    error ??= cause.message;
    return [];
  });
  const lasted = (performance.now() - from) / 1_000;
  for (const connection of connections) connection.close();
  return { chains, latencies: ascending(latencies), seconds: lasted, error };
}
