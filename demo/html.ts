/** Markup that was written by us, as against text that was not. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A template whose holes are escaped unless they hold Html: what came from outside cannot become markup by oversight. */
export function html(parts: TemplateStringsArray, ...holes: unknown[]): Html {
  const filled = holes.map((hole) => [hole].flat().map(escaped).join(''));
  return new Html(parts.map((part, i) => part + (filled[i] ?? '')).join(''));
}

function escaped(value: unknown): string {
  if (value instanceof Html) return value.markup;
  return String(value ?? '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
