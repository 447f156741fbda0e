import type { Fault } from '#src/oauth/problems.ts';
import { NOTIFIED } from './event-types.ts';
import type { Targets } from './sending/target.ts';
import type { Format, WebhookSettings } from './webhook.ts';

/** What is wrong with a webhook of this format. @param targets undefined: the URL is the one it had */
export function checkRules(
  format: Format,
  { url, eventTypes, clientIds }: WebhookSettings,
  sharedSecret: string | null | undefined,
  targets: Targets | undefined,
): Fault[] {
  const refusal = targets?.refusal(url, format);
  return [
    ...(refusal === undefined ? [] : [{ path: 'url', message: refusal }]),
    ...checkEvents(format, eventTypes),
    ...(clientIds ? checkNames('client_ids', clientIds) : []),
    // An event has a signature, which does not have to be shown to whoever receives it.
    ...(sharedSecret && format !== 'notification'
      ? [{ path: 'shared_secret', message: 'is only for the format notification' }]
      : []),
  ];
}

function checkEvents(format: Format, eventTypes: readonly string[]): Fault[] {
  if (format === 'notification' && eventTypes.join() !== NOTIFIED) {
    return [{ path: 'events', message: `a notification tells of ${NOTIFIED} only` }];
  }
  return checkNames('events', eventTypes);
}

function checkNames(path: string, names: readonly string[]): Fault[] {
  if (names.length === 0) return [{ path, message: 'needs at least one' }];
  return names.flatMap((name, i) =>
    names.indexOf(name) === i ? [] : [{ path: `${path}.${i}`, message: 'is there already' }],
  );
}
