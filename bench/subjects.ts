/** Who is measured: Mintmark on its embedded Postgres and on a real one; references.ts has what it is compared with. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiOf, asSubject, startInstance } from './instances.ts';
import { personalTokens } from './personal.ts';
import type { Postgres } from './postgres.ts';
import { type Registered, type RegisteredApplication, registerApplication, registerMachine } from './registered.ts';

export const KINDS = ['echo', 'bare', 'plain', 'argon2', 'mintmark'] as const;
export type Kind = (typeof KINDS)[number];

export interface Subject {
  readonly kind: Kind;
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** By the engine's own names. */
  readonly paths: Readonly<Record<'/token' | '/token/introspection' | '/token/revocation' | '/me' | '/auth', string>>;
  readonly registered: Registered;
  /** What people sign in to; undefined where they do not. */
  readonly application?: RegisteredApplication;
  /** Makes personal access tokens; undefined where there are none. */
  readonly personal?: (count: number) => Promise<string[]>;
  /** The cluster that works for it. */
  readonly postgres?: Postgres | undefined;
  /** What an answer promises. */
  readonly durable: string;
  /** How the client's secret and people's passwords are checked. */
  readonly secrets: string;
  stop(): Promise<void>;
}

/** @param launcher what pins the server to its core @param postgres undefined: the embedded one */
export async function startSubject(launcher: readonly string[], postgres?: Postgres): Promise<Subject> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-bench-'));
  const server = await startInstance({ postgres, dataDir, launcher });
  const api = apiOf(server.url);
  const registered = await registerMachine(api);
  return {
    ...asSubject(server, registered, postgres),
    application: await registerApplication(api),
    personal: (count) => personalTokens(api, registered, count),
    durable: postgres?.durable ?? (await embeddedDurability()),
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function embeddedDurability(): Promise<string> {
  const manifest = new URL('../node_modules/@electric-sql/pglite/package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return `committed to PGlite ${version} in the data directory before the answer; survives the end of the process`;
}
