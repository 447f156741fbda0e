/**
 * `npm run bench -- webhooks`: how many deliveries a second a receiver gets, and what it costs the token endpoint that there
 * is a webhook, or a thousand that hang. On the embedded engine, then on Postgres. docs/performance.md says how to read it.
 * Exit code 1 when a refresh was answered wrongly or an event did not arrive.
 */
import { loadavg } from 'node:os';
import { thisMachine } from './machine.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import {
  type Company,
  type Delivered,
  deliverBacklogs,
  type Effort,
  refreshBeside,
  type Sample,
} from './webhook-cases.ts';
import { asText, type Row, rowsOf } from './webhook-report.ts';
import { openSite, type Site } from './webhook-site.ts';

export interface WebhooksOptions extends Effort {
  readonly json: boolean;
}

/** @returns the exit code */
export async function webhooks({ json, ...effort }: WebhooksOptions): Promise<number> {
  const machine = thisMachine();
  const postgres = await startPostgres();
  if (!postgres) process.stderr.write('No Postgres: set TEST_DATABASE_URL, or install one, to measure on it too.\n');
  try {
    const before = loadavg()[0] ?? 0;
    const subjects = [await onEngine(effort, undefined), ...(postgres ? [await onEngine(effort, postgres)] : [])];
    const load_average = [before, loadavg()[0] ?? 0] as const;
    const result = { machine: machine.description, pinned: machine.pinned, load_average, effort, subjects };
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
    return 0;
  } finally {
    await postgres?.stop();
  }
}

async function onEngine(effort: Effort, postgres: Postgres | undefined) {
  const site = await openSite(thisMachine(), postgres);
  try {
    // Measured before, a process that has just started would be slower for that.
    await site.refresh({ rate: undefined, seconds: effort.seconds, most: 2_000 });
    const rows = await refreshes(site, effort);
    const deliveries: Delivered[] = await deliverBacklogs(site, effort);
    return { name: site.name, deliveries, rows };
  } finally {
    await site.stop();
  }
}

/** Alternating: what disturbs the machine for a while disturbs all of them, and the order turns with every round. */
async function refreshes(site: Site, effort: Effort): Promise<Row[]> {
  const companies: Company[] = [
    { name: 'no webhook', healthy: 0, hanging: 0 },
    { name: '1 healthy webhook', healthy: 1, hanging: 0 },
    { name: `${effort.hanging} that hang`, healthy: 0, hanging: effort.hanging },
  ];
  const samples = new Map(companies.map((company) => [company, [] as Sample[]]));
  for (let round = 0; round < effort.rounds; round += 1) {
    const first = round % companies.length;
    for (const company of [...companies.slice(first), ...companies.slice(0, first)]) {
      samples.get(company)?.push(await refreshBeside(site, company, effort));
    }
  }
  return rowsOf([...samples].map(([{ name }, rounds]) => ({ name, rounds })));
}
