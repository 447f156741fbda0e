/**
 * The least a server can do, by node:http alone: reads the body of a POST and answers JSON of the size of a token answer.
 * `echo` does nothing more; `argon2` checks a password first, which must be the body, as Mintmark checks one.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { createPasswordHasher } from '#src/crypto/index.ts';

const [, , what = 'echo', password = ''] = process.argv;
const ANSWER = JSON.stringify({
  access_token: 'x'.repeat(43),
  active: true,
  expires_in: 3600,
  token_type: 'Bearer',
  scope: 'bench:run',
});
const HEAD = { 'content-type': 'application/json', 'content-length': ANSWER.length };

const isRight = what === 'argon2' ? await argon2() : async () => true;
const server = createServer(async (req, res) => {
  const body = await read(req);
  if (await isRight(body)) res.writeHead(200, HEAD).end(ANSWER);
  else res.writeHead(401).end();
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://localhost:${port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));

async function argon2(): Promise<(body: string) => Promise<boolean>> {
  const passwords = await createPasswordHasher(availableParallelism());
  const hash = await passwords.hash(password);
  return (body) => passwords.inTurn((verify) => verify(hash, [body]));
}

function read(req: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => resolve(body));
  });
}
