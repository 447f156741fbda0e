/** What is measured of webhooks: how fast a backlog is delivered, and what refreshing costs beside them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from './figures.ts';
import { inTurn } from './in-turn.ts';
import type { Site } from './webhook-site.ts';

export interface Effort {
  /** That wait to be delivered. */
  readonly events: number;
  /** Webhooks that are never answered. */
  readonly hanging: number;
  readonly rounds: number;
  /** Per measurement of refreshes. */
  readonly seconds: number;
  /** Refreshes a second, where they come steadily. */
  readonly rate: number;
}

export interface Delivered {
  readonly case: string;
  readonly events: number;
  /** The same event again. */
  readonly repeated: number;
  readonly seconds: number;
  readonly per_second: number;
}

export interface Sample {
  readonly steady_p50_ms: number;
  readonly steady_p99_ms: number;
  /** Of one core, of the server process and of Postgres's own, deliveries included. */
  readonly steady_cpu_percent: number;
  readonly steady_postgres_percent: number;
  readonly full_per_second: number;
  readonly full_p50_ms: number;
  readonly full_p99_ms: number;
  /** Of the server process, per refresh. */
  readonly full_cpu_us: number;
  /** Connections that nobody answered, at the end. */
  readonly hanging: number;
}

export interface Company {
  readonly name: string;
  readonly healthy: number;
  readonly hanging: number;
}

const WAIT_MS = 120_000;
/** That every webhook hears of before anything is measured. */
const HEARD_BEFORE = 32;
/** No measurement sends more. */
const MOST = 100_000;
const TOLD = ['token.issued'];

export async function deliverBacklogs(site: Site, effort: Effort): Promise<Delivered[]> {
  const { hanging } = effort;
  return [
    await deliverBacklog(site, effort, { name: 'format event', format: 'event', hanging: 0 }),
    await deliverBacklog(site, effort, { name: 'format notification', format: 'notification', hanging: 0 }),
    await deliverBacklog(site, effort, { name: `format event, beside ${hanging} that hang`, format: 'event', hanging }),
  ];
}

/** Events gather while the webhook is paused; the clock runs from its first delivery to its last. */
export async function deliverBacklog(
  site: Site,
  { events }: Pick<Effort, 'events'>,
  { name, format, hanging }: { name: string; format: string; hanging: number },
): Promise<Delivered> {
  const path = `/backlog/${encodeURIComponent(name)}`;
  const id = await makeProven(site, format);
  const others = await makeHanging(site, hanging);
  await site.api.request('PATCH', `/webhooks/${id}`, { status: 'paused', url: site.origins.healthy + path });
  const { latencies } = await site.refresh({ rate: undefined, seconds: WAIT_MS / 1_000, most: events });
  await site.api.request('PATCH', `/webhooks/${id}`, { status: 'active' });
  await reached(
    `${latencies.length} deliveries, ${name}`,
    async () => (await site.count(path)).events >= latencies.length,
  );
  const counted = await site.count(path);
  await remove(site, [id, ...others]);
  const seconds = (counted.last - counted.first) / 1_000;
  return {
    case: name,
    events: counted.events,
    repeated: counted.deliveries - counted.events,
    seconds,
    per_second: Math.round(counted.events / seconds),
  };
}

/** One round. The webhooks are made for it and removed after it: what nobody hears is not written. */
export async function refreshBeside(site: Site, { healthy, hanging }: Company, effort: Effort): Promise<Sample> {
  const ids: string[] = [];
  for (let i = 0; i < healthy; i += 1) ids.push(await makeProven(site, 'event'));
  ids.push(...(await makeHanging(site, hanging)));
  const steady = await refresh(site, { rate: effort.rate, seconds: effort.seconds });
  const full = await refresh(site, { rate: undefined, seconds: effort.seconds });
  const { hanging: stillHanging } = await site.count('');
  await remove(site, ids);
  return {
    steady_p50_ms: quantile(steady.latencies, 0.5) / 1_000,
    steady_p99_ms: quantile(steady.latencies, 0.99) / 1_000,
    steady_cpu_percent: (100 * steady.server) / steady.seconds,
    steady_postgres_percent: (100 * steady.postgres) / steady.seconds,
    full_per_second: full.latencies.length / full.seconds,
    full_p50_ms: quantile(full.latencies, 0.5) / 1_000,
    full_p99_ms: quantile(full.latencies, 0.99) / 1_000,
    full_cpu_us: (full.server * 1_000_000) / full.latencies.length,
    hanging: stillHanging,
  };
}

async function refresh(site: Site, effort: { rate: number | undefined; seconds: number }) {
  const from = site.cpu();
  const refreshed = await site.refresh({ ...effort, most: MOST });
  const { server, postgres } = site.cpu();
  return { ...refreshed, server: server - from.server, postgres: postgres - from.postgres };
}

/** A webhook that has succeeded, and so is sent to as fast as it answers. */
async function makeProven(site: Site, format: string): Promise<string> {
  const path = `/proven/${Math.random()}`;
  const id = await make(site, site.origins.healthy + path, format);
  await site.api.request('POST', `/webhooks/${id}/test`);
  await reached('a first delivery', async () => {
    const seen = (await site.api.request('GET', `/webhooks/${id}`)) as { last_success_at: string | null };
    return seen.last_success_at !== null;
  });
  return id;
}

/** @returns when as many hang as may at once */
async function makeHanging(site: Site, count: number): Promise<string[]> {
  const urls = Array.from({ length: count }, (_, i) => `${site.origins.hanging}/hanging/${i}`);
  const ids = await inTurn(urls, (url) => make(site, url, 'event'));
  if (count === 0) return ids;
  await site.refresh({ rate: undefined, seconds: 1, most: HEARD_BEFORE });
  let hanging = 0;
  await reached('hanging', async () => {
    const before = hanging;
    await sleep(500);
    hanging = (await site.count('')).hanging;
    return hanging > 0 && hanging === before;
  });
  return ids;
}

async function make(site: Site, url: string, format: string): Promise<string> {
  const made = await site.api.request('POST', '/webhooks', { url, format, events: TOLD });
  return (made as { id: string }).id;
}

async function remove(site: Site, ids: readonly string[]): Promise<void> {
  await inTurn(ids, (id) => site.api.request('DELETE', `/webhooks/${id}`));
  await reached('hanging up', async () => {
    await site.hangUp();
    return (await site.count('')).hanging === 0;
  });
}

async function reached(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${WAIT_MS / 1_000} seconds`);
    await sleep(50);
  }
}
