import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { type Client as EngineClient, errors, type InteractionResults } from 'oidc-provider';
import type { Form } from '#src/http/index.ts';

export type Answer = InteractionResults;
export type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

export interface OpenInteraction {
  readonly details: Details;
  readonly client: EngineClient;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One thing a person can be asked. */
export interface Step {
  show(ctx: Context, interaction: OpenInteraction, options: { switching?: boolean }): Promise<void>;
  /** The person's answer for the engine; undefined when the page was shown again instead. */
  submit(ctx: Context, interaction: OpenInteraction, form: Form): Promise<Answer | undefined>;
}

/**
 * The interaction of this browser: its cookie and the path must agree.
 *
 * @throws {errors.SessionNotFound}
 */
export async function openInteraction(
  { provider }: { provider: () => Provider },
  ctx: Context,
): Promise<OpenInteraction> {
  const engine = provider();
  const details = await engine.interactionDetails(ctx.req, ctx.res);
  const client = await engine.Client.find(String(details.params.client_id));
  if (!client) throw new errors.SessionNotFound('the client is gone');
  return { details, client, params: details.params };
}

export const parameter = ({ params }: OpenInteraction, name: string): string | undefined => {
  const value = params[name];
  return typeof value === 'string' ? value : undefined;
};
