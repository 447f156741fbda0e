/** What a server has promised by answering, and whether it still holds. What it did not answer may be either way. */
import { basic } from '../support/http.ts';
import type { Server } from '../support/server.ts';
import type { App } from './app.ts';

export interface Reply {
  readonly status: number;
  readonly body: any;
}

/**
 * Undefined when the server was killed before it answered. Not `observedFetch`: thousands of values are handed out here, and
 * searching a database for each of them is another test's work.
 */
export async function send(
  { url }: Server,
  path: string,
  { client_id, client_secret }: Pick<App, 'client_id' | 'client_secret'>,
  form: Record<string, string>,
): Promise<Reply | undefined> {
  try {
    const headers = { authorization: basic(client_id, client_secret) };
    const response = await fetch(url + path, { method: 'POST', headers, body: new URLSearchParams(form) });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  } catch {
    return undefined;
  }
}

export interface Ledger {
  /** An access token was handed out. */
  issued(token: string, to: App): void;
  /** Somebody asks for its end: until that is answered, it may be either way. */
  ending(...tokens: string[]): void;
  ended(...tokens: string[]): void;
  /** A living token that `app` was issued. */
  pick(app: App, random: () => number): string | undefined;
  /** Every living token that `app` was issued. */
  livingOf(app: App): string[];
  /** A code or refresh token was exchanged for this answer. @throws when it had already been, for another one */
  exchanged(code: string, answer: object): void;
  /** What is not as it was promised: each a sentence. @param all even what was checked before */
  broken(server: Server, all: boolean): Promise<string[]>;
  readonly counts: { promises: number; live: number; ended: number; exchanged: number };
}

type Promised = 'live' | 'ending' | 'ended';

interface Entry {
  readonly owner: App;
  promised: Promised;
  checked: Promised | undefined;
}

const CHECKS_AT_ONCE = 32;

export function createLedger(): Ledger {
  const tokens = new Map<string, Entry>();
  const answers = new Map<string, string>();
  let promises = 0;
  const set = (values: string[], promised: Promised) => {
    for (const entry of values.map((value) => tokens.get(value))) if (entry) entry.promised = promised;
  };
  const livingOf = (app: App) =>
    [...tokens].filter(([, { owner, promised }]) => owner === app && promised === 'live').map(([token]) => token);
  const count = (wanted: Promised) => [...tokens.values()].filter(({ promised }) => promised === wanted).length;

  return {
    issued(token, owner) {
      promises += 1;
      tokens.set(token, { owner, promised: 'live', checked: undefined });
    },
    ending: (...values) => set(values, 'ending'),
    ended(...values) {
      promises += 1;
      set(values, 'ended');
    },
    livingOf,
    pick(app, random) {
      const living = livingOf(app);
      return living[Math.floor(random() * living.length)];
    },
    exchanged(code, answer) {
      const known = answers.get(code);
      const now = JSON.stringify(answer);
      if (known !== undefined && known !== now) throw new Error('a code or refresh token gave two different answers');
      answers.set(code, now);
    },
    async broken(server, all) {
      const open = [...tokens].filter(
        ([, { promised, checked }]) => promised !== 'ending' && (all || checked !== promised),
      );
      const found: string[] = [];
      const checkOn = async () => {
        for (let next = open.pop(); next; next = open.pop()) {
          const [token, entry] = next;
          const reply = await send(server, '/oauth/introspect', entry.owner, { token });
          entry.checked = entry.promised;
          if (reply?.body?.active !== (entry.promised === 'live')) {
            found.push(
              `a token of ${entry.owner.client_name} that is ${entry.promised} was answered ${reply?.status} ${JSON.stringify(reply?.body)}`,
            );
          }
        }
      };
      await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, checkOn));
      return found;
    },
    get counts() {
      return { promises, live: count('live'), ended: count('ended'), exchanged: answers.size };
    },
  };
}
