/** The pages between an authorization request and its consent, with the data each cannot be rendered without. */
import type { ClientFace, InteractionForm } from './page-data.ts';
import type { PasswordRules } from './password-rules.ts';
import type { SignInProblem } from './sign-in-problem.ts';

interface StepPage extends InteractionForm {
  readonly client: ClientFace;
  readonly problem?: SignInProblem | undefined;
}

/** Of somebody whose first proof was right: any of these pages can be cancelled, or left for another account. */
interface KnownPage extends StepPage {
  readonly username: string;
}

/**
 * Posts `username` and `password`, or `passkey`; the cancel button posts `action=cancel`, "another account" posts
 * `action=switch`.
 */
export interface LoginPage extends StepPage {
  /** Whether a password can be typed in here, or is a link away. */
  readonly password: boolean;
  /** A passkey ceremony (PublicKeyCredentialRequestOptionsJSON as JSON text), where passkeys are offered. */
  readonly options?: string | undefined;
  /** What was typed before, or the request's `login_hint`. */
  readonly username?: string | undefined;
  /** Set when this signed-in account must prove itself again (prompt=login, max_age): the user name cannot be changed. */
  readonly reauthenticate?: string | undefined;
  /** Somebody else than who is signed in here: goes back with the form. */
  readonly switched?: boolean | undefined;
  /** Whether a link to a new password can be sent. */
  readonly canResetPassword: boolean;
}

/** Posts `code` or `passkey`. */
export interface SecondFactorPage extends KnownPage {
  readonly takesCode: boolean;
  readonly takesRecoveryCode: boolean;
  readonly options?: string | undefined;
}

/** Posts `recovery_code`. */
export interface RecoveryCodePage extends KnownPage {
  /** Whether there is another way to answer. */
  readonly hasOther: boolean;
}

/** Posts `enrolment` and `code`. */
export interface EnrollTotpPage extends KnownPage {
  readonly enrolment: string;
  /** Base32. */
  readonly secret: string;
  readonly uri: string;
  /** SVG markup, made here and printed as it is. */
  readonly qr: string;
  readonly orPasskey: boolean;
}

/** Posts `name` and `passkey`, which a script fills in. */
export interface EnrollPasskeyPage extends KnownPage {
  readonly name: string;
  readonly options: string;
  readonly orTotp: boolean;
}

/** Posts `action=continue`. `codes` is missing when they were shown before. */
export interface RecoveryCodesPage extends KnownPage {
  readonly codes: readonly string[] | undefined;
}

/** Posts `new_password` and `repeat`. */
export interface NewPasswordPage extends KnownPage {
  readonly rules: PasswordRules;
}

/** Posts `action=continue` for the account that is signed in. */
export interface SelectAccountPage extends StepPage {
  readonly username: string;
  readonly name: string | undefined;
}

export interface SignInPageData {
  login: LoginPage;
  'second-factor': SecondFactorPage;
  'recovery-code': RecoveryCodePage;
  'enroll-totp': EnrollTotpPage;
  'enroll-passkey': EnrollPasskeyPage;
  'recovery-codes': RecoveryCodesPage;
  'new-password': NewPasswordPage;
  stuck: KnownPage;
  'select-account': SelectAccountPage;
}
