/** The row of webhooks. `npm run bench -- webhooks` measures them at length: in other formats, beside ones that hang. */
import type { Machine } from './machine.ts';
import { addDatabase, type Postgres } from './postgres.ts';
import { deliverBacklog } from './webhook-cases.ts';
import { openSite } from './webhook-site.ts';

const EVENTS = 1_000;
const EVENTS_OF_SMOKE = 40;

export interface Deliveries {
  readonly subject: string;
  readonly perSecond: readonly number[];
  readonly events: number;
}

/** On a server of its own, because its refreshes must not be anybody's load. */
export async function webhookDeliveries(
  machine: Machine,
  postgres: Postgres | undefined,
  { rounds, smoke }: { rounds: number; smoke: boolean },
): Promise<Deliveries> {
  const database = postgres && (await addDatabase(postgres));
  const site = await openSite(machine, database);
  try {
    const perSecond: number[] = [];
    let events = 0;
    const backlog = { events: smoke ? EVENTS_OF_SMOKE : EVENTS };
    for (let round = 0; round < rounds; round += 1) {
      const delivered = await deliverBacklog(site, backlog, { name: `round ${round}`, format: 'event', hanging: 0 });
      perSecond.push(delivered.per_second);
      events += delivered.events;
    }
    return { subject: site.name, perSecond, events };
  } finally {
    await site.stop();
    await database?.stop();
  }
}
