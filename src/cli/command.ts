/** The words every noun is written in. */

/** The arguments do not make a command. Exit code 2. */
export class WrongUsage extends Error {}

/** The server, or this machine, says no. Exit code 1; the message is all the user sees. */
export class Refused extends Error {
  /** What the server answered, where it did. */
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Something done here rather than by the API. */
export interface LocalCommand {
  readonly about: string;
  /** @returns the exit code */
  readonly run: (common: Common) => Promise<number>;
}

/** One operation of the API: the path's parameters are the arguments, the query and body members the flags. */
export interface Operation {
  readonly about: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1, for example `/clients/{client_id}/secrets`. */
  readonly path: string;
  /** Members shown when a list is printed as a table. */
  readonly columns?: readonly string[];
}

export type Verb = LocalCommand | Operation;

export interface Noun {
  readonly about: string;
  /** By what is typed after the noun: `list`, `secrets add`. */
  readonly verbs: Readonly<Record<string, Verb>>;
}

/** The flags every command takes. */
export interface Common {
  readonly json: boolean;
  /** Given with --url, not yet defaulted. */
  readonly url: string | undefined;
}
