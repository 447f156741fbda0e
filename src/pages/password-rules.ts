/** What a policy asks of a new password. */
export interface PasswordRules {
  readonly minPasswordLength: number;
  readonly requireSpecialChar: boolean;
  readonly requireNumberChar: boolean;
  readonly requireMixedCase: boolean;
}

/** One rule each, as a list under “A new password has”. */
export function passwordRulesInWords(rules: PasswordRules): string[] {
  const { minPasswordLength: length } = rules;
  return [
    length > 1 ? `at least ${length} characters` : 'at least one character',
    ...(rules.requireMixedCase ? ['capital and small letters'] : []),
    ...(rules.requireNumberChar ? ['a digit'] : []),
    ...(rules.requireSpecialChar ? ['a character that is neither letter nor digit'] : []),
  ];
}
