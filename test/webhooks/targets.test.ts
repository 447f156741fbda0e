import { describe, expect, test } from '@jest/globals';
import { createReach } from '#src/webhooks/sending/reach.ts';
import { createResolve } from '#src/webhooks/sending/resolve.ts';
import { createTargets } from '#src/webhooks/sending/target.ts';

const outside = createTargets({ networks: [], allowLoopback: false });
const development = createTargets({ networks: [], allowLoopback: true });
const INSIDE = 'must not point to an address inside the network of this server';

describe('URLs of webhooks', () => {
  test.each([
    'https://hooks.example.com/in?a=b&c=%20',
    'http://hooks.example.com:8080',
    'HTTPS://Hooks.Example.COM/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]:8443/x',
    'https://xn--mller-kva.example/',
    'https://müller.example/',
    'https://localhost.example.com/',
    'https://notlocalhost/',
    `https://hooks.example.com/${'x'.repeat(1_900)}`,
  ])('%s may be a target of events', (url) => {
    expect(outside.refusal(url, 'event')).toBeUndefined();
  });

  test.each([
    '',
    'hooks.example.com',
    '//hooks.example.com',
    '/relative',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'ws://hooks.example.com',
    'gopher://hooks.example.com',
    'https:hooks.example.com',
    'https:/hooks.example.com',
    'https:///hooks.example.com',
    'https:\\\\hooks.example.com',
    'https://hooks.example.com\\@127.0.0.1/',
    ' https://hooks.example.com',
    'https://hooks.example.com/\n',
    'https://hooks.exa\tmple.com/',
    'https://hooks.example.com/a b',
    'https://hooks.example.com/\0',
    'https://',
    'https://[::1',
    'https://[fe80::1%25eth0]/',
    'https://hooks.example.com:99999/',
    'https://1.2.3.4.5/',
    'https://256.1.1.1/',
  ])('%j is not an absolute http or https URL', (url) => {
    expect(development.refusal(url, 'event')).toBe('must be an absolute http or https URL');
  });

  test.each([
    'https://user:password@hooks.example.com/',
    'https://user@hooks.example.com/',
    'https://:@hooks.example.com/',
    'https://@hooks.example.com/',
    'https://hooks.example.com@127.0.0.1/',
    'https://127.0.0.1:80@hooks.example.com/',
  ])('%s holds credentials', (url) => {
    expect(development.refusal(url, 'event')).toBe('must not hold credentials');
  });

  test.each(['https://hooks.example.com/#top', 'https://hooks.example.com#', 'https://hooks.example.com/?a=b#@c'])(
    '%s has a fragment',
    (url) => {
      expect(outside.refusal(url, 'event')).toBe('must not have a fragment');
    },
  );

  test('no more than 2000 characters', () => {
    const url = (length: number) => 'https://hooks.example.com/'.padEnd(length, 'x');
    expect(outside.refusal(url(2_000), 'event')).toBeUndefined();
    expect(outside.refusal(url(2_001), 'event')).toBe('must not be longer than 2000 characters');
  });

  test('tokens go by https only, except to this machine in development', () => {
    const why = 'must be an https URL, because notifications carry tokens';
    expect(outside.refusal('http://hooks.example.com/', 'notification')).toBe(why);
    expect(development.refusal('http://hooks.example.com/', 'notification')).toBe(why);
    expect(outside.refusal('https://hooks.example.com/', 'notification')).toBeUndefined();
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]', 'LOCALHOST:3000']) {
      expect(development.refusal(`http://${host}/`, 'notification')).toBeUndefined();
      expect(outside.refusal(`http://${host}/`, 'notification')).toBe(INSIDE);
      expect(outside.refusal(`https://${host}/`, 'notification')).toBe(INSIDE);
    }
    const inside = createTargets({ networks: ['10.0.0.0/8', '127.0.0.1'], allowLoopback: false });
    expect(inside.refusal('http://10.1.2.3/', 'notification')).toBe(why);
    expect(inside.refusal('https://10.1.2.3/', 'notification')).toBeUndefined();
    expect(inside.refusal('http://127.0.0.1/', 'notification')).toBeUndefined();
    expect(inside.refusal('http://localhost/', 'notification')).toBeUndefined();
    expect(inside.refusal('http://127.0.0.2/', 'notification')).toBe(INSIDE);
  });
});

const LOOPBACK_SPELLINGS = ['2130706433', '0x7f000001', '0177.0.0.1', '017700000001', '127.1', '127.0.1', '0x7f.1'];
const LITERALS_INSIDE = [
  ...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '169.254.169.254', '169.254.0.1'],
  ...['0.0.0.0', '0', '0.1.2.3', '192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1'],
  ...['192.88.99.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '100.100.100.200', '168.63.129.16'],
  ...['0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518', '１６９.２５４.１６９.２５４', '10.0.0.1.'],
  ...['[::]', '[fe80::1]', '[febf::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[100::1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:169.254.169.254]', '[::ffff:8.8.8.8]', '[::ffff:0:127.0.0.1]'],
  ...[
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::a9fe:a9fe]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::a00:1]',
  ],
  ...['[2002:7f00:1::]', '[2002:a9fe:a9fe::1]', '[2001::1]', '[2001:db8::1]', '[2001:10::1]', '[3fff::1]', '[5f00::1]'],
  ...['[4000::1]', '[0:0:0:0:0:0:0:0]', '[0000:0000:0000:0000:0000:ffff:7f00:0001]'],
];

describe('addresses inside', () => {
  test.each([...LITERALS_INSIDE, ...LOOPBACK_SPELLINGS, '127.0.0.1', '[::1]', '[0:0:0:0:0:0:0:1]'])(
    '%s is refused at once',
    (host) => {
      for (const scheme of ['http', 'https']) expect(outside.refusal(`${scheme}://${host}/`, 'event')).toBe(INSIDE);
    },
  );

  test.each(LITERALS_INSIDE)('%s is so in development too', (host) => {
    expect(development.refusal(`https://${host}/`, 'event')).toBe(INSIDE);
  });

  test.each(['localhost', 'LocalHost', 'localhost.', 'a.localhost', 'a.b.LOCALHOST.', 'ｌocalhost'])(
    '%s is refused',
    (host) => {
      expect(outside.refusal(`https://${host}:8080/`, 'event')).toBe(INSIDE);
    },
  );

  test('in development this machine is reached, where it is addressed as such', () => {
    for (const host of ['localhost', 'localhost:3000', '127.0.0.1', '127.9.9.9', '[::1]:80', ...LOOPBACK_SPELLINGS]) {
      expect(development.refusal(`http://${host}/`, 'event')).toBeUndefined();
    }
    for (const host of ['localhost.', 'a.localhost', '[::ffff:127.0.0.1]']) {
      expect(development.refusal(`http://${host}/`, 'event')).toBe(INSIDE);
    }
  });

  test('are reached where the setting says so, and nowhere else', () => {
    const networks = ['10.1.0.0/16', '192.168.7.7', 'fd12:3456::/32', '::1'];
    const some = createTargets({ networks, allowLoopback: false });
    for (const host of ['10.1.0.0', '10.1.255.255', '192.168.7.7', '[fd12:3456::1]', '[::1]', 'localhost', '8.8.8.8']) {
      expect(some.refusal(`https://${host}/`, 'event')).toBeUndefined();
    }
    const still = ['10.0.255.255', '10.2.0.0', '192.168.7.8', '[fd12:3457::1]', '127.0.0.1', '[::ffff:10.1.0.1]'];
    for (const host of still) expect(some.refusal(`https://${host}/`, 'event')).toBe(INSIDE);
  });
});

describe('where a name leads', () => {
  const loopback = createReach({ networks: [], allowLoopback: true });

  test('to this machine or inside, nobody goes: not even in development', () => {
    for (const address of [
      '127.0.0.1',
      '::1',
      '10.0.0.1',
      '169.254.169.254',
      '::ffff:127.0.0.1',
      'fe80::1',
      '0.0.0.0',
    ]) {
      expect(loopback.allows('hooks.example.com', address)).toBe(false);
      expect(loopback.allows('localhost.', address)).toBe(false);
    }
    expect(loopback.allows('hooks.example.com', '8.8.8.8')).toBe(true);
    expect(loopback.allows('localhost', '127.0.0.1')).toBe(true);
    // What "localhost" leads to is not asked, but if it were.
    expect(loopback.allows('localhost', '10.0.0.1')).toBe(false);
  });

  test('to where the setting says, it does', () => {
    const reach = createReach({ networks: ['127.0.0.1/32', '10.0.0.0/8'], allowLoopback: false });
    expect(reach.allows('hooks.internal', '127.0.0.1')).toBe(true);
    expect(reach.allows('hooks.internal', '10.9.9.9')).toBe(true);
    expect(reach.allows('hooks.internal', '::1')).toBe(false);
    expect(reach.allows('hooks.internal', '::ffff:10.9.9.9')).toBe(false);
  });

  test('literals and localhost are not asked of anybody', async () => {
    const resolve = createResolve();
    const { signal } = new AbortController();
    expect(await resolve('10.0.0.1', signal)).toEqual(['10.0.0.1']);
    expect(await resolve('fe80::1', signal)).toEqual(['fe80::1']);
    expect(await resolve('localhost', signal)).toEqual(['127.0.0.1', '::1']);
  });
});
