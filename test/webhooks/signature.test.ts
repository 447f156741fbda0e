import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { newSigningSecret, sign } from '#src/webhooks/sending/sign.ts';

const now = () => Math.floor(Date.now() / 1000);
const headers = (id: string, timestamp: number, signature: string) => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
});

describe('signatures by Standard Webhooks', () => {
  test('are those of the example in the specification', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = '{"test": 2432232314}';
    expect(sign(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('of a new secret are accepted by the published package, also beside one of another secret', () => {
    const [secret, other] = [newSigningSecret(), newSigningSecret()];
    const body = JSON.stringify({ id: 'é ✓', data: {} });
    const at = now();
    const both = `${sign(other, 'e1', at, body)} ${sign(secret, 'e1', at, body)}`;
    for (const one of [secret, other]) {
      expect(new Webhook(one).verify(body, headers('e1', at, both))).toEqual(JSON.parse(body));
    }
  });

  test('hold for this id, time, body and secret only', () => {
    const secret = newSigningSecret();
    const at = now();
    const signature = sign(secret, 'e1', at, '{}');
    const receiver = new Webhook(secret);
    expect(() => receiver.verify('{"a":1}', headers('e1', at, signature))).toThrow();
    expect(() => receiver.verify('{}', headers('e2', at, signature))).toThrow();
    expect(() => receiver.verify('{}', headers('e1', at + 1, signature))).toThrow();
    expect(() => new Webhook(newSigningSecret()).verify('{}', headers('e1', at, signature))).toThrow();
    const old = at - 3_600;
    expect(() => receiver.verify('{}', headers('e1', old, sign(secret, 'e1', old, '{}')))).toThrow(/old/);
  });

  test('a new secret is 32 random bytes', () => {
    expect(newSigningSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSigningSecret()).not.toBe(newSigningSecret());
  });
});
