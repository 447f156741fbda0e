import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { type Client as EngineClient, errors, type InteractionResults } from 'oidc-provider';
import { deviceCookie, type Form, fromOf } from '#src/http/index.ts';
import type { SignInProblem } from '#src/pages/index.ts';
import type { Enrolment, Key, Refused, SignIn, Visit } from '#src/sessions/index.ts';

export type Answer = InteractionResults;
export type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

/** As the engine left it. */
export interface Opened {
  readonly details: Details;
  readonly client: EngineClient;
  readonly params: Readonly<Record<string, unknown>>;
  /** What a sign-in begun here is kept under. */
  readonly key: Key;
  readonly visit: Visit;
}

export interface OpenInteraction extends Opened {
  /** What somebody has proved here so far. Nothing of it reaches the engine before nothing is asked any more. */
  readonly signIn: SignIn | undefined;
}

export interface ShowOptions {
  readonly problem?: SignInProblem | undefined;
  /** Somebody else than who is signed in here. */
  readonly switching?: boolean;
  /** What was typed, where it may be shown again. */
  readonly username?: string;
  readonly name?: string;
  readonly enrolment?: string;
  /** Recovery codes, made by the form that this answers. */
  readonly codes?: readonly string[] | undefined;
}

/** What came of a form. */
export type Outcome =
  /** For the engine, which decides what comes next when the browser returns to it. */
  | { readonly answer: Answer }
  /** Something was proved, or need not be: on to what is asked now. */
  | SignIn
  | Enrolment
  | Extract<Refused, { refused: 'not_asked' | 'gone' }>
  /** The same page once more. */
  | { readonly again: ShowOptions };

/** One thing a person can be asked. */
export interface Step {
  show(ctx: Context, interaction: OpenInteraction, options: ShowOptions): Promise<void> | void;
  submit(interaction: OpenInteraction, form: Form): Promise<Outcome> | Outcome;
}

/**
 * The interaction of this browser: its cookie and the path must agree.
 *
 * @throws {errors.SessionNotFound}
 */
export async function openInteraction({ provider }: { provider: () => Provider }, ctx: Context): Promise<Opened> {
  const engine = provider();
  const details = await engine.interactionDetails(ctx.req, ctx.res);
  const client = await engine.Client.find(String(details.params.client_id));
  if (!client) throw new errors.SessionNotFound('the client is gone');
  const key: Key = { of: 'interaction', value: details.uid };
  return {
    details,
    client,
    params: details.params,
    key,
    visit: { ...fromOf(ctx), device: deviceCookie.read(ctx) },
  };
}

export const parameter = ({ params }: Opened, name: string): string | undefined => {
  const value = params[name];
  return typeof value === 'string' ? value : undefined;
};

export const pathOf = ({ details }: Opened): string => `/login/${details.uid}`;
