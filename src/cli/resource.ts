import type { Operation, Verb } from './command.ts';

interface Resource {
  /** One of them, in words: `a client`. */
  readonly one: string;
  readonly path: string;
  /** The member that names one, as in `/clients/{client_id}`. */
  readonly key: string;
  readonly columns: readonly string[];
}

/** The five verbs every resource of the API has. */
export function crud({ one, path, key, columns }: Resource): Record<string, Verb> {
  const item = `${path}/{${key}}`;
  return {
    list: { about: 'list them, page by page', method: 'GET', path, columns },
    get: { about: `show ${one}`, method: 'GET', path: item },
    create: { about: `make ${one}`, method: 'POST', path },
    update: { about: `change the given members of ${one}`, method: 'PATCH', path: item },
    delete: { about: `delete ${one}`, method: 'DELETE', path: item },
  } satisfies Record<string, Operation>;
}
