/** The pages where people look after their own account, with the data each cannot be rendered without. */
import type { ApiScopes, ClientFace } from './page-data.ts';
import type { PasswordRules } from './password-rules.ts';

/** Around every page of somebody who is signed in. The pages' forms post to their own address. */
interface Own {
  readonly username: string;
  /** Goes into every form, and into the one that signs out. */
  readonly csrf: string;
  /** What was just done, in a sentence. */
  readonly notice?: string | undefined;
}

/** What is wrong, in a sentence, and which field it is about. */
export interface FormProblem {
  readonly field: string;
  readonly words: string;
}

interface OwnForm extends Own {
  readonly problem?: FormProblem | undefined;
}

export interface AccountOverviewPage extends Own {
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly password: { readonly changedAt: Date | undefined } | undefined;
  readonly totp: { readonly createdAt: Date; readonly lastUsedAt: Date | undefined } | undefined;
  readonly passkeys: number;
  readonly recoveryCodesLeft: number;
  readonly sessions: number;
  readonly apps: number;
  /** How many are in use; undefined where there are none to be had. */
  readonly tokens: number | undefined;
}

/** Posts `name`. */
export interface AccountProfilePage extends OwnForm {
  readonly name: string | undefined;
  readonly email: string | undefined;
}

/** Posts `email`. */
export interface AccountEmailPage extends OwnForm {
  readonly email: string | undefined;
}

/** Posts `new_password` and `repeat`; `current` too, where there is a password already. */
export interface AccountPasswordPage extends OwnForm {
  readonly state: 'change' | 'set' | 'forbidden';
  readonly changedAt: Date | undefined;
  readonly rules: PasswordRules;
}

/** Posts `enrolment` and `code`. */
export interface AccountTotpSetUpPage extends OwnForm {
  readonly enrolment: string;
  /** Base32. */
  readonly secret: string;
  readonly uri: string;
  /** SVG markup, made here and printed as it is. */
  readonly qr: string;
}

/** Posts `action=remove`. */
export interface AccountTotpPage extends Own {
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  /** Why it cannot be removed, as the end of a sentence. */
  readonly kept: string | undefined;
  readonly takesRecoveryCodes: boolean;
}

/** Posts `action=generate`. */
export interface AccountRecoveryCodesPage extends Own {
  readonly left: number;
  readonly createdAt: Date | undefined;
  /** Without a second factor there is nothing that a code could stand in for. */
  readonly hasSecondFactor: boolean;
}

export interface AccountNewCodesPage extends Own {
  readonly codes: readonly string[];
}

export interface ShownPasskey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly backedUp: boolean;
}

export interface AccountPasskeysPage extends Own {
  readonly passkeys: readonly ShownPasskey[];
}

/** Posts `name`. */
export interface AccountPasskeyPage extends OwnForm {
  readonly passkey: ShownPasskey;
}

/** Posts `name` and `passkey`, which a script fills in. */
export interface AccountPasskeyAddPage extends OwnForm {
  readonly name: string | undefined;
  /** PublicKeyCredentialCreationOptionsJSON, as JSON text. */
  readonly options: string;
}

/** Posts `action=remove`. */
export interface AccountPasskeyRemovePage extends Own {
  readonly passkey: ShownPasskey;
  readonly kept: string | undefined;
  readonly takesRecoveryCodes: boolean;
}

export interface ShownSession {
  readonly id: string;
  /** `Firefox on Windows`. */
  readonly device: string;
  readonly ip: string | undefined;
  /** `a password and a code`. */
  readonly by: string | undefined;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly isThis: boolean;
}

/** Posts `session=<id>` or `action=end-others`. */
export interface AccountSessionsPage extends Own {
  readonly sessions: readonly ShownSession[];
}

export interface ShownApp {
  readonly id: string;
  readonly client: ClientFace;
  /** OpenID Connect's; worded by the page. */
  readonly scopes: readonly string[];
  readonly apis: readonly ApiScopes[];
  readonly since: Date;
}

/** Posts `client=<id>`. */
export interface AccountAppsPage extends Own {
  readonly apps: readonly ShownApp[];
}

export interface ShownPat {
  readonly id: string;
  readonly name: string;
  /** The one API it is for, and what it may do there now. */
  readonly api: ApiScopes;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly lastUsedIp: string | undefined;
  /** When another took its place, beside which it works for a while. */
  readonly replacedAt: Date | undefined;
}

export interface EndedPat extends Pick<ShownPat, 'id' | 'name' | 'createdAt' | 'lastUsedAt' | 'lastUsedIp'> {
  /** The API's name. */
  readonly api: string;
  readonly why: 'expired' | 'revoked' | 'replaced';
}

/** Posts `token=<id>` or `action=revoke-all`. */
export interface AccountTokensPage extends Own {
  /** Switched off for everybody, or not allowed to this person. Then there is nothing here but that. */
  readonly none: 'off' | 'forbidden' | undefined;
  readonly living: readonly ShownPat[];
  readonly ended: readonly EndedPat[];
}

/** Sends `audience` to the page that makes one. */
export interface AccountTokenApiPage extends OwnForm {
  readonly apis: readonly { readonly identifier: string; readonly name: string }[];
}

/** Posts `audience`, `name`, `scope` (each that is ticked), `days` and `format`. */
export interface AccountTokenNewPage extends OwnForm {
  readonly api: ApiScopes & { readonly identifier: string };
  /** Is there another API to choose? */
  readonly others: boolean;
  readonly name: string;
  readonly ticked: readonly string[];
  readonly days: string;
  readonly maxDays: number;
  readonly format: 'opaque' | 'jwt';
}

/** Posts `overlap`, in seconds. */
export interface AccountTokenRotatePage extends OwnForm {
  readonly pat: { readonly id: string; readonly name: string; readonly days: number };
  /** Why it cannot be replaced, as the end of a sentence. */
  readonly kept: string | undefined;
}

export interface AccountTokenMadePage extends Own {
  /** The value itself. There is no other page that has it. */
  readonly token: string;
  readonly name: string;
  readonly api: string;
  readonly expiresAt: Date;
  /** Of one that replaces another: until when that works, too; null when it ended at once. */
  readonly oldUntil: Date | null | undefined;
}

/** Posts `username`. `sent`: asked for, and nobody is told whether there was somebody to send it to. */
export interface AccountResetPage {
  readonly sent: boolean;
}

/** Posts `new_password` and `repeat` to the link's own address. */
export interface AccountResetLinkPage {
  readonly username: string;
  readonly rules: PasswordRules;
  readonly problem?: FormProblem | undefined;
}

export interface AccountResetGonePage {
  /** Can a new link be asked for here? */
  readonly byMail: boolean;
}

type NoData = Record<never, never>;

export interface AccountPageData {
  'account-overview': AccountOverviewPage;
  'account-profile': AccountProfilePage;
  'account-email': AccountEmailPage;
  'account-password': AccountPasswordPage;
  'account-totp': AccountTotpPage;
  'account-totp-set-up': AccountTotpSetUpPage;
  'account-recovery-codes': AccountRecoveryCodesPage;
  'account-new-codes': AccountNewCodesPage;
  'account-passkeys': AccountPasskeysPage;
  'account-passkey': AccountPasskeyPage;
  'account-passkey-add': AccountPasskeyAddPage;
  'account-passkey-remove': AccountPasskeyRemovePage;
  'account-sessions': AccountSessionsPage;
  'account-apps': AccountAppsPage;
  'account-tokens': AccountTokensPage;
  'account-token-api': AccountTokenApiPage;
  'account-token-new': AccountTokenNewPage;
  'account-token-made': AccountTokenMadePage;
  'account-token-rotate': AccountTokenRotatePage;
  'account-signed-out': NoData;
  'account-reset': AccountResetPage;
  'account-reset-link': AccountResetLinkPage;
  'account-reset-gone': AccountResetGonePage;
  'account-reset-done': NoData;
}
