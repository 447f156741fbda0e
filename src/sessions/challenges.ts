/**
 * Passkey sign-ins without a browser's interaction around them: a challenge that carries its own end, so that asking for one
 * writes nothing, and that is good for one answer.
 */
import { type Digests, randomSecret } from '#src/crypto/index.ts';
import { GuardFailed, type Tokens } from '#src/tokens/index.ts';

export interface Challenges {
  /** Its id: tied to the WebAuthn ceremony that it stands for, and given back with the answer. */
  issue(): string;
  /** Whether it is one of ours, not too old, and taken for the first time. */
  take(id: string): Promise<boolean>;
}

/** What somebody needs to find their security key. */
const LIFETIME_SECONDS = 300;
const PURPOSE = 'passkey challenge';
const ID = /^((\d{1,12})\.[\w-]{43})\.([\w-]{43})$/;

interface ChallengeDeps {
  readonly digests: Digests;
  readonly tokens: Pick<Tokens, 'units' | 'references'>;
}

const now = () => Math.floor(Date.now() / 1000);

export function createChallenges({ digests, tokens }: ChallengeDeps): Challenges {
  const { units, references } = tokens;

  /** The memory of proofs already seen says so, for all instances. */
  async function isFirst(id: string, expiresAt: number): Promise<boolean> {
    const replay = { id: references.idOf('replay', `${PURPOSE} ${id}`), expiresAt };
    try {
      await units.run(async () => units.open().noteReplay(replay));
      return true;
    } catch (error) {
      if (error instanceof GuardFailed) return false;
      throw error;
    }
  }

  return {
    issue() {
      const body = `${now() + LIFETIME_SECONDS}.${randomSecret()}`;
      return `${body}.${digests.of(PURPOSE, body).toString('base64url')}`;
    },

    async take(id) {
      const [, body = '', expires = '0', mac = ''] = ID.exec(id) ?? [];
      const isOurs = digests.matches(PURPOSE, body, Buffer.from(mac, 'base64url'));
      return isOurs && Number(expires) > now() && isFirst(id, Number(expires));
    },
  };
}
