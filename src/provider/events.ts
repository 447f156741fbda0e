import type { KoaContextWithOIDC, default as Provider } from 'oidc-provider';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Refusals whose true reason the client is not told: `error_detail` is for the operator only. */
const REFUSALS = [
  'authorization.error',
  'grant.error',
  'introspection.error',
  'revocation.error',
  'pushed_authorization_request.error',
  'device_authorization.error',
  'userinfo.error',
  'end_session.error',
] as const;

/** The engine answers its own failures; this is where they become known. Listeners only log: a throw would be a 500. */
export function logEvents(provider: Provider, log: Log): void {
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    log.error({ err: error, request_id: ctx.state.requestId }, 'a protocol request failed');
  });
  provider.on('backchannel.error', (ctx, error, { clientId: client_id }) => {
    // The person is signed out here all the same; the app that did not hear of it may go on as if nothing had happened.
    log.warn({ err: error, request_id: ctx.state.requestId, client_id }, 'a client could not be told of a sign-out');
  });
  for (const event of REFUSALS) {
    (provider as NodeJS.EventEmitter).on(event, (ctx: KoaContextWithOIDC, error: Error & { error_detail?: string }) => {
      const client_id = ctx.oidc?.client?.clientId;
      log.info({ request_id: ctx.state.requestId, client_id, error: error.message, detail: error.error_detail }, event);
    });
  }
}
