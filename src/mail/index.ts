/**
 * E-mail by SMTP. Owns how a mail leaves: in the background, tried a few times, logged when lost. Does not own what is
 * written to whom. Without an SMTP server there is none, and whoever would write one asks `enabled` first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transporter } from 'nodemailer';
import type { Logger } from 'pino';

export interface Message {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface MailDeps {
  /** smtp:// or smtps://, with user and password if need be. */
  readonly smtpUrl?: string | undefined;
  readonly from?: string | undefined;
  readonly log: Pick<Logger, 'warn'>;
}

export interface Mail {
  readonly enabled: boolean;
  /**
   * Returns at once. `message` may be work that makes it, or finds out that there is nobody to write to: who waits for our
   * answer then cannot tell which it was.
   */
  send(message: Message | (() => Promise<Message | undefined>)): void;
  /** Tries nothing again, and waits for what is being said to the SMTP server right now. */
  close(): Promise<void>;
}

const PAUSES_MS = [1_000, 5_000, 25_000];
/** Every one of them holds a little memory; when mails do not get away, more of them will not either. */
const MOST_UNDER_WAY = 500;
const TIMEOUTS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 };

export function createMail({ smtpUrl, from, log }: MailDeps): Mail {
  if (!smtpUrl || !from) return { enabled: false, send() {}, async close() {} };
  const closing = new AbortController();
  const underWay = new Set<Promise<void>>();
  let transport: Promise<Transporter> | undefined;

  /** Loaded for the first mail; where that fails, for the next. */
  async function connect(): Promise<Transporter> {
    const { createTransport } = await import('nodemailer').catch((error: unknown) => {
      transport = undefined;
      throw error;
    });
    return createTransport({ url: smtpUrl, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true });
  }

  async function deliver({ to, subject, text }: Message, pauses: readonly number[]): Promise<void> {
    try {
      // As an address and not as a header's text, in which a comma would make it two.
      transport ??= connect();
      await (await transport).sendMail({ from, to: { name: '', address: to }, subject, text });
    } catch (error) {
      const [pause, ...rest] = pauses;
      if (pause === undefined || isFinal(error) || closing.signal.aborted) throw error;
      await sleep(pause, undefined, { signal: closing.signal });
      await deliver({ to, subject, text }, rest);
    }
  }

  async function compose(message: Parameters<Mail['send']>[0]): Promise<void> {
    try {
      const composed = typeof message === 'function' ? await message() : message;
      if (composed) await deliver(composed, PAUSES_MS);
    } catch (error) {
      log.warn({ err: error }, 'an e-mail was lost');
    }
  }

  return {
    enabled: true,
    send(message) {
      if (underWay.size >= MOST_UNDER_WAY || closing.signal.aborted) {
        log.warn({ under_way: underWay.size }, 'an e-mail was lost: too many are under way');
        return;
      }
      const sending = compose(message).finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    async close() {
      closing.abort();
      await Promise.all(underWay);
    },
  };
}

/** The server has understood and says no: it will say so again (RFC 5321 §4.2.1). */
function isFinal(error: unknown): boolean {
  const { responseCode = 0 } = error as { responseCode?: number };
  return responseCode >= 500;
}
