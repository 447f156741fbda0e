/** The hidden half of a form that the engine hands to its page hooks; the visible half is ours. */
export interface EngineForm {
  readonly action: string;
  readonly xsrf: string;
  /** The code a person typed, in the device pages' forms. */
  readonly userCode: string | undefined;
}

/**
 * Reads what must be posted back out of `op.deviceInputForm`, `op.deviceConfirmForm` and `op.logoutForm`. The engine's own
 * markup has no labels and inline script, so our pages carry only its values.
 *
 * @throws {TypeError} when the engine changed its markup: a page without the token would be refused later, unexplained
 */
export function readEngineForm(html: string): EngineForm {
  const [form = ''] = html.match(/<form\b[^>]*>/) ?? [];
  const inputs = (html.match(/<input\b[^>]*>/g) ?? []).map(attributesOf);
  const held = (name: string) => inputs.find((input) => input.get('name') === name)?.get('value');

  const action = attributesOf(form).get('action');
  const xsrf = held('xsrf');
  if (!action || !xsrf) throw new TypeError("the engine's form holds no action or xsrf value");
  return { action, xsrf, userCode: held('user_code') };
}

function attributesOf(tag: string): Map<string, string> {
  return new Map(
    [...tag.matchAll(/\s([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescaped(value)]),
  );
}

const ENTITIES: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

function unescaped(value: string): string {
  return value.replace(/&(lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity);
}
