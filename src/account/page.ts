import type { Context } from 'koa';
import type { Account } from '#src/accounts/index.ts';
import type { Form } from '#src/http/index.ts';
import type { Notice } from './notices.ts';

/** The sign-in of the browser that asks. */
export interface BrowserSession {
  readonly uid: string;
  readonly accountId: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

/** Somebody who is signed in, at one of their pages. */
export interface Visit {
  readonly ctx: Context;
  readonly params: Readonly<Record<string, string>>;
  readonly account: Account;
  readonly session: BrowserSession;
  /** What every page shows of whom it belongs to. */
  readonly own: { readonly username: string; readonly csrf: string; readonly notice: string | undefined };
  /** For the audit log: done by this person to their own account. A `reason` says that it failed. */
  record(action: string, how?: { reason?: string | undefined; data?: Record<string, unknown> }): Promise<void>;
}

/** Where a form leads to when it did what it says. */
export interface Next {
  readonly to: string;
  readonly done?: Notice;
}

/**
 * One address below /account. Who may see it, whether the form came from here, and how old the proof may be is asked
 * before any of these is called: a page cannot forget it.
 */
export interface AccountPage {
  readonly path: string;
  /** Neither shown nor obeyed without a proof of the last minutes. */
  readonly fresh: boolean | ((account: Account) => boolean);
  show?(visit: Visit): Promise<void>;
  /** Undefined when it has answered by itself: with the form again and what is wrong, or with what is shown only once. */
  submit?(visit: Visit, form: Form): Promise<Next | undefined>;
}

/** A page that says what is wrong with what was typed. */
export const REFUSED = 400;
