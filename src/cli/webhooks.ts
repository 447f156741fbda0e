import type { Noun } from './command.ts';
import { crud } from './resource.ts';

const WEBHOOK = '/webhooks/{webhook_id}';
const DELIVERY = `${WEBHOOK}/deliveries/{delivery_id}`;

export const webhooks: Noun = {
  about: 'URLs that are told of what happens',
  verbs: {
    ...crud({
      one: 'a webhook',
      path: '/webhooks',
      key: 'webhook_id',
      columns: ['id', 'status', 'paused_reason', 'format', 'url', 'events', 'last_success_at'],
    }),
    create: { about: 'make one; its URL is --webhook_url, as --url is the server', method: 'POST', path: '/webhooks' },
    test: { about: 'send it a sample', method: 'POST', path: `${WEBHOOK}/test` },
    deliveries: {
      about: 'list what it was told, or is going to be, newest first',
      method: 'GET',
      path: `${WEBHOOK}/deliveries`,
      columns: ['id', 'type', 'time', 'status', 'attempts', 'next_attempt_at', 'last_attempt'],
    },
    'deliveries get': { about: 'show a delivery and the log of its attempts', method: 'GET', path: DELIVERY },
    redeliver: { about: 'send one delivery once more', method: 'POST', path: `${DELIVERY}/redeliver` },
    replay: { about: 'send what happened in a time once more', method: 'POST', path: `${WEBHOOK}/replay` },
    'rotate-secret': {
      about: 'make a new signing secret and show it once',
      method: 'POST',
      path: `${WEBHOOK}/secrets`,
    },
    'secrets list': {
      about: 'list its signing secrets, without their values',
      method: 'GET',
      path: `${WEBHOOK}/secrets`,
    },
    'secrets remove': {
      about: 'end the previous signing secret',
      method: 'DELETE',
      path: `${WEBHOOK}/secrets/{secret_id}`,
    },
  },
};
