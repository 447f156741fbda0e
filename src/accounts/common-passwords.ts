/** The list is read when the first password is set: a server that only gives tokens to machines never needs it. */
let known: Promise<ReadonlySet<string>> | undefined;

const spelling = (text: string) => text.normalize('NFKC').toLowerCase();

/** Whether it is among the fifty thousand that are tried first, in whatever case. */
export async function isCommonPassword(password: string): Promise<boolean> {
  known ??= load();
  return (await known).has(spelling(password));
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common'].map(spelling));
}
