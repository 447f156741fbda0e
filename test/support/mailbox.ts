/** An SMTP server that keeps what it is sent. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { afterAll } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { eventually } from './eventually.ts';
import { remember } from './vault.ts';

export interface Letter {
  readonly to: string;
  readonly text: string;
}

export interface Mailbox {
  /** Answers that the next letters get instead of being taken (RFC 5321 §4.2). */
  readonly refusals: number[];
  /** For the server that sends. */
  readonly settings: Record<string, string>;
  received(): readonly Letter[];
  /** The newest letter to this address, as soon as there is one. */
  next(to: string): Promise<Letter>;
}

const open: SMTPServer[] = [];

afterAll(async () => {
  await Promise.all(open.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
});

export async function openMailbox(): Promise<Mailbox> {
  const letters: Letter[] = [];
  const refusals: number[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      readAll(stream).then((raw) => {
        const responseCode = refusals.shift();
        if (responseCode !== undefined) return done(Object.assign(new Error('not now'), { responseCode }));
        const text = decode(raw);
        remember(linkIn(text)?.split('/').at(-1) ?? '');
        for (const { address } of session.envelope.rcptTo) letters.push({ to: address, text });
        done();
      }, done);
    },
  });
  open.push(server);
  const listening = server.listen(0, '127.0.0.1');
  if (!listening.listening) await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;

  return {
    refusals,
    settings: { MINTMARK_SMTP_URL: `smtp://127.0.0.1:${port}`, MINTMARK_MAIL_FROM: 'Mintmark <id@example.com>' },
    received: () => letters,
    async next(to) {
      await eventually(() => letters.some((letter) => letter.to === to));
      return letters.findLast((letter) => letter.to === to) as Letter;
    },
  };
}

/** The link that replaces a lost password. */
export function linkIn(text: string): string | undefined {
  return /https?:\/\/\S+\/account\/reset\/[\w-]+/.exec(text)?.[0];
}

/** Quoted-printable (RFC 2045 §6.7), in which long lines travel. */
function decode(raw: string): string {
  if (!/content-transfer-encoding: quoted-printable/i.test(raw)) return raw;
  return raw
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
