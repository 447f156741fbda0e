/**
 * What a person sees: the HTML of every page, the stylesheet and logo under /public, the headers that confine a page, and
 * the two checks of a form post (where it came from, and its token).
 *
 * It does not decide which page comes next (interactions/), does not talk to the engine beyond reading the hidden fields
 * of the forms it hands out (`readEngineForm`). Each page is complete as served: the only script is the one that passkeys
 * cannot do without, on the pages that offer them.
 */
import type { Context, Middleware } from 'koa';
import type { Digests } from '#src/crypto/index.ts';
import { isSameOrigin } from '#src/http/index.ts';
import { type Csrf, createCsrf } from './csrf.ts';
import type { PageData, PageName } from './page-data.ts';
import { readPublicFiles } from './public-files.ts';
import { type Headed, setPageHeaders } from './security-headers.ts';
import { createTemplates } from './templates.ts';

export type { EndedPat, FormProblem, ShownApp, ShownPat, ShownSession } from './account-page-data.ts';
export type { Csrf } from './csrf.ts';
export { deviceProblem } from './device-problem.ts';
export { type EngineForm, readEngineForm } from './engine-form.ts';
export type {
  ApiScopes,
  ClientFace,
  ConsentPage,
  DeviceConfirmPage,
  DeviceDonePage,
  DevicePage,
  DeviceProblem,
  ErrorPage,
  LogoutPage,
  PageData,
  PageName,
  SignedOutPage,
} from './page-data.ts';
export { type PasswordRules, passwordRulesInWords } from './password-rules.ts';
export { formActionFor } from './security-headers.ts';
export type { LoginPage } from './sign-in-page-data.ts';
export type { SignInProblem, SignInProblemCode } from './sign-in-problem.ts';

export interface PagesDeps {
  /** The issuer URL: its host is shown on every page, its origin is the only one a form post may come from. */
  readonly issuer: string;
  readonly digests: Digests;
}

export interface Pages {
  /** Answers with a page. `status` defaults to 200. */
  render<N extends PageName>(ctx: PageContext, name: N, data: PageData[N], status?: number): void;
  readonly csrf: Csrf;
  /** Could this POST have been sent by one of our own pages? Asked before the token is looked at. */
  sameOrigin(ctx: Pick<Context, 'get'>): boolean;
  /** Serves the files of public/ under their hashed names; anything else goes on to the next middleware. */
  publicFiles(): Middleware;
  isPublicFile(path: string): boolean;
}

/** Of Koa's context what a page needs: it can be had without Koa. */
type PageContext = Pick<Context, 'body' | 'status' | 'type'> & Headed;

/** Reads every template and public file now: what is broken stops the start, not a sign-in. */
export function createPages({ issuer, digests }: PagesDeps): Pages {
  const { host, origin } = new URL(issuer);
  const files = readPublicFiles();
  const site = {
    host,
    origin,
    stylesheet: files.urlOf('style.css'),
    logo: files.urlOf('logo.svg'),
    passkeyScript: files.urlOf('passkey.js'),
  };
  const toHtml = createTemplates(site);

  return {
    csrf: createCsrf(digests),
    sameOrigin: (ctx) => isSameOrigin(ctx, origin),
    publicFiles: () => files.serve,
    isPublicFile: files.has,

    render(ctx, name, data, status = 200) {
      // `options`: of a passkey ceremony. Every other page runs no script at all.
      const scripted = 'options' in data && data.options !== undefined;
      const html = toHtml(name, data, scripted);
      setPageHeaders(ctx, { formAction: 'formAction' in data ? data.formAction : [], scripted });
      ctx.status = status;
      ctx.type = 'html';
      ctx.body = html;
    },
  };
}
