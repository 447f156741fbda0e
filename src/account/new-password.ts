import { type Form, field } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';

export const newPasswordOf = (form: Form): string => field(form, 'new_password');

/** Typed twice because it cannot be seen. */
export function typedTwice(form: Form): FormProblem | undefined {
  return newPasswordOf(form) === field(form, 'repeat')
    ? undefined
    : { field: 'repeat', words: 'The two new passwords are not the same. Please type both again.' };
}
