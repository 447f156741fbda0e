/** What capabilities throw when the answer is no. They know nothing of HTTP: the edge maps these to its own errors. */

/** One thing wrong with an input. `path` names the member, `redirect_uris.0`; empty for the input as a whole. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

export class NotFound extends Error {
  constructor(what: string) {
    super(`there is no such ${what}`);
  }
}

/** A rule says no to this input; `faults` says which member and why. */
export class Invalid extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '));
    this.faults = faults;
  }
}

/** The input is fine; what is already there stands against it. */
export class Conflict extends Error {}
