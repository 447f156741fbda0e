import type { Message } from '#src/mail/index.ts';

interface Reset {
  readonly to: string;
  readonly username: string;
  readonly issuer: string;
  readonly link: string;
}

export function resetMail({ to, username, issuer, link }: Reset): Message {
  const { host } = new URL(issuer);
  return {
    to,
    subject: `A new password for ${host}`,
    text: [
      `Somebody, hopefully you, wants to choose a new password for ${username} at ${host}.`,
      'With this link you can do so once, within 30 minutes:',
      link,
      'If it was not you, there is nothing to do: the password stays as it is.',
    ].join('\n\n'),
  };
}
