import type { Message } from '#src/mail/index.ts';

interface Report {
  readonly to: string;
  readonly username: string;
  /** What their owner called them: visible characters. */
  readonly names: readonly string[];
  readonly issuer: string;
}

export function reportMail({ to, username, names, issuer }: Report): Message {
  const { host } = new URL(issuer);
  return {
    to,
    subject: `A personal access token for ${host} was found in public`,
    text: [
      `Somebody showed us personal access tokens of ${username} at ${host} that they had found. We ended them at once:`,
      names.map((name) => `  ${name}`).join('\n'),
      'Programs that used one of them need a new one. Look for where it was left, and for what was done with it:',
      `${issuer}/account/tokens`,
    ].join('\n\n'),
  };
}
