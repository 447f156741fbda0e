/** What waits for a browser's answer, while another request ends it. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createDigests, randomId } from '#src/crypto/index.ts';
import { createTokens, type Tokens } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

describe.each(ENGINES)('An interaction on %s', (engine) => {
  const database = withDatabase(engine);
  let tokens: Tokens;
  beforeAll(async () => {
    tokens = await createTokens({ db: database(), digests: createDigests([Buffer.alloc(32, 1)]) });
  });

  const idOf = (uid: string) => tokens.idFor('interaction', uid);
  const put = (uid: string, said: string) => {
    const interaction = { id: idOf(uid), payload: { said }, expiresAt: Math.floor(Date.now() / 1000) + 600 };
    tokens.units.open().interactions.set(interaction.id, interaction);
  };
  const found = async (uid: string) => (await tokens.findInteraction(uid))?.payload;

  async function begun(): Promise<string> {
    const uid = randomId();
    await tokens.units.run(async () => put(uid, 'begun'));
    return uid;
  }

  test('is answered by who found it', async () => {
    const uid = await begun();
    await tokens.units.run(async () => {
      expect(await found(uid)).toEqual({ said: 'begun' });
      put(uid, 'answered');
    });
    expect(await found(uid)).toEqual({ said: 'answered' });
  });

  test('does not begin again by an answer that comes after its end', async () => {
    const uid = await begun();
    await tokens.units.run(async () => {
      await found(uid);
      await tokens.units.run(async () => void tokens.units.open().endedInteractions.add(idOf(uid)));
      put(uid, 'answered');
    });
    expect(await found(uid)).toBeUndefined();
  });
});
