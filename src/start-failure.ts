/** Why the server did not start, in one line an operator can act on. */
import { InvalidSetting } from './config.ts';
import { SealedUnderAnotherKey } from './crypto/index.ts';
import { DataDirectoryInUse, MigratedByNewer, Unavailable } from './db/index.ts';

const FAILED = 1;
const WRONG_SETTING = 2;

/** Invalid authorization, no such database, too few privileges (Postgres documentation, appendix A). */
const DATABASE_REFUSALS = /^(28...|3D000|42501)$/;

/** What a directory that is not ours, not writable or not a directory says. */
const FILE_REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

export interface StartFailure {
  readonly line: string;
  readonly exitCode: number;
}

/** Another process of this program did not start. */
export class StartRefused extends Error {
  readonly failure: StartFailure;

  constructor(failure: StartFailure) {
    super(failure.line);
    this.failure = failure;
  }
}

export function startFailure(error: unknown): StartFailure {
  if (error instanceof StartRefused) return error.failure;
  const { code = '', syscall, message, stack } = error as NodeJS.ErrnoException;
  const wrongSetting = (line: string) => ({ line, exitCode: WRONG_SETTING });
  const failed = (line: string) => ({ line, exitCode: FAILED });

  if (error instanceof InvalidSetting) return wrongSetting(message);
  if (error instanceof SealedUnderAnotherKey) {
    return wrongSetting(`MINTMARK_SECRET_KEYS lacks the key that this data was sealed under: ${message}`);
  }
  if (DATABASE_REFUSALS.test(code)) return wrongSetting(`DATABASE_URL names a database that refuses us: ${message}`);
  if (error instanceof Unavailable) return failed('DATABASE_URL names a database that cannot be reached');
  if (error instanceof DataDirectoryInUse || error instanceof MigratedByNewer) return failed(message);
  if (syscall === 'listen' && code !== 'EADDRINUSE') {
    return wrongSetting(`HOST and PORT name an address that cannot be listened on (${message})`);
  }
  if (syscall === 'getaddrinfo') return wrongSetting(`HOST is not an address of this machine (${message})`);
  if (FILE_REFUSALS.has(code)) return wrongSetting(`MINTMARK_DATA_DIR cannot be used (${message})`);
  if (code === 'EADDRINUSE') return failed(`HOST and PORT name an address that is in use (${message})`);
  // Not foreseen: whoever reports it needs the stack.
  return failed(stack ?? String(error));
}
