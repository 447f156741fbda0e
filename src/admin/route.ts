import type { z } from 'zod';
import type { From } from '#src/audit/index.ts';
import type { AccountScope } from '#src/oauth/account-scopes.ts';
import type { AdminScope } from '#src/oauth/admin-scopes.ts';
import type { ApiSession } from '#src/sessions/index.ts';
import type { HeldToken, SessionNeed } from './session-token.ts';

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

type Params<Path extends string> = Readonly<Record<ParamNames<Path>, string>>;

/** Where a personal access token will do, there may be no sign-in behind the request. */
type SessionOf<Need, Pat> = Need extends 'partial'
  ? HeldToken
  : Need extends SessionNeed
    ? ApiSession | (Pat extends AccountScope ? undefined : never)
    : undefined;

export interface Request<Path extends string, Query, Body, Need = undefined, Pat = undefined> {
  readonly params: Params<Path>;
  readonly query: Query;
  readonly body: Body;
  /** Who asks, as the record names them. */
  readonly by: string;
  /** What their access token holds. */
  readonly scopes: ReadonlySet<string>;
  /** Where they ask from. */
  readonly from: From;
  /** Of routes that ask for a session token instead of an access token. */
  readonly session: SessionOf<Need, Pat>;
  /** Of those: whose it is. */
  readonly accountId: Need extends SessionNeed ? string : undefined;
  /** The personal access token that stands in for the session token. */
  readonly patId: string | undefined;
  /** For routes that record by themselves what somebody does to their own account. A `reason` says that it failed. */
  record(action: string, how?: { reason?: string; data?: Readonly<Record<string, unknown>> }): Promise<void>;
}

/** One operation. The router and the OpenAPI document are both made from it, so they cannot differ. */
export interface Route<
  Path extends string,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Result extends z.ZodType,
  Need extends SessionNeed | undefined,
  Pat extends AccountScope | undefined,
> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1, parameters as `:name`. */
  readonly path: Path;
  /** What the access token must hold; undefined: anybody may ask, unless `session` says who. */
  readonly scope?: AdminScope | undefined;
  readonly session?: Need;
  /** What a personal access token must hold to do instead of the session token; undefined: none will. */
  readonly pat?: Pat;
  /** Of routes that anybody may ask: what lets an access token's holder learn more. */
  readonly insight?: AdminScope;
  readonly summary: string;
  /** What else a caller has to know. */
  readonly description?: string;
  /**
   * What the audit log calls it. `self`: what it may come to be called by what is behind it, which records more, or less,
   * than an outcome. All but GET have one.
   */
  readonly audit?: string | { readonly self: readonly string[] };
  readonly query?: Query;
  readonly body?: Body;
  /** No body is then an empty object. */
  readonly bodyOptional?: true;
  /** 202: it has been begun, and goes on after the answer. */
  readonly status: 200 | 201 | 202 | 204;
  readonly result?: Result;
  /** Statuses beyond those that every operation of its kind may answer. */
  readonly refuses?: readonly number[];
  /** When a 201 can be a 200, because nothing was made. */
  readonly makesNothing?: string;
  /** Whom or what it is done to, `user:…`, for the audit log; there is no result when it failed. */
  target?(params: Params<Path>, result: z.output<Result> | undefined, by: string): string | undefined;
  /** What the audit log says of what was done, beside the names in the path. */
  details?(
    request: Request<Path, z.output<Query>, z.output<Body>, Need, Pat>,
    result: z.output<Result>,
  ): Readonly<Record<string, unknown>>;
  /** Of what a 201 has made, below /api/v1; undefined: nothing was made. */
  location?(result: z.output<Result>, params: Params<Path>): string | undefined;
  handle(
    request: Request<Path, z.output<Query>, z.output<Body>, Need, Pat>,
  ): Promise<z.output<Result>> | z.output<Result>;
}

/** A route whose particular types have been checked and may be forgotten. */
export type AnyRoute = Route<
  string,
  z.ZodType,
  z.ZodType,
  z.ZodType,
  SessionNeed | undefined,
  AccountScope | undefined
>;

export type AnyRequest = Parameters<AnyRoute['handle']>[0];

export function route<
  const Path extends string,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Result extends z.ZodType = z.ZodVoid,
  const Need extends SessionNeed | undefined = undefined,
  const Pat extends AccountScope | undefined = undefined,
>(definition: Route<Path, Query, Body, Result, Need, Pat>): AnyRoute {
  return definition as AnyRoute;
}
