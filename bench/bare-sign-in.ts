/** The page that the engine leaves to whoever uses it: a name and a password, which is checked as Mintmark checks it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import { createPasswordHasher } from '#src/crypto/index.ts';
import type { Person } from './browser.ts';

const PAGE = `<!doctype html><title>Sign in</title>
<form method="post"><input name="username"><input name="password" type="password"><button>Sign in</button></form>`;

export async function bareSignIn(provider: Provider, people: readonly Person[]) {
  const passwords = await createPasswordHasher(availableParallelism());
  const hashes = new Map(
    await Promise.all(
      people.map(async ({ username, password }) => [username, await passwords.hash(password)] as const),
    ),
  );

  async function signIn(req: IncomingMessage, res: ServerResponse): Promise<void> {
    await provider.interactionDetails(req, res);
    if (req.method === 'GET') {
      res.writeHead(200, { 'content-type': 'text/html', 'content-length': PAGE.length }).end(PAGE);
      return;
    }
    const form = new URLSearchParams(await text(req));
    const accountId = form.get('username') ?? '';
    const fits = await passwords.inTurn((verify) => verify(hashes.get(accountId), [form.get('password') ?? '']));
    if (fits) await provider.interactionFinished(req, res, { login: { accountId } });
    else res.writeHead(401).end();
  }

  return (req: IncomingMessage, res: ServerResponse) => {
    signIn(req, res).catch((error: Error) => res.writeHead(500).end(error.message));
  };
}
