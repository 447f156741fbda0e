import type { z } from 'zod';
import type { AdminScope } from './scopes.ts';

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

type Params<Path extends string> = Readonly<Record<ParamNames<Path>, string>>;

export interface Request<Path extends string, Query, Body> {
  readonly params: Params<Path>;
  readonly query: Query;
  readonly body: Body;
  /** Who asks, as the record names them. */
  readonly by: string;
  /** What their access token holds. */
  readonly scopes: ReadonlySet<string>;
}

/** One operation. The router and the OpenAPI document are both made from it, so they cannot differ. */
export interface Route<Path extends string, Query extends z.ZodType, Body extends z.ZodType, Result extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1, parameters as `:name`. */
  readonly path: Path;
  /** What the access token must hold; undefined: anybody may ask. */
  readonly scope: AdminScope | undefined;
  readonly summary: string;
  readonly query?: Query;
  readonly body?: Body;
  /** No body is then an empty object. */
  readonly bodyOptional?: true;
  readonly status: 200 | 201 | 204;
  readonly result?: Result;
  /** When a 201 can be a 200, because nothing was made. */
  readonly makesNothing?: string;
  /** Of what a 201 has made, below /api/v1; undefined: nothing was made. */
  location?(result: z.output<Result>, params: Params<Path>): string | undefined;
  handle(request: Request<Path, z.output<Query>, z.output<Body>>): Promise<z.output<Result>> | z.output<Result>;
}

/** A route whose particular types have been checked and may be forgotten. */
export type AnyRoute = Route<string, z.ZodType, z.ZodType, z.ZodType>;

export function route<
  const Path extends string,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
  Result extends z.ZodType = z.ZodVoid,
>(definition: Route<Path, Query, Body, Result>): AnyRoute {
  return definition;
}
