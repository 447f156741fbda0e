/**
 * One run of the suite: what global set-up made once and every test file uses. Workers are told through the environment,
 * the only thing that jest hands on to them.
 */
export interface Run {
  /** A directory of this run, removed after it. */
  readonly dir: string;
  /** A migrated embedded data directory: copying it takes a third of a second, making one takes four. */
  readonly embeddedTemplate: string;
  /** Undefined where there is no Postgres: the Postgres half of the suite is skipped. */
  readonly postgres: PostgresRun | undefined;
}

export interface PostgresRun {
  /** A database that may create and drop others. */
  readonly url: string;
  /** Every database of this run begins with this name; the template is called just so. */
  readonly template: string;
}

const VARIABLE = 'MINTMARK_TEST_RUN';

export function announceRun(run: Run): void {
  process.env[VARIABLE] = JSON.stringify(run);
}

export function currentRun(): Run {
  const run = process.env[VARIABLE];
  if (!run) throw new Error('no test run is under way: start the tests with npm test');
  return JSON.parse(run) as Run;
}
