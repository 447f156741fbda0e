/**
 * Koa plumbing shared by every router: reading bodies, saying no, naming and logging requests, default headers. It knows
 * neither the database nor any capability; what those throw reaches it through `translate`.
 */
export { type Form, field, hasBody, readForm, readJson } from './body.ts';
export { deviceCookie } from './device-cookie.ts';
export { answerProblem, asProblem, problems } from './errors.ts';
export { fromOf } from './from.ts';
export { hasCopy } from './if-none-match.ts';
export { limitInFlight, type Work } from './in-flight.ts';
export { createLog, unsearched } from './log.ts';
export { pinOrigin } from './pin-origin.ts';
export { PAT_COOKIE, PAT_HEADER, presentedToken } from './presented-token.ts';
export * from './problem.ts';
export { requestId, requestIdOf } from './request-id.ts';
export { logRequest, requestLog } from './request-log.ts';
export { isSameOrigin } from './same-origin.ts';
export { securityHeaders, strictHeaders } from './security-headers.ts';
export { seeOther } from './see-other.ts';
export type { Context, Middleware, State } from './state.ts';
export { refuseUnstorable } from './storable.ts';
