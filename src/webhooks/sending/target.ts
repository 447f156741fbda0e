import { isIP } from 'node:net';
import type { Webhook } from '../webhook.ts';
import { createReach, LOCALHOST, type ReachSettings } from './reach.ts';

export interface Targets {
  /** Why nothing may be sent there, in words for the person who set it; undefined: it may. */
  refusal(url: string, format: Webhook['format']): string | undefined;
}

export const LONGEST_URL = 2_000;
/** As people read it: the parser also takes `https:host`, `https:\\host` and line breaks in the middle. */
const PLAIN = /^https?:\/\/([^\s/?#\\\p{Cc}]+)[^\s\\\p{Cc}]*$/iu;
const NAMES_OF_THIS_MACHINE = /(^|\.)localhost\.?$/;

/** Names are only looked up when something is sent, every time: what they resolve to today says nothing of tomorrow. */
export function createTargets(settings: ReachSettings): Targets {
  const reach = createReach(settings);

  function isReachable(host: string): boolean {
    if (isIP(host)) return reach.allows(host, host);
    if (host === LOCALHOST.name) return LOCALHOST.addresses.some((address) => reach.allows(host, address));
    return !NAMES_OF_THIS_MACHINE.test(host);
  }

  return {
    refusal(text, format) {
      if (text.length > LONGEST_URL) return `must not be longer than ${LONGEST_URL} characters`;
      const plain = PLAIN.exec(text);
      if (!plain || !URL.canParse(text)) return 'must be an absolute http or https URL';
      // An empty user or fragment leaves no trace in what the parser returns.
      if (plain[1]?.includes('@')) return 'must not hold credentials';
      if (text.includes('#')) return 'must not have a fragment';
      const url = new URL(text);
      const host = hostOf(url);
      if (!isReachable(host)) return 'must not point to an address inside the network of this server';
      if (format === 'notification' && url.protocol !== 'https:' && !isThisMachine(host)) {
        return 'must be an https URL, because notifications carry tokens';
      }
      return undefined;
    },
  };
}

/** Without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

const isThisMachine = (host: string) => host === LOCALHOST.name || host === '::1' || /^127(\.\d+){3}$/.test(host);
