import type { Middleware as KoaMiddleware, ParameterizedContext } from 'koa';

/** All that a request carries from one middleware to the next. */
export interface State {
  requestId: string;
  /** The client that authenticated, for the request log. */
  clientId?: string;
}

export type Context = ParameterizedContext<State>;
export type Middleware = KoaMiddleware<State>;
