import { errors, type default as Provider } from 'oidc-provider';
import type { Registration } from '#src/clients/index.ts';
import { Invalid } from '#src/oauth/problems.ts';
import { engineRegistration } from './client-metadata.ts';

/**
 * What the engine has to say about a registration, asked when it is written: one the engine cannot use would otherwise be
 * accepted and then fail every request of its client.
 *
 * @throws {Invalid}
 */
export async function checkRegistration(
  provider: Provider,
  metadata: Registration & { client_id: string },
): Promise<void> {
  try {
    await provider.Client.validate(engineRegistration(metadata) as Parameters<typeof provider.Client.validate>[0]);
  } catch (error) {
    if (!(error instanceof errors.InvalidClientMetadata)) throw error;
    const description = error.error_description ?? error.message;
    throw new Invalid([{ path: /^[a-z_]+(?=\W)/.exec(description)?.[0] ?? '', message: description }]);
  }
}
