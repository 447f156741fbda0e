import type { Guesses } from '#src/accounts/index.ts';

export type FactorVerdict =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused' }
  /** It cannot be anybody's code: a slip of the hand, and not counted. */
  | { readonly outcome: 'malformed' }
  | { readonly outcome: 'wait'; readonly retryAfter: number /* seconds */ };

/**
 * A million codes, three of them good at any moment: five tries and then at most four an hour leave who has the password
 * a chance of one in ten for each year that nobody notices. It is never a lockout: that would be a way to shut people out.
 */
const GUESSES = { kind: 'growing_delay', free: 5, longest: 900 } as const;

/** Looks at a code only if it may be looked at now, wherever on the net it came from. */
export async function limited(
  guesses: Guesses,
  { accountId, device }: { accountId: string; device: string | undefined },
  isRight: () => Promise<boolean>,
): Promise<FactorVerdict> {
  const subject = { proof: 'second_factor', accountId, name: '', device } as const;
  const charged = await guesses.charge(subject, GUESSES);
  if (!charged.allowed) return { outcome: 'wait', retryAfter: charged.retryAfter ?? GUESSES.longest };
  if (!(await isRight())) return { outcome: 'refused' };
  await guesses.forgive(subject);
  return { outcome: 'accepted' };
}
