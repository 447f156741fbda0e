/** A process that sends one message and prints what came of it. Its environment is that of a server. */
import { createSender } from '#src/webhooks/sending/send.ts';

const [, , url = '', networks = ''] = process.argv;
const sender = createSender({ networks: networks.split(',').filter(Boolean), allowLoopback: true, timeout: 5_000 });
const message = { url, id: 'e1', body: '{}', sharedSecret: undefined, signingSecrets: [], secrets: [] };
console.log(JSON.stringify(await sender.send(message, new AbortController().signal)));
