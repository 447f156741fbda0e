/** A real receiver on loopback. It takes nothing on trust: what the published package does not verify is no receipt. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from '@jest/globals';
import { Webhook } from 'standardwebhooks';

export interface Receipt {
  /** `webhook-id`. */
  readonly id: string;
  readonly body: any;
  readonly headers: IncomingHttpHeaders;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Inbox {
  readonly url: string;
  /** In the order in which they came, with repetitions. */
  readonly receipts: readonly Receipt[];
  /** What is answered from now on; 204 at first. */
  answer: (receipt: Receipt) => Reply | Promise<Reply>;
  /** Requests that were unanswered at the same time, at most. */
  readonly mostAtOnce: number;
  /** From now on what is signed by this is verified; before, nothing is. */
  trust(signingSecret: string): void;
}

export interface Receiver {
  /** An address of its own. */
  inbox(): Inbox;
}

/** For a describe block. @throws after it, when something came that was not signed as it should */
export function withReceiver(): Receiver {
  const inboxes = new Map<string, Inbox & { take(headers: IncomingHttpHeaders, body: string): Promise<Reply> }>();
  const forged: string[] = [];
  const server = createServer(async (req, res) => {
    const body = await text(req).catch(() => undefined);
    const inbox = inboxes.get(req.url ?? '');
    if (body === undefined || !inbox) return void res.writeHead(404).end();
    const reply = await inbox.take(req.headers, body).catch((error: unknown) => {
      forged.push(`${req.url}: ${error}`);
      return { status: 400 };
    });
    send(res, reply);
  });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    if (forged.length > 0) throw new Error(`not as it was signed: ${forged.join(', ')}`);
  });

  return {
    inbox() {
      const path = `/inbox/${inboxes.size}`;
      const inbox = newInbox(() => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
      inboxes.set(path, inbox);
      return inbox;
    },
  };
}

function send(res: ServerResponse, { status, headers, body }: Reply): void {
  res.writeHead(status, headers).end(body);
}

function newInbox(url: () => string) {
  const receipts: Receipt[] = [];
  const trusted: Webhook[] = [];
  let unanswered = 0;
  let mostAtOnce = 0;
  return {
    get url() {
      return url();
    },
    receipts,
    answer: (): Reply | Promise<Reply> => ({ status: 204 }),
    get mostAtOnce() {
      return mostAtOnce;
    },
    trust: (signingSecret: string) => void trusted.push(new Webhook(signingSecret)),

    async take(headers: IncomingHttpHeaders, body: string): Promise<Reply> {
      const receipt = { id: String(headers['webhook-id']), body: verified(trusted, headers, body), headers };
      receipts.push(receipt);
      unanswered += 1;
      mostAtOnce = Math.max(mostAtOnce, unanswered);
      const answer: Inbox['answer'] = this.answer;
      return await Promise.resolve(answer(receipt)).finally(() => {
        unanswered -= 1;
      });
    },
  };
}

function verified(trusted: readonly Webhook[], headers: IncomingHttpHeaders, body: string): unknown {
  const errors: unknown[] = [];
  for (const webhook of trusted) {
    try {
      return webhook.verify(body, headers as Record<string, string>);
    } catch (error) {
      errors.push(error);
    }
  }
  throw new Error(`signed by nobody: ${errors.join(', ')}`);
}
