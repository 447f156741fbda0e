/**
 * Every page with the data it cannot be rendered without. Values arrive as they are stored: escaping, and refusing links
 * that are not http(s), is the templates' business.
 */
import type { AccountPageData } from './account-page-data.ts';
import type { EngineForm } from './engine-form.ts';
import type { SignInPageData } from './sign-in-page-data.ts';

/** What a client says about itself, shown to the person who decides. Hostile input: anybody may register a client. */
export interface ClientFace {
  /** `client_name`, or the `client_id` where there is none. */
  readonly name: string;
  readonly logoUri?: string | undefined;
  readonly clientUri?: string | undefined;
  readonly policyUri?: string | undefined;
  readonly tosUri?: string | undefined;
}

/** A form of ours, posted to `action`. `formAction` comes from `formActionFor(redirect_uri)`. */
export interface InteractionForm {
  readonly action: string;
  readonly csrf: string;
  readonly formAction: readonly string[];
}

export interface ApiScopes {
  /** The API's name, as its owner registered it. */
  readonly name: string;
  readonly scopes: readonly { readonly name: string; readonly description?: string | undefined }[];
}

/** Posts `action=allow` or `action=deny`; "another account" posts `action=switch`. */
export interface ConsentPage extends InteractionForm {
  readonly client: ClientFace;
  readonly username: string;
  /** Asked-for scopes that belong to no API (openid, profile, offline_access …); worded here. */
  readonly scopes: readonly string[];
  readonly apis: readonly ApiScopes[];
  /** Where the answer goes; shown as a host, never as a link. None in the device flow. */
  readonly redirectUri: string | undefined;
}

/** `code`: unknown, used or expired, in one sentence, so that codes cannot be probed. `aborted`: the person said no. */
export type DeviceProblem = 'code' | 'aborted' | 'failed';

/** Posts `user_code` to the engine. */
export interface DevicePage {
  readonly form: EngineForm;
  readonly problem?: DeviceProblem | undefined;
}

/** Posts `confirm=yes` or `abort=yes` to the engine. */
export interface DeviceConfirmPage {
  readonly form: EngineForm;
  readonly client: ClientFace;
  readonly userCode: string;
  readonly device?: { readonly ip?: string | undefined; readonly userAgent?: string | undefined } | undefined;
}

export interface DeviceDonePage {
  readonly client: ClientFace;
}

/**
 * Posts `logout=yes` to the engine. Without a client, "stay signed in" is a link home: the engine would end nothing and
 * then show the signed-out page all the same.
 */
export interface LogoutPage {
  readonly form: EngineForm;
  /** From `formActionFor(post_logout_redirect_uri)`. */
  readonly formAction: readonly string[];
  readonly client?: ClientFace | undefined;
  readonly username?: string | undefined;
}

export interface SignedOutPage {
  /** Set when the person stayed signed in here and only this client was signed out. */
  readonly client?: ClientFace | undefined;
}

export interface ErrorPage {
  /** An OAuth error code, or one of ours (`form_refused`, `sign_in_expired`, `too_many_requests`): chooses the words. */
  readonly code: string;
  /** For the developer (`error_description`): shown small, as text, under the person's explanation. */
  readonly detail?: string | undefined;
  readonly requestId: string;
  /** The way on, where the client is known and not itself the problem. */
  readonly client?: ClientFace | undefined;
}

type NoData = Record<never, never>;

export interface PageData extends SignInPageData, AccountPageData {
  consent: ConsentPage;
  device: DevicePage;
  'device-confirm': DeviceConfirmPage;
  'device-done': DeviceDonePage;
  logout: LogoutPage;
  'signed-out': SignedOutPage;
  error: ErrorPage;
  'not-found': NoData;
  home: NoData;
}

export type PageName = keyof PageData;
