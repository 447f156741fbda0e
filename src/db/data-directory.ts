import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** sun_path holds 104 bytes on macOS and 108 on Linux. */
const LONGEST_SOCKET_PATH = 103;

/** Another process serves this data directory; two would destroy each other's files. */
export class DataDirectoryInUse extends Error {
  constructor(dataDir: string) {
    super(`the data directory ${dataDir} is in use by another mintmark process`);
  }
}

export interface DataDirectory {
  release(): Promise<void>;
}

/**
 * Creates the directory (0700) and holds it until released. The lock is a listening socket, not a file with a pid: the
 * kernel lets go of it however the process ends, so a SIGKILL never leaves a stale lock behind.
 *
 * @throws {DataDirectoryInUse}
 */
export async function holdDataDirectory(dataDir: string): Promise<DataDirectory> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = socketPathIn(dataDir, 'lock');
  const holder = randomUUID();

  const server = await listen(path, holder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    if (await whoHolds(path)) throw new DataDirectoryInUse(dataDir);
    await rm(path, { force: true });
    const retaken = await listen(path, holder);
    // Two processes may both have found the dead lock and both removed it: whoever is found there now has it.
    await sleep(50);
    if ((await whoHolds(path)) === holder) return retaken;
    retaken.close();
    throw new DataDirectoryInUse(dataDir);
  });

  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Path for a Unix socket inside the directory, reachable only by its owner. */
export function socketPathIn(dataDir: string, name: string): string {
  const path = join(dataDir, name);
  const candidate = [path, relative(process.cwd(), path)].find((p) => Buffer.byteLength(p) <= LONGEST_SOCKET_PATH);
  if (!candidate) throw new Error(`MINTMARK_DATA_DIR is too long a path for a socket in it: ${path}`);
  return candidate;
}

function listen(path: string, holder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).end(holder));
    server.once('error', reject).listen(path, () => resolve(server.unref()));
  });
}

/** Who answers at the lock, or undefined when it was left by a process that is gone. */
function whoHolds(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    connect(path)
      .setEncoding('utf8')
      .on('data', (chunk) => (answer += chunk))
      .on('end', () => resolve(answer))
      .on('error', () => resolve(undefined));
  });
}
