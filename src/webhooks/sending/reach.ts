import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.parse>;
type Network = ReturnType<typeof ipaddr.parseCIDR>;

export interface ReachSettings {
  /** CIDR ranges or addresses that may be reached though they are inside. */
  readonly networks: readonly string[];
  /** This very machine may be reached, where it is addressed as such: `localhost`, 127.0.0.0/8, [::1]. */
  readonly allowLoopback: boolean;
}

/** Where a webhook may go: everywhere outside, and inside only where the settings say so. */
export interface Reach {
  /** @param host as the URL has it, without brackets: a name that resolves to loopback is not "localhost" */
  allows(host: string, address: string): boolean;
}

/** RFC 6761 §6.3: this name is not looked up. */
export const LOCALHOST = { name: 'localhost', addresses: ['127.0.0.1', '::1'] } as const;

/** Of IPv6, only this has been given out to anybody; the rest hides such as `::7f00:1`, 127.0.0.1 as once written. */
const GLOBAL_UNICAST_V6: Network = ipaddr.parseCIDR('2000::/3');
/** Answers as the platform of a cloud to each of its machines, though the address is a public one. */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set(['168.63.129.16']);

export function createReach({ networks, allowLoopback }: ReachSettings): Reach {
  const allowed = networks.map(parseNetwork);
  return {
    allows(host, text) {
      const address = ipaddr.parse(text);
      const addressedAsSuch = host === LOCALHOST.name || host === text;
      return (
        (allowLoopback && addressedAsSuch && address.range() === 'loopback') ||
        allowed.some((network) => within(address, network)) ||
        isOutside(address)
      );
    },
  };
}

/** @throws when it is neither a range nor an address */
function parseNetwork(text: string): Network {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128] as Network;
}

/** An IPv4 range does not hold the IPv6 addresses that embed its own: those are nobody's way to write them. */
function within(address: Address, [network, bits]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

/** `unicast` is what no registry set apart: not private, link-local, multicast, NAT64, 6to4, IPv4-mapped and so on. */
function isOutside(address: Address): boolean {
  return (
    address.range() === 'unicast' &&
    (address.kind() === 'ipv4' || within(address, GLOBAL_UNICAST_V6)) &&
    !METADATA_ADDRESSES.has(address.toString())
  );
}
